"""From a condition, a limit and a status to one outcome."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.customers.zones import zone
from engine.decisions.decide import Occasion, exhausted, freed_at, record
from engine.expressions import Env
from engine.model.reasons import DecisionOutcome
from engine.model.values import MINUTE, AtMost
from tests.virtual_engine import VirtualEngine, instant

FACTS = """
facts:
  plan: {type: text}
  seats: {type: number}
  orders: {count: order_completed}
"""
LISTED = """
segment: listed
static: yes
"""
RULE = """
rule: looked
when: {event: looked}
if:
  - customer.plan == 'team'
then:
  - do: segment.add
    with: {segment: listed}
"""


def limited(limit: str, fired: str, at: str, place: str = "UTC") -> bool:
    return exhausted(AtMost.parse(limit), [instant(fired)], zone(place), instant(at))


def test_a_limit_in_days_counts_calendar_days() -> None:
    # fired on 2 March in the evening: again on 1 April, the 30th day after, from its first minute
    assert limited("1 per 30d", "2026-03-02 23:00", "2026-03-31 23:59")
    assert not limited("1 per 30d", "2026-03-02 23:00", "2026-04-01 00:00")


def test_calendar_days_are_the_workspaces() -> None:
    # 23:30 UTC on 2 March is the 3rd in Berlin
    assert limited("1 per 30d", "2026-03-02 23:30", "2026-04-01 12:00", "Europe/Berlin")
    assert not limited("1 per 30d", "2026-03-02 23:30", "2026-04-01 22:00", "Europe/Berlin")


def test_a_limit_in_hours_is_elapsed_time() -> None:
    assert limited("1 per 6h", "2026-03-02 10:00", "2026-03-02 15:59")
    assert not limited("1 per 6h", "2026-03-02 10:00", "2026-03-02 16:00")


def test_a_limit_of_several_counts_them() -> None:
    fired = [instant("2026-03-02 10:00"), instant("2026-03-03 10:00")]
    assert exhausted(AtMost.parse("2 per 7d"), fired, zone("UTC"), instant("2026-03-08 10:00"))
    assert not exhausted(AtMost.parse("2 per 7d"), fired, zone("UTC"), instant("2026-03-09 10:00"))


@pytest.mark.parametrize(
    ("seats", "rows", "counts"),
    [
        (5, [("2026-03-02 11:00", "fired")], {}),
        (4, [], {"not_met": 1}),
        (None, [], {"unknown": 1}),
    ],
)
def test_what_is_neither_met_nor_an_error_is_only_counted(
    seats: int | None, rows: list[tuple[str, str]], counts: dict[str, int]
) -> None:
    engine = VirtualEngine(FACTS, LISTED, RULE.replace("customer.plan == 'team'", "customer.seats >= 5"))
    engine.identify("2026-03-02 10:00", seats=seats)
    engine.receive("2026-03-02 11:00", "looked")
    assert engine.decisions("looked") == rows
    assert engine.counted("looked") == counts


def test_a_late_event_updates_facts_and_decides_too_late() -> None:
    # given a rule that looks at orders, and an event a day and a minute old
    text = RULE.replace("customer.plan == 'team'", "customer.orders >= 1").replace(
        "looked", "order_completed"
    )
    rule = text.replace("rule: order_completed", "rule: looked")
    engine = VirtualEngine(FACTS, LISTED, rule)
    engine.receive("2026-03-03 10:01", "order_completed", occurred="2026-03-02 10:00")
    assert engine.decisions("looked") == [("2026-03-03 10:01", "too_late")]
    assert engine.facts("2026-03-03 11:00")["orders"] == 1
    # one that is just a day old still counts
    engine.receive("2026-03-03 10:02", "order_completed", occurred="2026-03-02 10:02")
    assert engine.decisions("looked")[1:] == [("2026-03-03 10:02", "fired")]


def test_a_shadow_rule_decides_and_does_nothing() -> None:
    engine = VirtualEngine(
        FACTS, LISTED, RULE.replace("when:", "status: shadow\nat_most: 1 per 7d\nwhen:", 1)
    )
    engine.identify("2026-03-02 10:00", plan="team")
    engine.receive("2026-03-02 11:00", "looked")
    engine.receive("2026-03-02 12:00", "looked")
    # it uses up no limit either: that would hide what it would do
    assert [outcome for _, outcome in engine.decisions("looked")] == ["shadow", "shadow"]
    assert engine.simulation.changes.memberships == []


@pytest.mark.parametrize("status", ["draft", "off"])
def test_a_rule_that_is_not_live_decides_nothing(status: str) -> None:
    engine = VirtualEngine(FACTS, LISTED, RULE.replace("when:", f"status: {status}\nwhen:", 1))
    engine.identify("2026-03-02 10:00", plan="team")
    engine.receive("2026-03-02 11:00", "looked")
    assert (engine.decisions("looked"), engine.counted("looked")) == ([], {})


def test_the_limit_counts_what_fired_even_where_no_run_could_start() -> None:
    flow = """
