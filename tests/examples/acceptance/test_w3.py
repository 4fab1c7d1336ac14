"""W3 Escalation: business hours, acknowledgement, pauses, holidays, priority, and a loud end."""

import pytest

from engine.escalation.case import Case
from engine.escalation.durations import durations
from engine.model.values import DAY, HOUR
from tests.virtual_engine import VirtualEngine, instant, told

PEOPLE = "people: {lead: {email: lead@example.com}, head: {email: head@example.com}}\n"
OFFICE = """
calendar: office
zone: Europe/London
open: {mon-fri: "09:00-17:00"}
"""
HOLIDAY = OFFICE + "closed: [2026-06-08]\n"
DESK = """
ladder: desk
hours: office
levels:
  - {tell: =customer.owner, within: 4h}
  - {tell: lead, within: 4h}
  - {tell: head, within: 4h}
loops: 2
respond_within: {high: 2h}
resolve_within: {high: 8h, normal: 3d}
warn_before: 1h
"""
GO = """
rule: go
when: {event: trouble}
then:
  - do: case.open
    with: {ladder: desk, title: In trouble, priority: =event.priority, key: =event.ticket}
"""
CREATED = "2026-06-05 16:00"
"""A Friday."""


def opened(calendar: str = OFFICE, priority: str = "high") -> VirtualEngine:
    engine = VirtualEngine(GO, DESK, calendar, settings=PEOPLE, timezone="Europe/London")
    engine.identify(london("2026-06-01 09:00"), owner="sam@example.com")
    engine.receive(london(CREATED), "trouble", priority=priority, ticket="T-1")
    return engine


def london(text: str) -> str:
    return f"{text} Europe/London"


def case_of(engine: VirtualEngine) -> Case:
    (case,) = engine.simulation.changes.cases.values()
    return case


def act(engine: VirtualEngine, at: str, name: str, **said: str) -> None:
    engine.receive(london(at), f"case_{name}", case=case_of(engine).id, by="sam@example.com", **said)


def at(text: str) -> str:
    """A time in London as the virtual engine writes instants."""
    return told(instant(london(text)))


def tells(engine: VirtualEngine) -> list[tuple[str, str]]:
    return [(told(one.created_at), str(one.arguments["to"])) for one in engine.simulation.changes.effects]


def test_w3_levels_are_told_after_four_business_hours_each() -> None:
    engine = opened()
    engine.until(london("2026-06-08 16:00"))
    assert tells(engine) == [
        (at(CREATED), "sam@example.com"),
        (at("2026-06-08 12:00"), "lead"),
        (at("2026-06-08 16:00"), "head"),
    ]


def test_w3_who_acknowledges_on_monday_at_eleven_keeps_both_levels_from_being_told() -> None:
    engine = opened()
    act(engine, "2026-06-08 11:00", "acknowledged")
    engine.until(london("2026-06-30 17:00"))
    assert tells(engine) == [(at(CREATED), "sam@example.com")]


@pytest.mark.parametrize(
    ("calendar", "pause", "due"),
    [
        (OFFICE, None, "2026-06-08 16:00"),
        (OFFICE, ("2026-06-08 10:00", "2026-06-08 12:00"), "2026-06-09 10:00"),
        (OFFICE, ("2026-06-05 16:30", "2026-06-08 10:00"), "2026-06-09 09:30"),
        (HOLIDAY, None, "2026-06-09 16:00"),
    ],
)
def test_w3_eight_hours_to_resolve_are_business_hours_without_pauses(
    calendar: str, pause: tuple[str, str] | None, due: str
) -> None:
    # given a case that is taken, and perhaps waits for the customer for a while
    engine = opened(calendar)
    act(engine, "2026-06-05 16:10", "acknowledged")
    if pause is not None:
        act(engine, pause[0], "paused", reason="waiting for customer")
        act(engine, pause[1], "resumed")

    # when nobody resolves it
    engine.until(london("2026-06-12 17:00"))

    # then it is due, and breached, then and not before
    assert told(case_of(engine).resolve_due) == at(due)
    (breached,) = engine.recorded("case_breached")
    assert (breached["clock"], breached["due"]) == ("resolve", f"{instant_text(due)}")
    (near,) = engine.recorded("case_breach_near")
    assert near["due"] == breached["due"]
    assert [told(event.occurred_at) for event in of(engine, "case_breached")] == [at(due)]


def of(engine: VirtualEngine, name: str) -> list[object]:
    return [event for event in engine.simulation.changes.events if event.name == name]


def instant_text(text: str) -> str:
    """A time in London in ISO 8601, in UTC."""
    return at(text).replace(" ", "T") + ":00Z"


def test_w3_the_ladder_loops_and_its_end_is_an_event() -> None:
    engine = opened()
    engine.until(london("2026-07-31 17:00"))
    assert [who for _, who in tells(engine)] == ["sam@example.com", "lead", "head"] * 2
    assert case_of(engine).exhausted
    (loud,) = engine.recorded("case_exhausted")
    assert (loud["case"], loud["ladder"], loud["loops"]) == (case_of(engine).id, "desk", 2)
    assert [told(event.occurred_at) for event in of(engine, "case_exhausted")] == [at("2026-06-10 16:00")]


def test_w3_a_raised_priority_restarts_the_clock_retroactively_with_its_pauses() -> None:
    # given a normal case, which has three days, and waits for the customer on Monday from 10:00 to 12:00
    engine = opened(priority="normal")
    assert told(case_of(engine).resolve_due) == at("2026-06-10 16:00")
    act(engine, "2026-06-05 16:10", "acknowledged")
    act(engine, "2026-06-08 10:00", "paused", reason="waiting for customer")
    act(engine, "2026-06-08 12:00", "resumed")

    # when it becomes high on Monday at 13:00, and is made high again
    act(engine, "2026-06-08 13:00", "prioritised", priority="high")
    act(engine, "2026-06-08 13:05", "prioritised", priority="high")

    # then its eight hours count from Friday 16:00, without the pause
    assert told(case_of(engine).resolve_due) == at("2026-06-09 10:00")
    assert [each.what for each in case_of(engine).history].count("prioritised") == 1
    # and it was acknowledged within the two hours that high ones have
    assert case_of(engine).breached == []


def test_w3_a_clock_that_the_new_priority_has_let_run_out_is_a_breach_at_once() -> None:
    engine = opened(priority="normal")
    act(engine, "2026-06-05 16:10", "acknowledged")
    act(engine, "2026-06-09 11:00", "prioritised", priority="high")
    (breached,) = engine.recorded("case_breached")
    assert breached["due"] == instant_text("2026-06-08 16:00")
    assert engine.recorded("case_breach_near") == []


def test_w3_durations_are_taken_in_utc() -> None:
    # given a case from Friday to Monday, over the night in which London's clocks go forward
    engine = VirtualEngine(GO, DESK, OFFICE, settings=PEOPLE, timezone="Europe/London")
    engine.identify(london("2026-03-27 09:00"), owner="sam@example.com")
    engine.receive(london("2026-03-27 16:00"), "trouble", priority="high", ticket="T-1")
    act(engine, "2026-03-27 16:30", "acknowledged")
    act(engine, "2026-03-30 16:00", "resolved")

    found = durations(case_of(engine), engine.ruleset.workspace.calendars["office"])

    assert found.resolution == 2 * DAY + 23 * HOUR
    assert found.business_resolution == 8 * HOUR
    assert (found.response, found.business_response) == (HOUR // 2, HOUR // 2)
