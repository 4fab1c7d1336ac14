"""T2: low satisfaction, by ticket and by account."""

import pytest

from tests.virtual_engine import CONSENT, OPT_IN, VirtualEngine

PEOPLE = "people: {desk: {email: desk@example.com}}\n"
LADDER = """
ladder: desk
levels: [{tell: desk, within: 4h}]
"""
EVENTS = """
events:
  survey_answered: {ticket_id: text, score: number, revises: ticket_id}
"""
TICKET = """
rule: low-csat-ticket
when: {event: survey_answered}
if:
  - event.score <= 2
then:
  - run: service-recovery
    with: {ticket_id: =event.ticket_id}
"""
RECOVERY = """
workflow: service-recovery
class: service
needs: {ticket_id: text}
key: event.ticket_id
reentry: never
steps:
  - wait_for: survey_answered
    match: ticket_id
    where: event.score >= 4
    up_to: 1h
    as: correction
  - if: run.correction.timed_out
    then:
      - do: case.open
        with: {ladder: desk, title: Unhappy with a ticket, key: =input.ticket_id}
    else:
      - stop: corrected
"""
ACCOUNT_FACTS = """
facts:
  csat_upper: {share_upper: "event.score >= 4", of: survey_answered, per: ticket_id, over: 90d, on: account}
"""
ACCOUNT = """
rule: low-csat-account
on: account
when: {schedule: daily at 06:00}
if:
  - customer.csat_upper < 0.8
then:
  - do: case.open
    with: {ladder: desk, title: Under 80%, key: low-csat}
"""


def tickets() -> VirtualEngine:
    engine = VirtualEngine(CONSENT, EVENTS, TICKET, RECOVERY, LADDER, settings=PEOPLE)
    engine.identify("2026-03-02 09:00", **OPT_IN)
    return engine


def cases(engine: VirtualEngine) -> list[str | None]:
    return [case.key for case in engine.simulation.changes.cases.values()]


@pytest.mark.parametrize(("score", "expected"), [(1, ["T"]), (2, ["T"]), (3, []), (5, [])])
def test_t2_one_answer_of_two_or_less_is_one_case(score: int, expected: list[str]) -> None:
    engine = tickets()
    engine.receive("2026-03-02 10:00", "survey_answered", ticket_id="T", score=score)
    engine.until("2026-03-03 10:00")
    assert cases(engine) == expected


def test_t2_a_retry_or_an_edit_makes_no_second_case() -> None:
    # given a bad answer on ticket T
    engine = tickets()
    engine.receive("2026-03-02 10:00", "survey_answered", key="a1", ticket_id="T", score=1)
    # when it comes again, and is edited from 1 to 2, within the hour and after it
    engine.receive(
        "2026-03-02 10:01", "survey_answered", key="a1", ticket_id="T", score=1, occurred="2026-03-02 10:00"
    )
    engine.receive("2026-03-02 10:30", "survey_answered", ticket_id="T", score=2)
    engine.receive("2026-03-02 15:00", "survey_answered", ticket_id="T", score=1)
    engine.until("2026-03-04 10:00")
    # then there is one case, and another ticket is another one
    assert cases(engine) == ["T"]
    assert engine.ended("service-recovery") == [
        ("completed", None), ("refused", "running"), ("refused", "reentry")
    ]  # fmt: skip
    engine.receive("2026-03-04 10:00", "survey_answered", ticket_id="U", score=1)
    engine.until("2026-03-05 10:00")
    assert cases(engine) == ["T", "U"]


def test_t2_an_edit_to_five_within_the_hour_cancels_it() -> None:
    engine = tickets()
    engine.receive("2026-03-02 10:00", "survey_answered", ticket_id="T", score=1)
    engine.receive("2026-03-02 10:59", "survey_answered", ticket_id="T", score=5)
    engine.until("2026-03-04 10:00")
    assert cases(engine) == []
    assert engine.ended("service-recovery") == [("stopped", "corrected")]


def test_t2_an_edit_to_five_after_it_has_begun_changes_nothing() -> None:
    engine = tickets()
    engine.receive("2026-03-02 10:00", "survey_answered", ticket_id="T", score=1)
    engine.receive("2026-03-02 11:01", "survey_answered", ticket_id="T", score=5)
    engine.until("2026-03-04 10:00")
    assert cases(engine) == ["T"]


@pytest.mark.parametrize(
    ("positive", "answers", "upper", "outcome"),
    [(3, 10, 60.3, "fired"), (2, 3, 93.9, None), (12, 20, 78.1, "fired")],
)
def test_t2_an_account_is_judged_by_what_chance_leaves_open(
    positive: int, answers: int, upper: float, outcome: str | None
) -> None:
    # given an account whose members answered so many times, so many of them positive
    engine = VirtualEngine(EVENTS, ACCOUNT_FACTS, ACCOUNT, LADDER, settings=PEOPLE)
    for number in range(answers):
        engine.receive(
            "2026-03-02 10:00", "survey_answered", f"member{number % 4}", account="acme",
            ticket_id=f"t{number}", score=5 if number < positive else 2,
        )  # fmt: skip
    # when it is judged the next morning
    engine.until("2026-03-03 06:00")
    # then by the upper bound of its share at 95% confidence (Wilson)
    assert round(float(engine.facts("2026-03-03 06:00", "acme")["csat_upper"]) * 100, 1) == upper
    expected = [("2026-03-03 06:00", outcome)] if outcome else []
    assert engine.decisions("low-csat-account") == expected


def test_t2_answers_of_more_than_90_days_ago_do_not_count() -> None:
    engine = VirtualEngine(EVENTS, ACCOUNT_FACTS, ACCOUNT, LADDER, settings=PEOPLE)
    for number in range(10):
        engine.receive(
            "2026-01-02 10:00", "survey_answered", "member", account="acme", ticket_id=f"t{number}", score=1
        )
    # on the 90th day after it the day still counts, on the 91st it does not
    assert engine.facts("2026-04-02 06:00", "acme")["csat_upper"] is not None
    assert engine.facts("2026-04-03 06:00", "acme")["csat_upper"] is None
