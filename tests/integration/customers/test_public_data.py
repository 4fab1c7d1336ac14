"""Facts on data that nobody here wrote, against counts that independent programs gave."""

from __future__ import annotations

import csv
import gzip
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from engine.customers.catalog import build_catalog
from engine.customers.event import Event
from engine.customers.facts import Facts
from engine.customers.normalise import digest, normalise
from engine.customers.table import FactTable
from engine.model.facts import EventType, FactType, NamedExpression, PropertyType, Trait
from engine.model.values import Formula, Micros
from tests.customer_facts import Customer, at, computed, happened, table_of, workspace_of

Find = Callable[[str], Path]

ORDERS = table_of(
    workspace_of(
        orders=computed(count="order"),
        spend=computed(sum="total", of="order"),
        recent=computed("28d", count="order"),
        before=computed("28d", "28d ago", count="order"),
        quiet=computed(since="order"),
    )
)


def rows(path: Path) -> Iterator[dict[str, str]]:
    with gzip.open(path, "rt", encoding="utf-8", newline="") as lines:
        yield from csv.DictReader(lines)


def online_retail(path: Path) -> list[Event]:
    """One order for each customer and invoice, at its earliest line, over all its lines."""
    totals: defaultdict[tuple[str, str], Decimal] = defaultdict(Decimal)
    first: dict[tuple[str, str], str] = {}
    for row in rows(path):
        quantity, price = int(row["Quantity"]), Decimal(row["UnitPrice"])
        if row["CustomerID"] and not row["InvoiceNo"].startswith("C") and quantity > 0 and price > 0:
            key = (row["CustomerID"], row["InvoiceNo"])
            totals[key] += quantity * price
            first[key] = min(first.get(key, row["InvoiceDate"]), row["InvoiceDate"])
    return [happened("order", at(first[key]), customer=key[0], total=totals[key]) for key in totals]


def cdnow(path: Path) -> list[Event]:
    with gzip.open(path, "rt") as lines:
        fields = [line.split() for line in lines]
    return [
        happened("order", at(day), customer=customer, seq=number, total=Decimal(value))
        for number, (customer, day, _, value) in enumerate(fields)
        if customer.isdigit()
    ]


def as_of(table: FactTable, events: Iterable[Event], now: Micros) -> list[Facts]:
    """The facts of every customer at a midnight, knowing what had been received."""
    customers: dict[str, Customer] = {}
    for event in sorted(events, key=lambda event: (event.received_at, event.seq)):
        if event.received_at < now:
            customers.setdefault(event.customer, Customer(table, event.customer)).take(event)
    return [customer.facts(now) for customer in customers.values()]


def fell_by_half(everybody: list[Facts], baseline: int) -> int:
    return sum(facts["before"] >= baseline and facts["recent"] * 2 <= facts["before"] for facts in everybody)


def quiet_over(everybody: list[Facts], days: int) -> int:
    return sum(facts["quiet"] > timedelta(days=days) for facts in everybody)


@pytest.fixture(scope="module")
def retail(public_data: Find) -> list[Event]:
    return online_retail(public_data("onlineretail.csv.gz"))


@pytest.fixture(scope="module")
def discs(public_data: Find) -> list[Event]:
    return cdnow(public_data("cdnow_master.txt.gz"))


def test_online_retail_as_a_whole(retail: list[Event]) -> None:
    everybody = as_of(ORDERS, retail, at("2011-12-10"))
    assert len(everybody) == 4338
    assert sum(facts["orders"] for facts in everybody) == 18532
    assert sum(facts["spend"] for facts in everybody) == Decimal("8911407.904")
    assert sum(facts["orders"] >= 2 for facts in everybody) == 2845
    assert quiet_over(everybody, 90) == 1449
    tiers = Counter((facts["spend"] >= 1000) + (facts["spend"] >= 5000) for facts in everybody)
    assert tiers == {2: 275, 1: 1393, 0: 2670}


def test_online_retail_whose_orders_fell_by_half(retail: list[Event]) -> None:
    everybody = as_of(ORDERS, retail, at("2011-09-01"))
    assert [fell_by_half(everybody, baseline) for baseline in (1, 2, 4)] == [620, 151, 14]


