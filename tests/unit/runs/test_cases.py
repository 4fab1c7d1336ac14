"""Cases that runs open: who is told, when the next one is, and what closes them."""

from tests.virtual_engine import VirtualEngine, told

PEOPLE = "people: {lead: {email: lead@example.com}, head: {email: head@example.com}}\n"
DESK = """
ladder: desk
levels:
  - {tell: =customer.owner, within: 4h}
  - {tell: lead, within: 4h}
  - {tell: head, within: 4h}
loops: 1
resolve_within: {high: 8h, normal: 3d}
"""
GO = """
rule: go
when: {event: go}
then:
  - run: flow
"""
OPEN = """
workflow: flow
class: service
reentry: always
stop_when: [recovered]
steps:
  - do: case.open
    with: {ladder: desk, title: Look here, priority: high, key: =event.ticket}
    as: case
  - wait: 1d
  - do: case.cancel
    with: {case: =run.case.case, reason: all is well}
"""


def opened(owner: str | None = "sam@example.com", **event: object) -> VirtualEngine:
    engine = VirtualEngine(GO, OPEN, DESK, settings=PEOPLE)
    engine.identify("2026-03-02 09:00", owner=owner)
    engine.receive("2026-03-02 10:00", "go", **event)
    return engine


def tells(engine: VirtualEngine) -> list[tuple[str, str]]:
    return [(told(one.created_at), str(one.arguments["to"])) for one in engine.simulation.changes.effects]


def test_the_levels_are_told_one_after_the_other_until_nobody_is_left() -> None:
    engine = opened()
    engine.until("2026-03-02 23:00")
    assert tells(engine) == [
        ("2026-03-02 10:00", "sam@example.com"),
        ("2026-03-02 14:00", "lead"),
        ("2026-03-02 18:00", "head"),
    ]
    (case,) = engine.simulation.changes.cases.values()
    assert case.exhausted
    assert told(case.resolve_due) == "2026-03-02 18:00"
    assert [one["title"] for one in engine.recorded("case_opened")] == ["Look here"]


def test_a_level_with_nobody_to_tell_is_passed_over_at_once() -> None:
    engine = opened(owner=None)
    assert tells(engine) == [("2026-03-02 10:00", "lead")]
    (case,) = engine.simulation.changes.cases.values()
    assert [one.reached for one in case.told] == [False, True]


def test_an_acknowledged_case_climbs_no_further() -> None:
    engine = opened()
    (case,) = engine.simulation.changes.cases.values()
    engine.receive("2026-03-02 13:59", "case_acknowledged", case=case.id, by="sam")
    engine.until("2026-03-03 09:00")
    assert len(tells(engine)) == 1
    assert (case.status, case.by) == ("acknowledged", "sam")
    engine.receive("2026-03-03 09:30", "case_resolved", case=case.id, by="sam")
    assert case.status == "resolved"
    assert engine.member().standing.cases == {}


def test_there_is_one_open_case_for_each_key() -> None:
    only = OPEN.partition("  - wait: 1d")[0]
    engine = VirtualEngine(GO, only, DESK, settings=PEOPLE)
    for at, ticket in (("10:00", "t1"), ("11:00", "t1"), ("12:00", "t2")):
        engine.receive(f"2026-03-02 {at}", "go", ticket=ticket)
    cases = engine.simulation.changes.cases
    assert [case.key for case in cases.values()] == ["t1", "t2"]
    first, second, _ = [run.answers["case"]["case"] for run in engine.runs("flow")]
    assert first == second
    # a closed one makes room for the next
    engine.receive("2026-03-02 12:30", "case_resolved", case=first, by="sam")
    engine.receive("2026-03-02 13:00", "go", ticket="t1")
    assert [case.key for case in cases.values()] == ["t1", "t2", "t1"]


def test_a_case_is_called_off_by_the_run_that_opened_it() -> None:
    engine = opened()
    engine.until("2026-03-03 10:00")
    (case,) = engine.simulation.changes.cases.values()
    assert (case.status, case.reason) == ("cancelled", "all is well")


def test_a_case_outlives_a_run_that_is_stopped() -> None:
    engine = opened()
    engine.receive("2026-03-02 11:00", "recovered")
    engine.until("2026-03-02 15:00")
    assert engine.ended("flow") == [("stopped", "exit")]
    assert len(tells(engine)) == 2


def test_a_case_stands_still_where_a_release_took_its_ladder_away() -> None:
    # given an open case, when files without its ladder go live
    engine = opened().release("2026-03-02 11:00", GO.replace("flow", "other"), OTHER, settings=PEOPLE)

    # then nobody further is told, and the case stays open
    engine.until("2026-03-02 23:00")
    assert tells(engine) == []
    (case,) = engine.member().standing.cases.values()
    assert case.open
    assert case.next_due is None


OTHER = """
workflow: other
class: service
reentry: always
steps:
  - wait: 1d
"""
