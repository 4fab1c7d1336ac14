"""Merging and rebuilding: what is told of it, and what is left behind."""

import pytest

from engine.customers.merging import merge, rebuild, united
from engine.customers.state import FactState
from engine.model.facts import FactType, Subscriptions, Trait
from engine.model.values import DAY
from tests.customer_facts import Customer, at, computed, happened, table_of, workspace_of

NOON = at("2026-03-08T12:00")
TABLE = table_of(
    workspace_of(
        subscriptions=Subscriptions(of="contract", id="id", mrr="mrr", ends="ends"),
        plan=Trait(type=FactType.TEXT),
        visits=computed("30d", count="visit"),
        churns=computed(count="churned"),
    )
)


def test_a_merge_tells_which_traits_it_changed() -> None:
    # Given a guest who said something newer, and something that the customer never did
    customer, guest = Customer(TABLE), Customer(TABLE, "guest")
    customer.take(happened("identify", NOON, plan="free", email="ann@example.org"))
    guest.take(happened("identify", NOON + 5, plan="team", phone="+49"))
    # When they become one
    applied = merge(TABLE, customer.state, guest.state)
    # Then the newer value of each stands
    assert applied.trait_changes == (("phone", None, "+49"), ("plan", "free", "team"))
    assert applied.changed == frozenset(TABLE.names("person"))
    facts = customer.facts(NOON + 9)
    assert (facts["plan"], facts["email"]) == ("team", "ann@example.org")


def test_who_goes_on_paying_as_the_other_has_not_churned() -> None:
    # Given one customer whose only contract ran out, and another who pays
    events = [
        happened("contract", NOON, customer="c2", id="b", mrr=30),
        happened("contract", NOON + 1, id="a", mrr=50),
        happened("contract", NOON + DAY, id="a", mrr=50, ends="2026-03-20"),
    ]
    customer, other = Customer(TABLE), Customer(TABLE, "c2")
    other.take(events[0])
    customer.take(*events[1:])
    now = at("2026-04-01")
    customer.due(now)
    assert customer.facts(now)["churns"] == 1
    # When they turn out to be one
    customer.state = united(TABLE, customer.state, other.state, events, now)
    # Then what ended was one contract of two
    facts = customer.facts(now + 1)
    assert (facts["churns"], facts["mrr"], facts["active_subscriptions"]) == (0, 30, 1)
    assert customer.state.next_due(TABLE) is None


def test_a_guest_without_contracts_is_taken_in_as_it_is() -> None:
    customer, guest = Customer(TABLE), Customer(TABLE, "guest")
    customer.take(happened("contract", NOON, id="a", mrr=50))
    guest.take(happened("visit", NOON))
    assert united(TABLE, customer.state, guest.state, [], NOON + 1) is customer.state
    assert customer.facts(NOON + 1)["visits"] == 1


def test_a_rebuild_derives_what_came_of_contracts_again() -> None:
    # Given a contract that ran out, and a log that has no word of it, as after an import of the past
    events = [
        happened("contract", NOON, id="a", mrr=50),
        happened("contract", NOON + DAY, id="a", mrr=50, ends="2026-03-20"),
        happened("visit", NOON + 30 * DAY),
    ]
    # Then the churn is counted all the same, and one that lies ahead when it is said until when
    assert Customer(TABLE).facts(NOON)["churns"] == 0
    for log, until in ((events, None), (events[:2], NOON + 30 * DAY)):
        customer = Customer(TABLE)
        customer.state = rebuild(TABLE, "c1", "person", log, until)
        assert customer.facts(NOON + 40 * DAY)["churns"] == 1
        assert customer.state.built == TABLE.hash


def test_a_rebuild_moves_the_clock_once_and_nothing_from_day_to_day(monkeypatch: pytest.MonkeyPatch) -> None:
    # Given the events of a hundred days, which live were moved into their buckets day after day
    table = table_of(workspace_of(visits=computed("30d", count="visit")))
    events = [happened("visit", NOON + day * DAY, seq=day) for day in range(100)]
    moves: list[int] = []
    roll = FactState._roll
    monkeypatch.setattr(FactState, "_roll", lambda *given: (moves.append(1), roll(*given)))
    live = Customer(table)
    live.take(*events)
    assert len(moves) == 99
    # When the customer is built anew
    moves.clear()
    again = rebuild(table, "c1", "person", events)
    # Then each is put where it belongs now, and what is out of reach is never kept
    assert moves == []
    assert again.chunks.months() == live.state.chunks.months()
