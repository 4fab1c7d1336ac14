"""C2: a budget lets through exactly what it holds."""

from datetime import date
from decimal import Decimal

import pytest

from engine.contact.budgets import budgets_of, overspent, period_of
from engine.model.policy import Budget, ContactPolicy
from engine.model.values import BudgetLimit, Day, Money, Weekday

POLICY = ContactPolicy(
    budgets={
        "coupons": Budget(of="coupon.issue", at_most=BudgetLimit.parse("100.00 EUR per month")),
        "points": Budget(of="points.grant", at_most=BudgetLimit.parse("5.00 EUR per day")),
    }
)
TEN = Money(Decimal("10.00"), "EUR")


def test_c2_ten_grants_of_ten_fit_a_hundred_and_the_eleventh_does_not() -> None:
    spent, granted = Decimal(0), 0
    for _ in range(20):
        if overspent(POLICY, "coupon.issue", TEN, {"coupons": spent}) is None:
            spent, granted = spent + TEN.amount, granted + 1
    assert granted == 10
    # and one that comes back is free again
    assert overspent(POLICY, "coupon.issue", TEN, {"coupons": spent - TEN.amount}) is None


def test_the_budget_that_does_not_hold_is_named() -> None:
    assert overspent(POLICY, "coupon.issue", TEN, {"coupons": Decimal("90.01")}) == "coupons"


def test_an_action_spends_only_from_its_own_budgets() -> None:
    assert list(budgets_of(POLICY, "coupon.issue")) == ["coupons"]
    assert overspent(POLICY, "email.send", None, {"coupons": Decimal(100)}) is None


@pytest.mark.parametrize(
    ("per", "starts", "expected"),
    [
        ("day", "monday", "2026-01-07"),
        ("week", "monday", "2026-01-05"),
        ("week", "sunday", "2026-01-04"),
        ("week", "thursday", "2026-01-01"),
        ("month", "monday", "2026-01-01"),
        ("year", "monday", "2026-01-01"),
    ],
)
def test_periods_are_named_by_their_first_day(per: str, starts: Weekday, expected: str) -> None:
    wednesday: Day = date(2026, 1, 7).toordinal()
    budget = Budget(of="coupon.issue", at_most=BudgetLimit.parse(f"1.00 EUR per {per}"))
    assert period_of(budget, wednesday, starts) == expected