workflow: never-again
class: service
reentry: never
steps:
  - do: segment.add
    with: {segment: listed}
"""
    rule = RULE.replace("when:", "at_most: 2 per 7d\nwhen:", 1)
    rule = rule.replace("- do: segment.add\n    with: {segment: listed}", "- run: never-again")
    engine = VirtualEngine(FACTS, LISTED, rule, flow)
    engine.identify("2026-03-02 10:00", plan="team")
    for hour in (11, 12, 13):
        engine.receive(f"2026-03-02 {hour}:00", "looked")
    assert [outcome for _, outcome in engine.decisions("looked")] == ["fired", "fired", "at_most"]
    assert engine.ended("never-again") == [("completed", None), ("refused", "reentry")]
    assert engine.rows("looked")[2].reason == "2 per 7d"


@given(
    fired=st.lists(st.integers(0, 70 * 24 * 4).map(lambda quarter: quarter * 15 * MINUTE), max_size=6),
    limit=st.sampled_from(["1 per 30d", "2 per 7d", "3 per 1d", "1 per 36h", "2 per 2w"]),
    place=st.sampled_from(["UTC", "Europe/Berlin", "America/New_York"]),
)
def test_a_limit_frees_when_it_is_no_longer_exhausted(fired: list[int], limit: str, place: str) -> None:
    # given a rule that fired at some instants around a change of the clocks
    start, counted, there = instant("2026-02-20 00:00"), AtMost.parse(limit), zone(place)
    times = [start + each for each in sorted(fired)]
    at = max(times, default=start)
    freed = freed_at(counted, times, there, at)
    # then it is exhausted up to that instant, and not from it on
    if freed is None:
        assert not exhausted(counted, times, there, at)
    else:
        assert all(exhausted(counted, times, there, each) for each in (at, freed - 1) if each >= at)
        assert not exhausted(counted, times, there, freed)


@pytest.mark.parametrize("outcome", list(DecisionOutcome))
def test_a_row_tells_each_line_whatever_became_of_the_rule(outcome: DecisionOutcome) -> None:
    # given a rule of one line, and somebody for whom it came to that; what was too late was never evaluated
    seats = {"not_met": 4, "too_late": 4, "unknown": None, "error": "few"}.get(outcome.value, 5)
    text = RULE.replace("customer.plan == 'team'", "customer.seats >= 5")
    rule = VirtualEngine(FACTS, LISTED, text).ruleset.rule("looked")
    assert rule is not None
    occasion = Occasion(rule=rule, kind="event", cause="1", event={}, from_at=0)

    # when it is recorded
    row = record(occasion, Env(customer={"seats": seats}), "ana", 0, outcome, None, None)

    # then the line has its own outcome
    expected = {"not_met": "not_met", "too_late": "not_met", "unknown": "unknown", "error": "error"}
    assert [line.outcome for line in row.lines] == [expected.get(outcome.value, "met")]
