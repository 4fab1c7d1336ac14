"""The confidence sequence: wider than a single look allows, never wider for more customers."""

import math

import pytest

from engine.experiments.proportions import Interval
from engine.experiments.sequence import TUNING, sequence


def half(customers: int, deviation: float = 1.0, tuning: int = TUNING) -> float:
    found = sequence(0, deviation / math.sqrt(customers), customers, tuning=tuning)
    return found.high


def test_it_is_equation_9_written_out() -> None:
    # with alpha 5%: -2 log alpha = 5.9915, rho^2 = (5.9915 + log 6.9915) / 5000 = 0.0015873
    n, rho2 = 10_000, (5.991464547107979 + math.log(6.991464547107979)) / 5000
    wanted = 2.0 * math.sqrt(2 * (n * rho2 + 1) / (n * n * rho2) * math.log(math.sqrt(n * rho2 + 1) / 0.05))
    assert half(n, 2.0) == pytest.approx(wanted, rel=1e-12)
    assert sequence(0.5, 0.02, n) == Interval(pytest.approx(0.5 - wanted), pytest.approx(0.5 + wanted))


@pytest.mark.parametrize("customers", [100, 1000, 5000, 20_000, 1_000_000])
def test_looking_every_day_costs_width(customers: int) -> None:
    assert half(customers) > 1.96 / math.sqrt(customers)


def test_more_customers_narrow_it() -> None:
    widths = [half(customers) for customers in (50, 500, 5000, 50_000, 500_000)]
    assert widths == sorted(widths, reverse=True)


def test_it_is_narrowest_about_the_number_that_it_is_tuned_for() -> None:
    # beside other tunings, at the number of customers that this one is made for
    widths = {tuning: half(5000, tuning=tuning) for tuning in (500, 2500, 5000, 10_000, 50_000)}
    assert min(widths, key=widths.__getitem__) == 5000


def test_no_variance_is_no_width() -> None:
    assert sequence(0.1, 0.0, 1000) == Interval(0.1, 0.1)
