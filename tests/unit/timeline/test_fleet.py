"""What the base as a whole gives cause for: once for a week, about nobody in particular."""

from tests.virtual_engine import VirtualEngine, told

FACTS = """
facts:
  usage_drop: {drop: minutes, of: usage, recent: 1w, baseline: 4w, against_fleet: yes}
"""
OUTAGE = """
rule: outage
when: {fleet: usage_drop, at_least: 40%}
then:
  - do: case.open
    with: {ladder: desk, title: Down, key: outage}
"""
DESK = """
ladder: desk
levels: [{tell: ops, within: 4h}, {tell: boss, within: 4h}]
loops: 1
"""
PEOPLE = "people: {ops: {email: ops@example.com}, boss: {email: boss@example.com}}\n"
MONDAYS = ("01-05", "01-12", "01-19", "01-26", "02-02", "02-09", "02-16", "02-23")
"""Of 2026."""


def base(*weeks: int) -> VirtualEngine:
    """Twenty customers who all used the product so many minutes in each week."""
    engine = VirtualEngine(FACTS, OUTAGE, DESK, settings=PEOPLE)
    for monday, minutes in zip(MONDAYS, weeks, strict=False):
        for customer in range(20):
            engine.receive(f"2026-{monday} 12:00", "usage", f"c{customer}", minutes=minutes)
    return engine


def test_a_fall_is_told_on_the_monday_after_and_once() -> None:
    engine = base(100, 100, 100, 100, 100, 59)
    engine.until("2026-02-15 23:59")
    assert engine.decisions("outage") == []
    engine.until("2026-02-19 00:00")
    assert engine.decisions("outage") == [("2026-02-16 00:00", "fired")]
    assert [str(row.event["fall"]) for row in engine.rows("outage")] == ["0.41"]


def test_a_smaller_fall_is_none() -> None:
    engine = base(100, 100, 100, 100, 100, 61)
    engine.until("2026-02-19 00:00")
    assert engine.decisions("outage") == []


def test_a_base_without_a_past_says_nothing() -> None:
    engine = base(100, 100, 100, 10)
    engine.until("2026-02-05 00:00")
    assert engine.decisions("outage") == []


def test_its_case_climbs_like_any_other() -> None:
    engine = base(100, 100, 100, 100, 100, 30)
    engine.until("2026-02-16 12:00")
    effects = engine.simulation.changes.effects
    assert [(told(one.created_at), one.arguments["to"]) for one in effects] == [
        ("2026-02-16 00:00", "ops"), ("2026-02-16 04:00", "boss")
    ]  # fmt: skip
