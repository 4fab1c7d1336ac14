"""M1: retention of the cohort, and the formula of three counts that is not the same."""

from decimal import Decimal

from engine.metrics.formulas import retention_of_counts
from engine.metrics.lives import Step, before
from tests.measured_base import SUBSCRIPTIONS, MeasuredBase, Measuring

APRIL = ("2026-04-01", "2026-05-01")


def hundred(base: MeasuredBase) -> list[str]:
    customers = [f"old-{number}" for number in range(100)]
    for customer in customers:
        base.pay("2026-03-10", customer, 20)
    return customers


def test_three_counts_give_the_textbook_formula(measuring: Measuring) -> None:
    assert retention_of_counts(100, 12, 102).value == Decimal("0.9")

    counted = measuring(facts=SUBSCRIPTIONS).ask("/v1/metrics/crr", start=100, new=12, end=102)

    assert (counted["value"], counted["numerator"], counted["denominator"]) == (0.9, 90, 100)


def test_new_customers_who_leave_bend_the_formula_and_not_the_cohort(measuring: Measuring) -> None:
    # given 100 customers, of whom 8 leave in April, and 12 new ones, of whom 2 leave
    base = measuring(facts=SUBSCRIPTIONS)
    for customer in hundred(base)[:8]:
        base.pay("2026-04-12", customer, 0)
    for number in range(12):
        base.pay("2026-04-03", f"new-{number}", 20)
    for number in range(2):
        base.pay("2026-04-20", f"new-{number}", 0)

    # when April is measured
    april = base.figure("crr", *APRIL)

    # then 92 of the 100 stayed, where the formula of counts says 90 %
    assert (april["value"], april["numerator"], april["denominator"]) == (0.92, 92, 100)
    assert base.ask("/v1/metrics/crr", start=100, new=12, end=102)["value"] == 0.9
    assert (april["from"], april["to"], april["zone"]) == (
        "2026-04-01T00:00:00Z", "2026-05-01T00:00:00Z", "UTC",
    )  # fmt: skip
    assert april["definition"].startswith("crr-1-")
    assert april["reason"] is None


def test_old_customers_who_come_back_bend_it_too(measuring: Measuring) -> None:
    # given 100 customers, of whom 10 leave in April, and 5 who had left before and come back
    base = measuring(facts=SUBSCRIPTIONS)
    for customer in hundred(base)[:10]:
        base.pay("2026-04-12", customer, 0)
    for number in range(5):
        base.pay("2026-02-01", f"gone-{number}", 20)
        base.pay("2026-03-01", f"gone-{number}", 0)
        base.pay("2026-04-15", f"gone-{number}", 20)

    april = base.figure("crr", *APRIL)

    assert (april["value"], april["numerator"], april["denominator"]) == (0.9, 90, 100)
    assert base.ask("/v1/metrics/crr", start=100, new=0, end=95)["value"] == 0.95


def test_who_leaves_and_returns_inside_the_period_has_stayed(measuring: Measuring) -> None:
    base = measuring(facts=SUBSCRIPTIONS)
    base.pay("2026-03-10", "ann", 20)
    base.pay("2026-04-05", "ann", 0)
    base.pay("2026-04-25", "ann", 20)

    assert base.figure("crr", *APRIL)["value"] == 1
    assert base.figure("logo_churn_rate", *APRIL)["value"] == 0
    # Stripe counts each time that anybody leaves, of those who were there or joined.
    assert base.figure("logo_churn_rate", *APRIL, formula="stripe")["value"] == 0.5


def test_a_period_holds_its_first_instant_and_not_its_last() -> None:
    life = [Step(100, 5), Step(200, 0)]
    assert [before(life, at) for at in (100, 101, 200, 201)] == [0, 5, 5, 0]
