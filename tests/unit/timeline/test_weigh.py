"""When scores are read and segments evaluated: at events, at midnights, and when they ask for it."""

from decimal import Decimal

from engine.expressions import Env
from engine.timeline.weigh import reading
from tests.virtual_engine import VirtualEngine, told

FACTS = """
facts:
  health: {type: number}
  orders_7d: {count: order_completed, over: 7d}
  usage: {type: number}
"""


def changes(engine: VirtualEngine) -> list[tuple[str, str, bool]]:
    return [(told(one.at), one.segment, one.inside) for one in engine.simulation.changes.memberships]


def test_a_window_that_passes_is_noticed_at_midnight() -> None:
    engine = VirtualEngine(
        FACTS, "segment: active\nenter_if: customer.orders_7d >= 1\n", timezone="Europe/Berlin"
    )
    engine.receive("2026-03-02 10:00", "order_completed")
    engine.until("2026-03-31 00:00")
    # on the 10th the 2nd lies eight days back; its midnight in Berlin is 23:00 UTC of the day before
    assert changes(engine) == [("2026-03-02 10:00", "active", True), ("2026-03-09 23:00", "active", False)]


def test_a_dwell_in_hours_is_over_at_its_own_instant() -> None:
    engine = VirtualEngine(FACTS, "segment: low\nenter_if: customer.health < 40\nheld_for: 90m\n")
    engine.identify("2026-03-02 10:00", health=39)
    engine.until("2026-03-02 11:29")
    assert changes(engine) == []
    engine.until("2026-03-02 12:00")
    assert changes(engine) == [("2026-03-02 11:30", "low", True)]


def test_a_break_begins_the_dwell_anew() -> None:
    engine = VirtualEngine(FACTS, "segment: low\nenter_if: customer.health < 40\nheld_for: 90m\n")
    engine.identify("2026-03-02 10:00", health=39)
    engine.identify("2026-03-02 11:00", health=41)
    engine.identify("2026-03-02 11:10", health=39)
    engine.until("2026-03-02 18:00")
    assert changes(engine) == [("2026-03-02 12:40", "low", True)]


def test_unknown_neither_enters_nor_leaves_and_begins_the_count_anew() -> None:
    engine = VirtualEngine(
        FACTS, "segment: low\nenter_if: customer.health < 40\nleave_if: customer.health >= 50\n"
    )
    engine.receive("2026-03-02 09:00", "login")
    assert changes(engine) == []
    engine.identify("2026-03-02 10:00", health=39)
    engine.identify("2026-03-02 11:00", health=None)
    engine.until("2026-03-05 00:00")
    assert changes(engine) == [("2026-03-02 10:00", "low", True)]


def test_a_segment_may_rest_on_a_score_and_on_another_segment() -> None:
    score = """
score: mood
parts:
  health: {weight: 1, is: customer.health / 100}
bands: {green: {from: 70}, red: {from: 0}}
coverage: 60%
"""
    low = "segment: a-low\nenter_if: customer.mood < 40\n"
    lonely = "segment: b-lonely\nenter_if: \"'a-low' in customer.segments\"\n"
    engine = VirtualEngine(FACTS, score, low, lonely)
    engine.identify("2026-03-02 10:00", health=39)
    assert changes(engine) == [("2026-03-02 10:00", "a-low", True), ("2026-03-02 10:00", "b-lonely", True)]
    engine.identify("2026-03-02 11:00", health=40)
    assert changes(engine)[2:] == [
        ("2026-03-02 11:00", "a-low", False), ("2026-03-02 11:00", "b-lonely", False)
    ]  # fmt: skip


def test_a_band_has_to_be_steady() -> None:
    score = """
score: mood
parts:
  health: {weight: 1, is: customer.health / 100}
bands: {green: {from: 70}, red: {from: 0}}
coverage: 60%
steady_for: 6h
"""
    engine = VirtualEngine(FACTS, score)
    engine.identify("2026-03-02 10:00", health=80)
    engine.identify("2026-03-02 11:00", health=60)
    assert engine.facts("2026-03-02 12:00")["mood_band"] == "green"
    assert engine.facts("2026-03-02 12:00")["mood"] == 60
    engine.until("2026-03-02 17:00")
    assert engine.facts("2026-03-02 18:00")["mood_band"] == "red"
    assert [(one["from"], one["band"]) for one in engine.recorded("band_changed")] == [
        ("unknown", "green"), ("green", "red")
    ]  # fmt: skip


