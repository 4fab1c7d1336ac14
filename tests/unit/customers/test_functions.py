"""The functions of computed facts, over nothing and over what cannot be added."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from engine.customers.functions import median, wilson
from engine.model.reasons import UnknownReason
from tests.customer_facts import Customer, at, computed, happened, table_of, workspace_of

NOON = at("2026-03-08T12:00")

FACTS = {
    "orders": computed(count="order"),
    "spend": computed(sum="total", of="order"),
    "average": computed(mean="total", of="order"),
    "least": computed(min="total", of="order"),
    "most": computed(max="total", of="order"),
    "first_total": computed(first="total", of="order"),
    "last_total": computed(last="total", of="order"),
    "totals": computed(distinct="total", of="order"),
    "ago": computed(since="order"),
    "big": computed(share="event.total >= 10", of="order"),
}


def seen(*totals: Any) -> dict[str, Any]:
    customer = Customer(table_of(workspace_of(**FACTS)))
    customer.take(*(happened("order", NOON + n, seq=n, total=total) for n, total in enumerate(totals)))
    facts = customer.facts(NOON + 60_000_000)
    return {name: facts[name] for name in FACTS}


def test_nothing_is_zero_where_things_are_counted_and_unknown_elsewhere() -> None:
    values = seen()
    assert {name for name, value in values.items() if value == 0} == {"orders", "spend", "totals"}
    assert {name for name, value in values.items() if value is None} == set(FACTS) - {
        "orders",
        "spend",
        "totals",
    }


def test_numbers_are_added_exactly() -> None:
    values = seen(Decimal("0.1"), Decimal("0.2"), 5, Decimal("0.1"))
    assert values == {
        "orders": 4,
        "spend": Decimal("5.4"),
        "average": Decimal("1.35"),
        "least": Decimal("0.1"),
        "most": 5,
        "first_total": Decimal("0.1"),
        "last_total": Decimal("0.1"),
        "totals": 3,
        "ago": timedelta(microseconds=60_000_000 - 3),
        "big": 0,
    }


def test_sums_do_not_round() -> None:
    # Given a number of 19 digits and one of 300 decimal places, which 28 digits cannot hold together
    great, small = 2**63 - 1, Decimal("1e-300")
    assert seen(great, small)["spend"] - great == small


def test_null_and_what_is_no_number_are_skipped() -> None:
    values = seen(None, "free", True, 7)
    assert (values["orders"], values["spend"], values["average"]) == (4, 7, 7)
    assert (values["first_total"], values["totals"]) == ("free", 3)
    assert values["big"] == 0


def test_distinct_tells_kinds_apart_and_not_spellings() -> None:
    assert seen(7, Decimal("7.00"), "7", True, 1, "true")["totals"] == 5


def test_distinct_is_exact_to_ten_thousand_keys() -> None:
    # Given ten thousand skus
    customer = Customer(table_of(workspace_of(skus=computed(distinct="sku", of="order"))))
    customer.take(*(happened("order", NOON + n, seq=n, sku=n) for n in range(10_000)))
    assert customer.facts(NOON + 10_000)["skus"] == 10_000
    # When one more comes
    customer.take(happened("order", NOON + 10_000, seq=10_000, sku=10_000))
    # Then nobody guesses
    facts = customer.facts(NOON + 20_000)
    assert (facts["skus"], facts.reason("skus")) == (None, UnknownReason.TOO_MANY)


def test_per_is_exact_to_ten_thousand_keys() -> None:
    fact = computed(sum="mrr", of="contract", per="id")
    customer = Customer(table_of(workspace_of(mrr=fact)))
    customer.take(*(happened("contract", NOON + n, seq=n, id=n % 10_000, mrr=1) for n in range(10_100)))
    assert customer.facts(NOON + 20_000)["mrr"] == 10_000
    customer.take(happened("contract", NOON + 20_000, id="another", mrr=1))
    facts = customer.facts(NOON + 30_000)
    assert (facts["mrr"], facts.reason("mrr")) == (None, UnknownReason.TOO_MANY)
    # And it stays so when the day has passed
    customer.take(happened("contract", NOON + 100_000_000_000, id="another", mrr=1))
    assert customer.facts(NOON + 100_000_000_001).reason("mrr") is UnknownReason.TOO_MANY


def test_per_looks_at_the_latest_of_each_key_and_then_at_where() -> None:
    # Given a contract that was raised and one that fell under the line
    fact = computed(count="contract", per="id", where="event.mrr >= 50")
    customer = Customer(table_of(workspace_of(big=fact)))
    for n, (id, mrr) in enumerate([("a", 20), ("b", 80), ("a", 60), ("b", 10), (None, 99)]):
        customer.take(happened("contract", NOON + n, seq=n, id=id, mrr=mrr))
    # Then only the first is big now, and an event without a key is none
    assert customer.facts(NOON + 10)["big"] == 1


@pytest.mark.parametrize(
    ("met", "judged", "low", "high"),
    [
        (3, 10, "0.108", "0.603"),
        (2, 3, "0.208", "0.939"),
        (12, 20, "0.387", "0.781"),
        (60, 100, "0.502", "0.691"),
        (0, 4, "0.000", "0.490"),
        (4, 4, "0.510", "1.000"),
    ],
)
def test_wilson_bounds(met: int, judged: int, low: str, high: str) -> None:
    bounds = [bound.quantize(Decimal("0.001")) for bound in wilson(met, judged)]
    assert bounds == [Decimal(low), Decimal(high)]


def test_the_bounds_of_a_share_are_facts() -> None:
    # T2: 12 of 20 tickets positive in 90 days, one of them only after it was answered again
    fact = {"of": "survey_answered", "per": "ticket_id", "over": "90d"}
    table = table_of(
        workspace_of(
            upper=computed(share_upper="event.score >= 4", **fact),
            lower=computed(share_lower="event.score >= 4", **fact),
            share=computed(share="event.score >= 4", **fact),
        )
    )
    customer = Customer(table)
    scores = [1] + [5] * 11 + [2] * 8
    customer.take(
        *(happened("survey_answered", NOON + n, ticket_id=n, score=s) for n, s in enumerate(scores))
    )
    customer.take(happened("survey_answered", NOON + 100, ticket_id=0, score=4))
    facts = customer.facts(NOON + 1000)
    assert facts["share"] == Decimal("0.6")
    assert facts["upper"].quantize(Decimal("0.001")) == Decimal("0.781")
    assert facts["lower"].quantize(Decimal("0.001")) == Decimal("0.387")


def test_an_answer_that_cannot_be_judged_is_not_counted() -> None:
    fact = computed(share="event.score >= 4", of="answer")
    customer = Customer(table_of(workspace_of(happy=fact)))
    for n, score in enumerate([5, None, "great", 1]):
        customer.take(happened("answer", NOON + n, score=score))
    assert customer.facts(NOON + 10)["happy"] == Decimal("0.5")


def test_the_median_of_an_even_number_is_between_two() -> None:
    assert median([Decimal(4), Decimal(1), Decimal(3)]) == 3
    assert median([Decimal(4), Decimal(1), Decimal(3), Decimal(2)]) == Decimal("2.5")
