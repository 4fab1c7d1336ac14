"""One event of one customer: what it is to facts, runs, timers, segments and rules."""

import pytest

from tests.virtual_engine import VirtualEngine

FACTS = """
facts:
  owner_name: {type: text}
  seats: {type: number}
  health: {type: number}
  orders: {count: order_completed}
"""
LISTED = """
segment: listed
static: yes
"""
THEN = "then:\n  - do: segment.add\n    with: {segment: listed}\n"


def rule(name: str, when: str, if_: str = "") -> str:
    condition = f"if: {if_}\n" if if_ else ""
    return f"rule: {name}\nwhen: {when}\n{condition}{THEN}"


def test_at_an_event_that_very_event_counts() -> None:
    rules = rule("first", "{event: order_completed}", "customer.orders == 1")
    engine = VirtualEngine(FACTS, LISTED, rules)
    engine.receive("2026-03-02 10:00", "order_completed")
    engine.receive("2026-03-02 11:00", "order_completed")
    assert engine.decisions("first") == [("2026-03-02 10:00", "fired")]


def test_a_trigger_may_look_at_its_event_first() -> None:
    engine = VirtualEngine(FACTS, LISTED, rule("bad", "{event: survey, where: event.score <= 2}"))
    engine.receive("2026-03-02 10:00", "survey", score=3)
    engine.receive("2026-03-02 10:01", "survey")
    engine.receive("2026-03-02 10:02", "survey", score=2)
    assert engine.decisions("bad") == [("2026-03-02 10:02", "fired")]
    assert engine.counted("bad") == {}


def test_a_change_of_a_trait_is_one_from_a_value_to_another() -> None:
    engine = VirtualEngine(FACTS, LISTED, rule("moved", "{changes: customer.seats}"))
    for at, seats in (("10:00", 5), ("10:01", 5), ("10:02", 7), ("10:03", None), ("10:04", 7)):
        engine.identify(f"2026-03-02 {at}", seats=seats)
    assert [row.event for row in engine.rows("moved")] == [
        {"from": 5, "to": 7}, {"from": 7, "to": None}
    ]  # fmt: skip


def test_a_trait_that_is_told_late_does_not_replace_a_later_one() -> None:
    engine = VirtualEngine(FACTS, LISTED, rule("moved", "{changes: customer.seats}"))
    engine.identify("2026-03-02 10:00", seats=5)
    engine.receive("2026-03-02 11:00", "identify", occurred="2026-03-02 09:00", seats=9)
    assert engine.rows("moved") == []
    assert engine.facts("2026-03-02 12:00")["seats"] == 5


def test_segments_are_entered_and_left_as_events_with_rules_of_their_own() -> None:
    engine = VirtualEngine(
        FACTS, LISTED,
        "segment: at-risk\nenter_if: customer.health < 40\nleave_if: customer.health >= 50\n",
        rule("entered", "{enters: at-risk}"), rule("left", "{leaves: at-risk}"),
    )  # fmt: skip
    for at, health in (("10:00", 39), ("11:00", 45), ("12:00", 50), ("13:00", 39)):
        engine.identify(f"2026-03-02 {at}", health=health)
    assert engine.decisions("entered") == [("2026-03-02 10:00", "fired"), ("2026-03-02 13:00", "fired")]
    assert engine.decisions("left") == [("2026-03-02 12:00", "fired")]
    assert [row.event for row in engine.rows("left")] == [{"segment": "at-risk"}]


def test_bands_change_as_events_and_unknown_between_two_of_one_kind_fires_nothing() -> None:
    score = """
score: mood
parts:
  health: {weight: 1, is: customer.health / 100}
bands: {green: {from: 70}, red: {from: 0}}
coverage: 60%
"""
    engine = VirtualEngine(FACTS, LISTED, score, rule("red", "{score: mood, becomes: red}"))
    for at, health in (("10:00", 80), ("11:00", 30), ("12:00", None), ("13:00", 20), ("14:00", 90)):
        engine.identify(f"2026-03-02 {at}", health=health)
    assert engine.decisions("red") == [("2026-03-02 11:00", "fired")]
    assert [(one["from"], one["band"]) for one in engine.recorded("band_changed")] == [
        ("unknown", "green"), ("green", "red"), ("red", "unknown"), ("unknown", "red"), ("red", "green")
    ]  # fmt: skip
    assert engine.rows("red")[0].event == {"band": "red", "from": "green", "value": 30, "score": "mood"}


def test_nobody_can_send_what_the_engine_itself_records() -> None:
    engine = VirtualEngine(
        FACTS,
        LISTED,
        "segment: at-risk\nenter_if: customer.health < 40\n",
        rule("entered", "{enters: at-risk}"),
    )
    engine.receive("2026-03-02 10:00", "segment_entered", segment="at-risk")
    assert engine.reception.tally.quarantined == 1
    assert engine.decisions("entered") == []


@pytest.mark.parametrize(
    ("name", "properties", "expected"),
    [
        ("message_bounced", {"channel": "email", "type": "hard"}, {"email": "hard_bounce"}),
        ("message_bounced", {"channel": "email"}, {"email": "hard_bounce"}),
        ("message_bounced", {"channel": "email", "type": "soft"}, {}),
        ("message_complained", {"channel": "email"}, {"email": "complaint"}),
        ("unsubscribed", {"channel": "sms"}, {"sms": "unsubscribed"}),
        ("unsubscribed", {}, {"*": "unsubscribed"}),
    ],
)
def test_bounces_complaints_and_opt_outs_stop_messages(
    name: str, properties: dict[str, str], expected: dict[str, str]
) -> None:
    engine = VirtualEngine(FACTS, LISTED)
    engine.receive("2026-03-02 10:00", name, **properties)
    assert engine.member().standing.contact.suppressed == expected


def test_orders_earn_points_once() -> None:
    program = """
program: rewards
earn:
  - when: order_completed
    points: event.total * 1.5
    where: event.total >= 10
    pending_for: 14d
    expire: 30d
tiers: {bronze: {from: 0}, silver: {from: 100}}
period: 12 months
downgrade: one_down
refund: within_balance
"""
    engine = VirtualEngine(FACTS, program)
    engine.receive("2026-03-02 10:00", "order_completed", key="o1", total=67)
    engine.receive("2026-03-02 10:01", "order_completed", key="o1", total=67, occurred="2026-03-02 10:00")
    engine.receive("2026-03-02 11:00", "order_completed", total=9)
    assert engine.facts("2026-03-03 10:00")["points"] == 0
    engine.until("2026-03-16 10:00")
    # 100.5 points are 100 whole ones
    facts = engine.facts("2026-03-16 11:00")
    assert (facts["points"], facts["tier"]) == (100, "silver")
    engine.until("2026-04-02 00:00")
    assert engine.facts("2026-04-02 00:00")["points"] == 0
    assert sum(entry.points for one in engine.simulation.changes.postings for entry in one.entries) == 0
