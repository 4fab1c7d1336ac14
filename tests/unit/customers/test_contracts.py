"""Contracts: what is paid, what was cancelled, and when a customer churned."""

from decimal import Decimal
from typing import Any

import pytest

from engine.customers.event import Event
from engine.customers.zones import moment_of
from engine.model.facts import EventType, FactType, PropertyType, Subscriptions
from engine.model.reasons import UnknownReason
from tests.customer_facts import Customer, at, computed, happened, table_of, workspace_of

TERMS = Subscriptions(of="subscription_updated", id="id", mrr="mrr", ends="ends", reason="reason")
TABLE = table_of(workspace_of("Europe/Berlin", subscriptions=TERMS, churns=computed(count="churned")))


def billed(
    when: str, id: str, mrr: Any, ends: str | None = None, reason: str | None = None, **keys: Any
) -> Event:
    return happened("subscription_updated", at(when), id=id, mrr=mrr, ends=ends, reason=reason, **keys)


@pytest.fixture
def customer() -> Customer:
    """Somebody who pays 50 and 30 since January."""
    somebody = Customer(TABLE)
    somebody.take(billed("2026-01-10", "a", 50), billed("2026-01-11", "b", 30))
    return somebody


def told(customer: Customer, event: Event) -> list[tuple[str, Any]]:
    return [(one.name, one.properties["amount"]) for one in customer.take(event)[0].derived]


def test_one_of_two_contracts_that_ends_is_a_contraction(customer: Customer) -> None:
    assert told(customer, billed("2026-04-01", "b", 0)) == [("contracted", 30)]
    facts = customer.facts(at("2026-04-02"))
    assert (facts["mrr"], facts["active_subscriptions"], facts["service_ends"]) == (50, 1, None)


def test_cancelling_the_last_one_is_a_request_until_what_is_paid_has_run_out(customer: Customer) -> None:
    # Given T5: 30 cancelled, then 50 on 5 May, paid to 31 May
    customer.take(billed("2026-04-01", "b", 0))
    assert told(customer, billed("2026-05-05T10:00", "a", 50, "2026-05-31", "price")) == [
        ("cancel_requested", 50)
    ]
    facts = customer.facts(at("2026-05-20"))
    assert (facts["mrr"], facts["end_reason"]) == (50, "price")
    assert facts["service_ends"] == moment_of(at("2026-05-31T00:00+02:00"))
    # When the midnight of 31 May in Berlin comes
    end = at("2026-05-31T00:00+02:00")
    assert customer.state.next_due(TABLE) == end
    assert customer.due(end - 1) == []
    [churned] = customer.due(end)
    # Then the customer has churned, once
    assert (churned.name, churned.occurred_at, churned.received_at, churned.cause) == (
        "churned",
        end,
        end,
        "engine",
    )
    assert churned.properties == {
        "subscription": "a", "amount": 50, "mrr": 0, "voluntary": True, "reason": "price", "source": "shop",
        "ends": "2026-05-30T22:00:00Z",
    }  # fmt: skip
    assert customer.state.next_due(TABLE) is None
    assert customer.due(end + 1) == []
    facts = customer.facts(end + 1)
    assert (facts["mrr"], facts["active_subscriptions"], facts["churns"]) == (0, 0, 1)


def test_a_price_of_nothing_with_an_end_is_a_request_at_the_last_price(customer: Customer) -> None:
    assert told(customer, billed("2026-05-05", "a", 0, "2026-05-31")) == [("cancel_requested", 50)]
    assert customer.facts(at("2026-05-20"))["mrr"] == 80
    assert [one.properties["amount"] for one in customer.due(at("2026-06-01"))] == [50]


def test_an_end_that_is_taken_back_undoes_the_request(customer: Customer) -> None:
    customer.take(billed("2026-04-01", "b", 0), billed("2026-05-05", "a", 50, "2026-05-31"))
    assert told(customer, billed("2026-05-20", "a", 50)) == [("cancel_undone", 50)]
    assert customer.state.next_due(TABLE) is None
    assert customer.facts(at("2026-06-02"))["mrr"] == 50


def test_an_end_that_is_moved_is_still_one_request(customer: Customer) -> None:
    customer.take(billed("2026-05-05", "a", 50, "2026-05-31"))
    assert told(customer, billed("2026-05-06", "a", 50, "2026-06-30")) == []
    assert customer.state.next_due(TABLE) == at("2026-06-30T00:00+02:00")


def test_the_last_one_ended_at_once_is_churn(customer: Customer) -> None:
    customer.take(billed("2026-04-01", "b", 0))
    assert told(customer, billed("2026-05-05", "a", 0, reason="quality")) == [("churned", 50)]
    assert told(customer, billed("2026-05-06", "a", 0, reason="quality")) == []


def test_an_end_in_the_past_is_churn(customer: Customer) -> None:
    customer.take(billed("2026-04-01", "b", 0))
    assert told(customer, billed("2026-05-05", "a", 50, "2026-05-01")) == [("churned", 50)]


def test_both_ending_at_one_instant_is_one_churn(customer: Customer) -> None:
    customer.take(billed("2026-05-05", "a", 50, "2026-05-31"), billed("2026-05-06", "b", 30, "2026-05-31"))
    assert [(one.name, one.properties["amount"]) for one in customer.due(at("2026-06-01"))] == [
        ("churned", 80)
    ]


def test_ends_at_different_instants_are_told_in_their_order(customer: Customer) -> None:
    customer.take(billed("2026-05-05", "a", 50, "2026-05-31"), billed("2026-05-06", "b", 30, "2026-05-20"))
    due = customer.due(at("2026-06-01"))
    assert [(one.name, one.properties["amount"], one.properties["mrr"]) for one in due] == [
        ("contracted", 30, 50),
        ("churned", 50, 0),
    ]


