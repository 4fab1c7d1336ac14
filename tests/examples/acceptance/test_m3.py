"""M3: movements of monthly recurring revenue, in cents, and what of it is kept."""

from decimal import Decimal

from engine.metrics.formulas import Movements, gross_retention, net_retention
from engine.model.reasons import NoFigure
from tests.measured_base import SUBSCRIPTIONS, Measuring

APRIL = ("2026-04-01", "2026-05-01")


def test_the_movements_add_up_and_give_both_retentions() -> None:
    moved = Movements(
        start=10_000_000,
        churn=500_000,
        contraction=300_000,
        expansion=600_000,
        reactivation=100_000,
        new=400_000,
    )
    assert moved.end == 10_300_000
    assert gross_retention(moved).value == Decimal("0.92")
    assert net_retention(moved).value == Decimal("0.98")
    assert net_retention(moved, include_reactivation=True).value == Decimal("0.99")


def test_nothing_at_the_start_has_no_retention() -> None:
    for found in (gross_retention(Movements(new=5)), net_retention(Movements(new=5))):
        assert (found.value, found.reason) == (None, NoFigure.EMPTY_DENOMINATOR)


def test_a_month_of_contracts_moves_as_it_is_told(measuring: Measuring) -> None:
    # given 100,000 a month at the start of April, and what became of it
    base = measuring(facts=SUBSCRIPTIONS)
    base.pay("2026-03-02", "leaver", 5000)
    base.pay("2026-03-02", "smaller", 10_000)
    base.pay("2026-03-02", "bigger", 20_000)
    base.pay("2026-03-02", "steady", 65_000)
    base.pay("2026-01-02", "returner", 1000)
    base.pay("2026-02-02", "returner", 0)
    base.pay("2026-04-09", "leaver", 0)
    base.pay("2026-04-09", "smaller", 7000)
    base.pay("2026-04-09", "bigger", 26_000)
    base.pay("2026-04-09", "returner", 1000)
    base.pay("2026-04-09", "joiner", 4000)

    # when its movements are asked for
    [april] = base.ask("/v1/metrics/mrr", from_=APRIL[0], to=APRIL[1])["items"]

    # then they are these, and add up
    assert {name: april[name] // 100 for name in Movements.__struct_fields__} == {
        "start": 100_000, "new": 4000, "expansion": 6000, "reactivation": 1000,
        "contraction": 3000, "churn": 5000,
    }  # fmt: skip
    assert april["end"] == 10_300_000
    assert base.figure("grr", *APRIL)["value"] == 0.92
    assert base.figure("nrr", *APRIL)["value"] == 0.98
    assert base.figure("nrr", *APRIL, include_reactivation=True)["value"] == 0.99
    assert base.figure("recurring_revenue", *APRIL)["value"] == 10_300_000
    assert base.figure("acv", *APRIL)["numerator"] == 12 * 10_300_000


def test_one_of_two_contracts_that_ends_is_no_churn(measuring: Measuring) -> None:
    base = measuring(facts=SUBSCRIPTIONS)
    base.pay("2026-03-02", "ann", 50)
    base.tell("2026-03-02", "ann", "subscription_updated", subscription_id="extra", mrr=30)
    base.tell("2026-04-02", "ann", "subscription_updated", subscription_id="extra", mrr=0)
    base.pay("2026-04-05", "ann", 50, ends_at="2026-05-31", reason="price")

    first, second = base.ask("/v1/metrics/mrr", from_="2026-04-01", to="2026-06-01", as_of="2026-06-02")[
        "items"
    ]

    assert (first["contraction"], first["churn"], first["end"]) == (3000, 0, 5000)
    assert (second["start"], second["churn"], second["end"]) == (5000, 5000, 0)


def test_a_yearly_price_divided_late_loses_nothing(measuring: Measuring) -> None:
    # given three contracts of one customer at 2,000 a year, sent as a twelfth in full
    base = measuring(facts=SUBSCRIPTIONS)
    for name in ("a", "b", "c"):
        base.tell("2026-04-02", "ann", "subscription_updated", subscription_id=name, mrr=2000 / 12)

    [april] = base.ask("/v1/metrics/mrr", from_=APRIL[0], to=APRIL[1])["items"]

    # then 500.00 a month, where three times 166.67 would be 500.01
    assert april["new"] == 50_000


def test_without_any_contract_there_is_no_figure(measuring: Measuring) -> None:
    base = measuring(facts=SUBSCRIPTIONS)
    for name in ("grr", "nrr", "revenue_growth", "recurring_revenue", "arpa", "acv"):
        found = base.figure(name, *APRIL)
        assert (found["value"], found["reason"]) == (None, "empty_denominator"), name
