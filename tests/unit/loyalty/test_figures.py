"""What a program owes, and how much is never asked for, with the numbers that they come from."""

from decimal import Decimal

import pytest

from engine.loyalty.figures import breakage, liability

CENT = Decimal("0.01")


def test_liability_is_points_times_cost_times_rate() -> None:
    found = liability({"available": 900_000, "pending": 100_000}, {}, CENT, "EUR", Decimal("0.80"))
    assert (found.outstanding, found.liability, found.rate_from) == (1_000_000, 8000, "written")


def test_reserved_points_are_owed_too_and_debts_are_told_apart() -> None:
    found = liability({"available": 5, "reserved": 10, "debt": -4}, {}, CENT, "EUR", Decimal(1))
    assert (found.outstanding, found.debt, found.liability) == (15, 4, Decimal("0.15"))


def test_without_a_written_rate_it_is_what_did_not_expire() -> None:
    found = liability({"available": 100}, {"issued": -400, "expired": 100}, CENT, "EUR", None)
    assert (found.redemption_rate, found.rate_from, found.liability) == (
        Decimal("0.75"),
        "observed",
        Decimal("0.75"),
    )


@pytest.mark.parametrize(("cost", "reason"), [(None, "no_cost_per_point"), (CENT, "no_redemption_rate")])
def test_a_number_that_is_missing_is_named(cost: Decimal | None, reason: str) -> None:
    found = liability({"available": 100}, {}, cost, None, None)
    assert (found.liability, found.reason) == (None, reason)


def test_breakage_of_nothing_is_unknown() -> None:
    assert breakage({}).share is None
    assert breakage({"issued": -300, "expired": 75}).share == Decimal("0.25")
