"""Facts as expressions read them: traits, built-in facts, named expressions, reasons and ages."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from engine.customers.event import Event
from engine.customers.table import FactTable
from engine.customers.zones import moment_of
from engine.errors import ExpressionError
from engine.model.facts import EventType, FactType, NamedExpression, PropertyType, Subject, Trait
from engine.model.reasons import UnknownReason
from engine.model.values import DAY, Formula
from tests.customer_facts import Customer, at, computed, happened, table_of, workspace_of

NOON = at("2026-03-08T12:00")


def named(text: str, on: Subject | None = None) -> NamedExpression:
    return NamedExpression(expression=Formula(text), on=on)


def identified(
    occurred: int = NOON, received: int | None = None, seq: int | None = None, **traits: Any
) -> Event:
    return happened("identify", occurred, received, seq=seq, source="crm", **traits)


@pytest.fixture(scope="module")
def table() -> FactTable:
    return table_of(
        workspace_of(
            "America/New_York",
            plan=Trait(type=FactType.TEXT, default="free"),
            renewal=Trait(type=FactType.DATE),
            called=Trait(type=FactType.TIME),
            patience=Trait(type=FactType.DURATION),
            seats=Trait(type=FactType.NUMBER, on="account"),
            spend=computed(sum="total", of="order"),
            average=computed(mean="total", of="order"),
            big=named("customer.average > 100"),
            huge=named("customer.big and customer.spend > 1000"),
            bad=named("customer.spend / 0"),
            late=named("customer.renewal < now"),
        )
    )


@pytest.fixture
def customer(table: FactTable) -> Customer:
    return Customer(table)


def test_a_trait_is_unknown_until_it_is_sent(customer: Customer) -> None:
    facts = customer.facts(NOON)
    assert (facts["renewal"], facts.reason("renewal")) == (None, UnknownReason.NEVER_SENT)
    assert (facts["plan"], facts.reason("plan")) == ("free", None)
    assert facts.age("plan") == (None, None)


def test_a_date_is_the_workspaces_midnight_and_a_time_an_instant(customer: Customer) -> None:
    customer.take(identified(renewal="2026-03-08", called="2026-03-08T07:30:00-04:00", patience="3d"))
    facts = customer.facts(NOON)
    assert facts["renewal"] == datetime(2026, 3, 8, 5, tzinfo=UTC)
    # A day later by the calendar is 23 hours later, for the clocks went forward
    assert (facts["renewal"] + timedelta(days=1)).astimezone(UTC) == datetime(2026, 3, 9, 4, tzinfo=UTC)
    assert facts["called"] == datetime(2026, 3, 8, 11, 30, tzinfo=UTC)
    assert facts["patience"] == timedelta(days=3)
    assert facts.age("called") == (NOON, "crm")


def test_the_latest_writer_of_a_trait_wins(customer: Customer) -> None:
    # Given a plan, and an older one that is received later
    customer.take(identified(NOON, plan="team"))
    [applied] = customer.take(identified(NOON - DAY, NOON + 5, plan="free"))
    assert (customer.facts(NOON + 9)["plan"], applied.trait_changes) == ("team", ())
    # Then a tie goes to who was accepted later
    [applied] = customer.take(identified(NOON, NOON + 9, plan="enterprise"))
    assert applied.trait_changes == (("plan", "team", "enterprise"),)


def test_changes_of_traits_are_told_as_expressions_see_them(customer: Customer) -> None:
    [first] = customer.take(identified(NOON, renewal="2026-03-08", undeclared=1))
    [same] = customer.take(identified(NOON + 1, renewal="2026-03-08"))
    [unset] = customer.take(identified(NOON + 2, renewal=None))
    midnight = datetime(2026, 3, 8, 5, tzinfo=UTC)
    assert first.trait_changes == (("renewal", None, midnight),)
    assert first.changed >= {"renewal", "late"}
    assert same.trait_changes == ()
    assert unset.trait_changes == (("renewal", midnight, None),)


def test_an_event_tells_which_facts_it_may_change(customer: Customer) -> None:
    [applied] = customer.take(happened("order", NOON, total=5))
    assert applied.changed == {"spend", "average", "big", "huge", "bad"}
    [applied] = customer.take(happened("visit", NOON))
    assert applied.changed == frozenset()


def test_named_expressions_are_facts(customer: Customer) -> None:
    customer.take(happened("order", NOON, total=Decimal("2000.50")))
    facts = customer.facts(NOON + 1)
    assert (facts["big"], facts["huge"]) == (True, True)
    assert facts.age("huge") == (NOON, "shop")


def test_a_named_expression_is_unknown_for_the_reason_of_what_it_reads(customer: Customer) -> None:
    facts = customer.facts(NOON)
    assert (facts["big"], facts.reason("big")) == (None, UnknownReason.NO_EVENTS)
    assert (facts["late"], facts.reason("late")) == (None, UnknownReason.NEVER_SENT)
    assert (facts["bad"], facts.reason("bad")) == (None, UnknownReason.FAILED)


def test_now_is_the_instant_of_the_facts(customer: Customer) -> None:
    customer.take(identified(NOON, renewal="2026-03-09"))
    assert customer.facts(at("2026-03-09T03:59:59Z"))["late"] is False
    assert customer.facts(at("2026-03-09T04:00:01Z"))["late"] is True


def test_a_value_put_in_by_hand_stands_for_the_fact(customer: Customer) -> None:
    facts = customer.facts(NOON)
    facts["average"] = 500
    assert facts["big"] is True


def test_built_in_facts(customer: Customer) -> None:
    customer.take(happened("visit", NOON, NOON + 9), identified(NOON - 5, NOON + 9, email="ann@example.org"))
    facts = customer.facts(NOON + 10)
    assert (facts["id"], facts["kind"], facts["email"]) == ("c1", "person", "ann@example.org")
    assert facts["first_seen"] == moment_of(NOON - 5)
    assert (facts["segments"], facts["phone"]) == ((), None)


def test_what_upper_floors_know_is_asked_for_when_it_is_read(customer: Customer) -> None:
    asked = []
    facts = customer.facts(NOON, segments=["vip"], health=lambda: asked.append(1) or 75)
    assert facts["segments"] == ["vip"]
    assert asked == []
    assert (facts["health"], facts["health"]) == (75, 75)
    assert asked == [1]
    assert facts["unheard_of"] is None


def test_a_person_belongs_to_the_account_that_was_named_last(customer: Customer) -> None:
    customer.take(happened("visit", NOON, account="acme"))
    assert customer.state.account_id == "acme"
    customer.take(happened("visit", NOON + 5))
    customer.take(happened("visit", NOON - 5, NOON + 6, account="old"))
    assert customer.state.account_id == "acme"
    customer.take(happened("group", NOON + 7, account="globex"))
    assert customer.state.account_id == "globex"


def test_group_carries_traits_of_the_account_and_identify_those_of_the_person(table: FactTable) -> None:
    person, account = Customer(table), Customer(table, "acme", "account")
    for event in (
        happened("group", NOON, account="acme", seats=12, plan="team"),
        happened("identify", NOON + 1, account="acme", plan="enterprise"),
    ):
        person.take(event)
        account.take(event)
    # Then each has its own
    assert (person.facts(NOON + 2)["plan"], account.facts(NOON + 2)["plan"]) == ("enterprise", "team")
    assert account.facts(NOON + 2)["seats"] == 12
    assert "seats" not in person.table.names("person")


def test_an_account_may_be_identified_itself(table: FactTable) -> None:
    account = Customer(table, "acme", "account")
    account.take(happened("identify", NOON, customer="acme", plan="team"))
    assert account.facts(NOON + 1)["plan"] == "team"


def test_a_named_expression_belongs_to_whoever_has_its_facts(table: FactTable) -> None:
    assert "big" in table.names("person")
    assert "big" not in table.names("account")
    with pytest.raises(ExpressionError, match="spent is not known"):
        table_of(workspace_of(spend=computed(count="order"), big=named("customer.spent > 1")))


def test_where_and_the_last_value_see_declared_dates_as_datetimes() -> None:
    # Given orders that say when they ship
    declared = EventType(properties={"ships": PropertyType(type=FactType.DATE)})
    table = table_of(
        workspace_of(
            "Europe/Berlin",
            events={"order": declared},
            soon=computed(count="order", where="event.ships < d'2026-03-10'"),
            ships=computed(last="ships", of="order"),
            latest=computed(max="ships", of="order"),
        )
    )
    customer = Customer(table)
    for n, day in enumerate(("2026-03-12", "2026-03-09", None)):
        customer.take(happened("order", NOON + n, ships=day))
    facts = customer.facts(NOON + 9)
    assert facts["soon"] == 1
    assert facts["ships"] == datetime(2026, 3, 8, 23, tzinfo=UTC)
    assert facts["latest"] == datetime(2026, 3, 11, 23, tzinfo=UTC)


@pytest.mark.parametrize("name", ["identify", "group", "alias", "message_clicked", "unsubscribed"])
def test_the_engines_own_notes_and_control_events_do_not_count_for_any(name: str) -> None:
    customer = Customer(
        table_of(workspace_of(quiet_for=computed(since="any"), events_=computed(count="any")))
    )
    customer.take(happened("visit", NOON), happened(name, NOON + 60))
    facts = customer.facts(NOON + 100)
    assert (facts["quiet_for"], facts["events_"]) == (timedelta(microseconds=100), 1)


def test_a_later_answer_replaces_the_earlier_one_for_every_fact() -> None:
    properties = {"ticket_id": PropertyType(type=FactType.TEXT), "score": PropertyType(type=FactType.NUMBER)}
    table = table_of(
        workspace_of(
            events={"answer": EventType(properties=properties, revises="ticket_id")},
            answers=computed(count="answer"),
            worst=computed(min="score", of="answer"),
            average=computed("90d", mean="score", of="answer"),
            bad=computed("90d", count="answer", where="event.score <= 2"),
        )
    )
    customer = Customer(table)
    customer.take(
        happened("answer", NOON, ticket_id="t", score=1), happened("answer", NOON + 1, ticket_id="u", score=4)
    )
    assert [customer.facts(NOON + 5)[name] for name in ("answers", "worst", "bad")] == [2, 1, 1]
    # When t is answered again, a week later
    customer.take(happened("answer", NOON + 7 * DAY, ticket_id="t", score=5))
    # Then the first answer is gone
    facts = customer.facts(NOON + 8 * DAY)
    assert [facts[name] for name in ("answers", "worst", "average", "bad")] == [2, 4, Decimal("4.5"), 0]