def test_cdnow(discs: list[Event]) -> None:
    everybody = as_of(ORDERS, discs, at("1998-07-01"))
    assert len(everybody) == 23570
    assert sum(facts["orders"] >= 2 for facts in everybody) == 11662
    assert quiet_over(everybody, 180) == 18210


def test_cdnow_whose_orders_fell_by_half(discs: list[Event]) -> None:
    everybody = as_of(ORDERS, discs, at("1997-06-01"))
    assert [fell_by_half(everybody, baseline) for baseline in (1, 2, 4)] == [2010, 462, 39]


def test_telco_a_blank_is_unknown_and_not_nothing(public_data: Find) -> None:
    # Given a snapshot of traits, in which eleven customers have no charges yet
    workspace = workspace_of(
        contract=Trait(type=FactType.TEXT),
        tenure=Trait(type=FactType.NUMBER),
        internet_service=Trait(type=FactType.TEXT),
        tech_support=Trait(type=FactType.TEXT),
        total_charges=Trait(type=FactType.NUMBER),
        churn=Trait(type=FactType.BOOLEAN),
        cheap=NamedExpression(expression=Formula("customer.total_charges < 100")),
        risky=NamedExpression(
            expression=Formula(
                "customer.contract == 'Month-to-month' and customer.tenure <= 12"
                " and customer.internet_service == 'Fiber optic' and customer.tech_support == 'No'"
            )
        ),
    )
    catalog, table = build_catalog(workspace), table_of(workspace)
    now, everybody = at("2026-01-01"), []
    for row in rows(public_data("telco_churn.csv.gz")):
        raw = {"user_id": row.pop("customerID"), "type": "identify", "traits": row}
        customer = Customer(table)
        customer.take(normalise(raw, received_at=now, source="telco", declared=catalog))
        everybody.append(customer.facts(now + 1))
    # Then they are in no comparison
    assert len(everybody) == 7043
    assert sum(facts["churn"] for facts in everybody) == 1869
    assert sum(facts["risky"] for facts in everybody) == 833
    assert sum(facts["total_charges"] is None for facts in everybody) == 11
    assert sum(facts["cheap"] is True for facts in everybody) == 813


def test_ravenstack_unanswered_surveys_are_no_bad_ones(public_data: Find) -> None:
    # Given tickets, of which many were never scored
    workspace = workspace_of(
        events={"ticket_closed": EventType(properties={"score": PropertyType(type=FactType.NUMBER)})},
        scored=computed(count="ticket_closed", where="event.score != null"),
        average=computed(mean="score", of="ticket_closed"),
        total=computed(sum="score", of="ticket_closed"),
        bad=computed(count="ticket_closed", where="event.score <= 3"),
    )
    catalog, table = build_catalog(workspace), table_of(workspace)
    accounts: dict[str, Customer] = {}
    for row in rows(public_data("ravenstack_support_tickets.csv.gz")):
        raw = {
            "customer": row["account_id"],
            "event": "Ticket Closed",
            "id": row["ticket_id"],
            "at": row["closed_at"],
            "score": row["satisfaction_score"],
        }
        event = normalise(raw, received_at=at("2025-01-31"), source="desk", declared=catalog)
        accounts.setdefault(event.customer, Customer(table)).take(event)
    facts = [account.facts(at("2025-02-01")) for account in accounts.values()]
    # Then only scores count
    assert sum(one["scored"] for one in facts) == 1175
    mean = sum(one["total"] for one in facts) / Decimal(1175)
    assert mean.quantize(Decimal("0.000001")) == Decimal("3.981277")
    assert sum(one["bad"] for one in facts) == 396
    assert sum(one["scored"] >= 2 and one["average"] < 4 for one in facts) == 125


def test_ravenstack_repeated_ids_with_other_content_are_conflicts(public_data: Find) -> None:
    catalog = build_catalog(workspace_of())
    seen: dict[str, str] = {}
    outcomes: Counter[Any] = Counter()
    for row in rows(public_data("ravenstack_feature_usage.csv.gz")):
        raw = {
            "customer": row["subscription_id"],
            "event": "usage",
            "id": row["usage_id"],
            "at": row["usage_date"],
        }
        event = normalise(
            raw | {"properties": row}, received_at=at("2025-01-31"), source="app", declared=catalog
        )
        known = seen.setdefault(event.message_id, digest(event))
        outcomes["conflict" if known != digest(event) else "stored"] += 1
    assert outcomes["conflict"] == 21
