"""A model of an outcome on a base whose truth is known: better where it can be, and honest where not."""

import random
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest

from engine.authoring.outcomes import regression
from engine.authoring.outcomes.matrix import matrix, quiet_fact, usable
from engine.authoring.outcomes.outcome import outcome_of
from engine.authoring.outcomes.rank import rank
from engine.authoring.outcomes.regression import Fit, fit
from engine.authoring.outcomes.replay import without_rules
from engine.customers.event import Event
from engine.customers.zones import instant_of
from engine.errors import RequestError
from engine.model.values import DAY
from tests.virtual_engine import instant, workspace

FACTS = """
facts:
  plan: {type: text}
  tickets: {count: ticket_opened, over: 60d}
  logins: {count: login, over: 30d}
  quiet_for: {since: login}
  never: {count: never_sent}
events:
  login: {}
  ticket_opened: {}
  left: {}
  never_sent: {}
"""
SHOP = workspace(FACTS)
FIRST = datetime(2026, 1, 1, 10, tzinfo=UTC)


def event(day: float, customer: str, name: str, **properties: object) -> Event:
    at = instant_of(FIRST + timedelta(days=day))
    return Event(
        source="shop", message_id=f"{name}-{customer}-{day}", customer=customer, name=name,
        occurred_at=at, received_at=at, properties=properties,
    )  # fmt: skip


def base(*, tickets_matter: bool, customers: int = 300) -> list[Event]:
    """A year of logins. Each month an angry customer opens tickets; if that matters, one in two leaves."""
    chance = random.Random(7)
    events = []
    for number in range(customers):
        name, month = f"c{number}", 0
        while month < 12:
            angry = chance.random() < 0.3
            for day in sorted(chance.uniform(0, 29) for _ in range(chance.randrange(1, 4))):
                events.append(event(30 * month + day, name, "login"))
            if angry:
                events.append(event(30 * month + 20, name, "ticket_opened"))
            leaves = (0.5 if angry else 0.05) if tickets_matter else 0.15
            if chance.random() < leaves:
                events.append(event(30 * month + 45, name, "left"))
                break
            month += 1
    return sorted(events, key=lambda one: (one.received_at, one.customer))


def fitted(events: Sequence[Event]) -> Fit:
    return fit(SHOP, events, outcome="final left", within=30 * DAY, until=instant("2026-05-01 00:00"))


def test_a_model_that_sees_more_is_better_and_says_by_what() -> None:
    pytest.importorskip("sklearn")
    # given a base in which those who open tickets leave
    found = fitted(base(tickets_matter=True))
    # then the weight of tickets leads, upwards, and the model is better than days of quiet
    assert found.better
    assert (found.weights[0].fact, found.weights[0].weight > 0) == ("tickets", True)
    assert found.quiet_fact == "quiet_for"
    assert found.model.auc is not None and found.quiet.auc is not None
    assert found.model.auc > found.quiet.auc + 0.05
    # and what never varies is no part of it
    assert {one.fact for one in found.weights} == {"tickets", "logins", "quiet_for"}


def test_a_model_of_nothing_says_that_it_is_not_better() -> None:
    pytest.importorskip("sklearn")
    # given a base in which leaving rests on nothing
    assert not fitted(base(tickets_matter=False, customers=600)).better


def test_the_same_history_gives_the_same_model() -> None:
    pytest.importorskip("sklearn")
    events = base(tickets_matter=True)
    assert fitted(events) == fitted(events)


def test_nothing_that_came_after_a_look_is_known_in_it() -> None:
    # given one login before a look and one after it
    events = [event(1, "ana", "login"), event(40, "ana", "login"), event(90, "ben", "login")]
    at = instant("2026-02-01 00:00")
    rows = matrix(
        without_rules(SHOP), events, outcome_of(SHOP, "final left"), ["logins", "quiet_for", "plan"], [at],
        within=30 * DAY, until=at + 30 * DAY,
    )  # fmt: skip
    # then the look sees the first alone; a text is no number
    assert [(row.customer, row.values[0], row.came) for row in rows] == [("ana", 1.0, False)]
    assert rows[0].values[1] == pytest.approx(29 + 14 / 24)
    assert rows[0].values[2] is None


def test_who_has_left_is_no_longer_asked() -> None:
    events = [event(1, "ana", "login"), event(5, "ana", "left"), event(90, "ben", "login")]
    at = instant("2026-02-01 00:00")
    rows = matrix(
        without_rules(SHOP),
        events,
        outcome_of(SHOP, "final left"),
        ["logins"],
        [at],
        within=DAY,
        until=at + DAY,
    )
    assert rows == []


def test_an_outcome_that_the_engine_derives_is_played_for() -> None:
    # given a lifecycle, and one who is quiet for 40 days after a look
    shop = workspace(FACTS, "lifecycle: journey\nstages:\n  lost: {quiet: 30d, of: login}\n  here: {}\n")
    events = [event(1, "ana", "login"), event(20, "ben", "login"), event(40, "ben", "login")]
    events += [event(90, "eve", "login")]
    at = instant("2026-01-25 00:00")
    rows = matrix(
        without_rules(shop), events, outcome_of(shop, "lost"), ["logins"], [at], within=10 * DAY,
        until=at + 10 * DAY,
    )  # fmt: skip
    assert [(row.customer, row.came) for row in rows] == [("ana", True), ("ben", False)]


def test_too_little_history_is_said() -> None:
    with pytest.raises(RequestError, match="too little history to learn from"):
        fit(SHOP, base(tickets_matter=True, customers=5), outcome="final left", within=30 * DAY)
    with pytest.raises(RequestError, match="not over yet"):
        fit(
            SHOP, base(tickets_matter=True, customers=5), outcome="final left", within=30 * DAY,
            until=instant("2027-06-01 00:00"),
        )  # fmt: skip
    with pytest.raises(RequestError, match="no events"):
        fit(SHOP, [], outcome="final left", within=30 * DAY)


def test_without_the_extra_a_sentence_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "sklearn.linear_model", None)
    with pytest.raises(RequestError, match=r"pip install 'holdfast\[ml\]'") as refused:
        fitted(base(tickets_matter=True))
    assert (refused.value.code, str(refused.value)) == ("needs_ml", regression.NEEDS_ML)


def test_facts_that_are_numbers_are_used_and_silence_is_found() -> None:
    rules = without_rules(SHOP)
    assert usable(rules) == ["logins", "never", "quiet_for", "tickets"]
    assert quiet_fact(rules) == "quiet_for"
    with pytest.raises(RequestError, match="declare one"):
        quiet_fact(without_rules(workspace("facts:\n  orders: {count: order_completed}\n")))


def test_one_fact_is_ranked_alone() -> None:
    # given four, of whom the two longest quiet do not come back
    days = {"a": 1, "b": 5, "c": 20, "d": 25}
    events = [event(day, name, "login") for name, day in days.items()]
    events += [event(35, "c", "login"), event(36, "d", "login"), event(90, "e", "login")]
    found = rank(
        SHOP, sorted(events, key=lambda one: one.received_at), "quiet_for", outcome="no login",
        at=instant("2026-02-01 00:00"), within=30 * DAY,
    )  # fmt: skip
    assert (found.n, found.had, found.auc) == (4, 2, 1.0)
