"""Questions to people: within what each may be asked and may grant, the next person or `else` beyond it."""

from decimal import Decimal

import pytest

from engine.authoring.loader import load
from engine.timeline import deliver
from tests.virtual_engine import VirtualEngine, files

PEOPLE = """
people:
  lead: {email: lead@example.com, asks_at_most: 2 open, may_grant: 50.00 EUR per month}
  head: {email: head@example.com, asks_at_most: 1 open}
"""
GO = """
rule: go
when: {event: go}
then:
  - run: flow
"""
FLOW = """
workflow: flow
class: service
reentry: always
key: event.ticket
stop_when: [recovered]
steps:
  - ask: {who: [=customer.owner, lead, head], question: Offer?, choices: [offer, leave], up_to: 2d,
      else: leave, worth: 25.00 EUR}
    as: answer
"""


def engine(flow: str = FLOW, people: str = PEOPLE) -> VirtualEngine:
    return VirtualEngine(GO, flow, settings=people)


def go(playing: VirtualEngine, at: str, *tickets: str) -> None:
    for ticket in tickets:
        playing.receive(at, "go", ticket=ticket)


def asked(playing: VirtualEngine) -> list[tuple[str | None, str]]:
    """Whom each run asked, by its key."""
    runs = {run.id: run.key for run in playing.runs("flow")}
    return [(runs[ask.run], ask.who) for ask in playing.simulation.changes.asks]


def passed(playing: VirtualEngine) -> list[tuple[str, str | None]]:
    """Who was not asked, and why."""
    return [
        (str(one.detail["who"]), one.reason)
        for one in playing.simulation.changes.attempts
        if one.verb == "ask" and one.outcome.value == "skipped"
    ]


def taken(playing: VirtualEngine) -> dict[str, Decimal]:
    """What of people's limits is taken."""
    spent = playing.simulation.world.budgets.spent
    assert spent == playing.simulation.changes.spent
    return {f"{budget} {period}": amount for (budget, period), amount in spent.items() if amount}


def answer(playing: VirtualEngine, key: str, choice: str) -> None:
    (run,) = [run for run in playing.runs("flow") if run.key == key and run.open]
    simulation = playing.simulation
    assert deliver.answer(
        simulation.world, simulation.cast, simulation.changes, "ana", run.id, choice, "x", simulation.now
    )


def test_beyond_the_limit_the_next_is_asked_and_then_nobody() -> None:
    # given room for two questions at the lead and one at the head
    playing = engine()
    go(playing, "2026-03-02 10:00", "a", "b", "c", "d")

    # then the third goes on to the head, and the fourth goes on with else at once
    assert asked(playing) == [("a", "lead"), ("b", "lead"), ("c", "head")]
    assert passed(playing) == [("lead", "asks_full"), ("lead", "asks_full"), ("head", "asks_full")]
    last = playing.runs("flow")[-1]
    assert (last.key, last.answers["answer"], last.status.value) == (
        "d", {"choice": "leave", "by": ""}, "completed",
    )  # fmt: skip
    assert playing.attempts(last)[-1].reason == "asks_full"


def test_an_answer_makes_room_and_what_it_grants_stays_taken() -> None:
    # given a lead who grants twice what is worth 25.00 of 50.00 a month, and leaves one
    playing = engine()
    for at, key, choice in (("02", "a", "offer"), ("03", "b", "leave"), ("04", "c", "offer")):
        go(playing, f"2026-03-{at} 10:00", key)
        answer(playing, key, choice)
    assert [who for _, who in asked(playing)] == ["lead"] * 3
    assert taken(playing) == {"people/lead/grants 2026-03-01": Decimal("50.00")}

    # when there is another question, then it goes to the head, for that reason
    go(playing, "2026-03-05 10:00", "d")
    assert (asked(playing)[-1], passed(playing)) == (("d", "head"), [("lead", "over_grant")])

    # and in the next month to the lead
    go(playing, "2026-04-01 10:00", "e")
    assert asked(playing)[-1] == ("e", "lead")


@pytest.mark.parametrize("end", ["time", "exit"])
def test_a_question_without_an_answer_gives_everything_back(end: str) -> None:
    # given two open questions, at the end of a month
    playing = engine()
    go(playing, "2026-03-31 10:00", "a", "b")
    assert taken(playing) == {
        "people/lead/asks open": Decimal(2),
        "people/lead/grants 2026-03-01": Decimal("50.00"),
    }

    # when they time out, or their runs end, in the next
    if end == "exit":
        for key in ("a", "b"):
            playing.receive("2026-04-01 10:00", "recovered", ticket=key)
    playing.until("2026-04-03 10:00")
    assert taken(playing) == {}


def test_only_the_choices_that_grant_take_of_the_limit() -> None:
    playing = engine(FLOW.replace("worth: 25.00 EUR", "worth: 25.00 EUR, grants: [leave]"))
    for key, choice in (("a", "offer"), ("b", "leave")):
        go(playing, "2026-03-02 10:00", key)
        answer(playing, key, choice)
    assert taken(playing) == {"people/lead/grants 2026-03-01": Decimal("25.00")}


def test_one_whom_nothing_limits_is_asked_as_ever() -> None:
    playing = engine()
    playing.identify("2026-03-02 09:00", owner="sam@example.com")
    go(playing, "2026-03-02 10:00", *"abcd")
    assert {who for _, who in asked(playing)} == {"sam@example.com"}
    assert taken(playing) == {}


def test_a_question_to_nobody_waits_for_whoever_answers_it() -> None:
    playing = engine(FLOW.replace("[=customer.owner, lead, head]", "=customer.owner"))
    go(playing, "2026-03-02 10:00", "a")
    assert asked(playing) == [("a", "")]


def test_who_is_held_out_takes_nobodys_room() -> None:
    held = FLOW.replace("class: service", "class: marketing\nholdout: 100%")
    playing = engine(held)
    go(playing, "2026-03-02 10:00", "a")
    assert asked(playing) == []
    assert taken(playing) == {}


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ("lead, head]", "laed, head]", "there is no person 'laed', did you mean lead?"),
        ("25.00 EUR", "25.00 USD", "limits of people are in EUR, write 25.00 EUR"),
        ("25.00 EUR", "much", "'much' is not an amount of money, write 25.00 EUR"),
        (
            "50.00 EUR per month",
            "50.00 USD per month",
            "the workspace counts in EUR, write 100.00 EUR per month",
        ),
        (
            "worth: 25.00 EUR",
            "worth: 25.00 EUR, grants: [gift]",
            "'gift' is not one of the choices, write offer or leave",
        ),
        ("worth: 25.00 EUR", "grants: [offer]", "nothing says what is granted, write worth: 25.00 EUR"),
        ("2 open", "2", "2 is not a number of open ones, write 10 open"),
    ],
)
def test_limits_are_checked(old: str, new: str, sentence: str) -> None:
    texts = GO, FLOW.replace(old, new)
    loaded = load(files(*texts, settings=PEOPLE.replace(old, new)))
    assert sentence in [f"{finding.message}, {finding.hint}" for finding in loaded.findings]
