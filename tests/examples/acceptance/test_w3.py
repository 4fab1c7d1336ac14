"""W3 Escalation: business hours, acknowledgement, pauses, holidays, priority, and a loud end."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from litestar import Litestar
from litestar.testing import TestClient

from api.app import create_app
from engine.customers.event import Event
from engine.escalation.case import Case
from engine.escalation.durations import durations
from engine.model.values import DAY, HOUR
from engine.runtime.clock import VirtualClock
from engine.runtime.engine import Engine
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
    assert (breached["clock"], breached["due"]) == ("resolve", instant_text(due))
    (near,) = engine.recorded("case_breach_near")
    assert near["due"] == breached["due"]
    assert [told(event.occurred_at) for event in of(engine, "case_breached")] == [at(due)]


def of(engine: VirtualEngine, name: str) -> list[Event]:
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


# Through the doors, as a desk uses them.

FILES = {
    "holdfast.yaml": f"name: W3\ntimezone: Europe/London\n{PEOPLE}",
    "rules/office.yaml": OFFICE.lstrip(),
    "rules/desk.yaml": DESK.lstrip(),
    "rules/go.yaml": GO.lstrip(),
}


class Desk:
    """The whole application over an engine on SQLite, with a clock of its own, and one case on it."""

    def __init__(self, folder: Path, http: TestClient[Litestar], engine: Engine, clock: VirtualClock) -> None:
        self.folder, self.http, self.engine, self.clock = folder, http, engine, clock
        key = engine.create_key("operator", "sam@example.com").text
        self.head = {"Authorization": f"Bearer {key}"}
        events = [
            {"customer": "ana", "event": "identify", "id": "i", "traits": {"owner": "sam@example.com"}},
            {"customer": "ana", "event": "trouble", "id": "t", "priority": "high", "ticket": "T-1"},
        ]
        engine.ingest(events, source="shop").result()

    def until(self, text: str) -> None:
        """Let it become that time in London."""
        self.engine.run_until(instant(london(text)))

    def post(self, what: str, body: object = None) -> dict[str, Any]:
        answer = self.http.post(f"/v1/cases/{self.case()['id']}/{what}", json=body, headers=self.head)
        assert answer.status_code == 200, answer.text
        told_: dict[str, Any] = answer.json()
        return told_

    def get(self, path: str) -> Any:
        answer = self.http.get(path, headers=self.head)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def case(self, wanted: str = "") -> dict[str, Any]:
        (found,) = self.get(f"/v1/cases?customer=ana{wanted}")["items"]
        case: dict[str, Any] = self.get(f"/v1/cases/{found['id']}")
        return case

    def told(self) -> list[str]:
        """Whom each e-mail went to."""
        return [
            re.search(r"(?m)^To: (.*)$", letter.read_text())[1]  # type: ignore[index]
            for letter in sorted(
                (self.folder / "outbox").glob("*.eml"), key=lambda one: one.stat().st_mtime_ns
            )
        ]


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    for name, text in FILES.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    clock = VirtualClock(instant(london(CREATED)))
    with (
        Engine.open(tmp_path, f"sqlite:///{tmp_path / 'holdfast.db'}", clock, work=False) as engine,
        TestClient(create_app(engine), raise_server_exceptions=False) as http,
    ):
        yield Desk(tmp_path, http, engine, clock)


def test_w3_through_the_doors_who_acknowledges_keeps_the_next_from_being_told(desk: Desk) -> None:
    desk.until("2026-06-08 11:00")
    taken = desk.post("acknowledge")
    assert (taken["status"], taken["who"]) == ("acknowledged", "sam@example.com")
    desk.until("2026-06-30 17:00")
    assert desk.told() == ["sam@example.com"]


def test_w3_through_the_doors_levels_and_the_loud_end(desk: Desk) -> None:
    # when nobody looks at it
    desk.until("2026-06-08 12:00")
    assert desk.told() == ["sam@example.com", "lead@example.com"]
    desk.until("2026-06-08 16:00")
    assert desk.told() == ["sam@example.com", "lead@example.com", "head@example.com"]
    desk.until("2026-06-10 16:00")

    # then everybody was told twice, and it is heard of in four places
    assert len(desk.told()) == 6
    case = desk.case("&exhausted=true&breached=true&overdue=true&ladder=desk&who=head")
    assert (case["exhausted"], case["breached"]) == (True, ["respond", "resolve"])
    metrics = desk.engine.meters.text().decode()
    assert 'holdfast_cases_exhausted{ladder="desk"} 1.0' in metrics
    assert 'holdfast_cases_breached{ladder="desk"} 1.0' in metrics
    assert 'holdfast_cases_open{ladder="desk",state="open"} 1.0' in metrics
    assert desk.engine.doctor()["exhausted_cases"] == 1
    assert [each["what"] for each in case["history"]][-1] == "exhausted"
    events = [each["event"]["name"] for each in case["context"]["recent"] if each["kind"] == "event"]
    assert events[0] == "case_exhausted"

    # and it can still be taken, which is then heard of too
    desk.post("acknowledge")
    assert desk.get("/v1/cases?exhausted=true&status=open")["items"] == []


@pytest.mark.parametrize(
    ("paused", "resumed", "due"),
    [
        (None, None, "2026-06-08 16:00"),
        ("2026-06-08 10:00", "2026-06-08 12:00", "2026-06-09 10:00"),
        ("2026-06-05 16:30", "2026-06-08 10:00", "2026-06-09 09:30"),
    ],
)
def test_w3_through_the_doors_pauses(desk: Desk, paused: str | None, resumed: str | None, due: str) -> None:
    desk.post("acknowledge")
    if paused is not None and resumed is not None:
        desk.until(paused)
        waiting = desk.post("pause", {"reason": "waiting for customer"})
        assert waiting["paused_at"] is not None and waiting["resolve_due"] is None
        desk.until(resumed)
        assert desk.post("resume")["paused_at"] is None
    assert desk.case()["resolve_due"] == instant_text(due)
    # and the breach comes then, and once
    desk.until("2026-06-12 17:00")
    breaches = [each for each in desk.case()["history"] if each["what"] == "breached"]
    assert [each["at"] for each in breaches] == [instant_text(due)]


def test_w3_through_the_doors_a_raised_priority_and_durations(desk: Desk) -> None:
    desk.post("priority", {"priority": "normal"})
    desk.post("acknowledge")
    assert desk.case()["resolve_due"] == instant_text("2026-06-10 16:00")
    desk.until("2026-06-08 10:00")
    desk.post("pause", {"reason": "waiting for customer"})
    desk.until("2026-06-08 12:00")
    desk.post("resume")
    desk.until("2026-06-08 13:00")
    assert desk.post("priority", {"priority": "high"})["resolve_due"] == instant_text("2026-06-09 10:00")
    assert desk.post("priority", {"priority": "high"})["resolve_due"] == instant_text("2026-06-09 10:00")
    desk.until("2026-06-09 09:30")
    desk.post("resolve")
    case = desk.case()
    assert (case["status"], case["breached"]) == ("resolved", [])
    # from Friday 16:00 to Tuesday 09:30, of which 1 h, 6 h and 30 min were open and not paused
    assert case["durations"] == {
        "response_seconds": 0,
        "business_response_seconds": 0,
        "resolution_seconds": (3 * 24 + 17) * 3600 + 1800,
        "business_resolution_seconds": 7 * 3600 + 1800,
    }