def test_an_end_that_nobody_let_come_true_is_told_at_the_next_event(customer: Customer) -> None:
    # Given a churn on 31 May that no timer has looked at
    customer.take(billed("2026-04-01", "b", 0), billed("2026-05-05", "a", 50, "2026-05-31"))
    # When the customer comes back in June
    derived = customer.take(billed("2026-06-10", "c", 20))[0].derived
    # Then both are told, in the order of time
    assert [(one.name, one.occurred_at) for one in derived] == [
        ("churned", at("2026-05-31T00:00+02:00")),
        ("reactivated", at("2026-06-10")),
    ]


def test_paying_more_is_expansion(customer: Customer) -> None:
    assert told(customer, billed("2026-04-01", "b", Decimal("45.50"))) == [("expanded", Decimal("15.50"))]
    assert told(customer, billed("2026-04-02", "c", 5)) == [("expanded", 5)]


def test_the_first_contract_and_a_free_trial_are_no_news() -> None:
    customer = Customer(TABLE)
    assert told(customer, billed("2026-01-01", "a", 0)) == []
    assert told(customer, billed("2026-02-01", "a", 50)) == []
    assert told(customer, billed("2026-02-02", "a", 50, "2027-01-31")) == [("cancel_requested", 50)]


def test_a_contract_that_begins_with_its_end_asks_for_nothing() -> None:
    customer = Customer(TABLE)
    assert told(customer, billed("2026-01-01", "a", 50, "2026-12-31")) == []
    assert customer.state.next_due(TABLE) == at("2026-12-31T00:00+01:00")


@pytest.mark.parametrize(
    ("reason", "voluntary"),
    [
        ("payment_failure", False),
        ("Payment Failed", False),
        ("card_expired", False),
        ("price", True),
        (None, True),
    ],
)
def test_a_reason_tells_whether_the_customer_chose(
    customer: Customer, reason: str | None, voluntary: bool
) -> None:
    customer.take(billed("2026-04-01", "b", 0))
    [churned] = customer.take(billed("2026-05-05", "a", 0, reason=reason))[0].derived
    assert (churned.properties["voluntary"], churned.properties["reason"]) == (voluntary, reason)


def test_a_late_event_that_is_no_longer_news_changes_nothing(customer: Customer) -> None:
    # Given a price of March that is received after one of April
    customer.take(billed("2026-04-01", "b", 40))
    late = billed("2026-03-01", "b", 10, received=at("2026-04-02"))
    assert told(customer, late) == []
    assert customer.facts(at("2026-04-03"))["mrr"] == 90


def test_the_newest_source_of_a_contract_is_named(customer: Customer) -> None:
    customer.take(billed("2026-04-01", "b", 40, source="billing"))
    assert customer.facts(at("2026-04-03")).age("mrr") == (at("2026-04-01"), "billing")


def test_without_contracts_nothing_is_paid_and_no_end_is_known() -> None:
    facts = Customer(TABLE).facts(at("2026-04-03"))
    assert (facts["mrr"], facts["active_subscriptions"]) == (0, 0)
    assert (facts["service_ends"], facts.reason("service_ends")) == (None, UnknownReason.NO_EVENTS)


def test_an_end_may_be_a_declared_time() -> None:
    declared = EventType(
        properties={"id": PropertyType(type=FactType.TEXT), "ends": PropertyType(type=FactType.TIME)}
    )
    table = table_of(workspace_of(subscriptions=TERMS, events={"subscription_updated": declared}))
    customer = Customer(table)
    customer.take(billed("2026-01-10", "a", 50), billed("2026-05-05", "a", 50, "2026-05-31T00:00:00Z"))
    assert customer.state.next_due(table) == at("2026-05-31")


def test_accounts_have_contracts_where_they_are_said_to() -> None:
    # Given contracts of accounts
    terms = Subscriptions(of="subscription_updated", id="id", mrr="mrr", on="account")
    table = table_of(workspace_of(subscriptions=terms))
    person, account = Customer(table), Customer(table, "acme", "account")
    event = billed("2026-01-10", "a", 50, account="acme")
    person.take(event)
    account.take(event)
    # Then a member's event counts for the account alone
    assert account.facts(at("2026-01-11"))["mrr"] == 50
    assert "mrr" not in table.names("person")
    assert person.state.contracts == {}


def test_what_is_known_of_a_churn_is_known_when_it_has_come(customer: Customer) -> None:
    # given 30 cancelled at once, and 50 on 5 May, paid to 31 May
    customer.take(billed("2026-04-01", "b", 0))
    customer.take(billed("2026-05-05T10:00", "a", 50, "2026-05-31", "Too expensive"))
    names = ("cancel_requested_at", "churned_at", "churn_reason", "churn_voluntary")
    asked = moment_of(at("2026-05-05T10:00"))

    before = customer.facts(at("2026-05-20"))
    assert [before[name] for name in names] == [asked, None, None, None]

    after = customer.facts(at("2026-06-01"))
    end = moment_of(at("2026-05-31T00:00+02:00"))
    assert [after[name] for name in names] == [asked, end, "price_budget", True]

    # when the customer pays again, nothing of it is left
    customer.take(billed("2026-06-10", "a", 50))
    assert [customer.facts(at("2026-06-11"))[name] for name in names] == [None] * 4


def test_a_failed_payment_is_no_choice_of_the_customers(customer: Customer) -> None:
    customer.take(billed("2026-04-01", "b", 0))
    customer.take(billed("2026-04-02", "a", 0, reason="Card declined"))
    facts = customer.facts(at("2026-04-03"))
    assert (facts["churn_reason"], facts["churn_voluntary"]) == ("payment_failure", False)