THROUGH = """
score: mood
parts:
  usage: {weight: 1, is: customer.used / 100}
bands: {green: {from: 70}, red: {from: 0}}
coverage: 60%
half_life: 90d
"""
USED = FACTS + "  used: customer.usage * 1\n"


def test_what_a_part_reads_through_an_expression_fades_too() -> None:
    engine = VirtualEngine(USED, THROUGH)
    engine.identify("2026-03-02 10:00", usage=90)
    engine.receive("2026-05-31 10:00", "login")
    assert round(engine.facts("2026-05-31 11:00")["mood"], 1) == 70


def test_what_a_part_reads_through_an_expression_is_stale_when_its_source_has_failed() -> None:
    engine = VirtualEngine(USED, THROUGH)
    engine.identify("2026-03-02 10:00", usage=90)
    engine.receive("2026-03-03 10:00", "source_failed", facts=["usage"], reason="timeout")
    assert stale(engine, "2026-03-03 11:00")
    engine.identify("2026-03-04 10:00", usage=90)
    assert not stale(engine, "2026-03-04 11:00")


def test_what_a_contract_says_does_not_fade() -> None:
    score = """
score: mood
parts:
  contract: {weight: 1, is: "customer.service_ends == null ? 1 : 0"}
bands: {green: {from: 70}, red: {from: 0}}
coverage: 60%
half_life: 90d
"""
    contracts = "subscriptions: {of: subscription_updated, id: subscription_id, mrr: mrr}\n"
    engine = VirtualEngine(contracts, score)
    engine.receive("2026-03-02 10:00", "subscription_updated", subscription_id="a", mrr=50)
    engine.receive("2026-12-01 10:00", "login")
    assert engine.facts("2026-12-01 11:00")["mood"] == 100


def stale(engine: VirtualEngine, at: str) -> bool:
    member, facts = engine.member(), engine.facts(at)
    (compiled,) = engine.ruleset.desks["person"].scores
    state = member.standing.scores["mood"]
    found = reading(facts, compiled, state, member.standing.failed, engine.at(at), Env(facts))
    return found.parts[0].stale


PLAIN = """
facts:
  orders_7d: {count: order_completed, over: 7d}
  usage: {type: number}
"""
TRENDING = """
score: health
parts:
  usage: {weight: 60, is: customer.usage / 100, reason: Usage is low}
  calm:  {weight: 40, is: "customer.orders_7d > 0 ? 1 : 0", reason: Nothing was bought}
bands: {green: {from: 70}, amber: {from: 40}, red: {from: 0}}
"""
FALLING = """
segment: falling
enter_if: customer.health_trend <= -20
"""


def test_a_trend_is_of_the_values_at_midnights_and_known_after_seven_days() -> None:
    # given a score that falls by 1.2 points a day, moved in the middle of each day
    engine = VirtualEngine(PLAIN, TRENDING, FALLING)
    for day in range(1, 15):
        engine.identify(f"2026-03-{day:02} 15:00", usage=100 - 2 * day)
    # then the midnights' values are 58.8, 58.8, 57.6, 56.4 and on: a line that falls by 32.64 in 28 days
    engine.until("2026-03-14 12:00")
    assert engine.facts("2026-03-14 12:00")["health_trend"] == Decimal("-32.64")
    # and a segment was entered at the midnight that made it known, the seventh
    assert changes(engine) == [("2026-03-07 00:00", "falling", True)]


def test_the_reasons_of_a_score_are_facts() -> None:
    engine = VirtualEngine(PLAIN, TRENDING)
    engine.identify("2026-03-02 10:00", usage=80)
    assert engine.facts("2026-03-02 12:00")["health_reasons"] == ("Nothing was bought", "Usage is low")
    engine.receive("2026-03-02 13:00", "order_completed")
    assert engine.facts("2026-03-02 14:00")["health_reasons"] == ("Usage is low",)
