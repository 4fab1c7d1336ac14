"""Revenue: exact sums, intervals equal to statsmodels, less noise by what was spent before."""

import random
from decimal import Decimal

import numpy as np
import pytest
from statsmodels.stats.weightstats import CompareMeans, DescrStatsW

from engine.experiments.revenue import Spending, incremental, incremental_total, welch_error


def spending(pairs: list[tuple[Decimal, Decimal]]) -> Spending:
    arm = Spending()
    for after, before in pairs:
        arm.add(after, before)
    return arm


def drawn(chance: random.Random, number: int, lift: float = 0.0) -> list[tuple[Decimal, Decimal]]:
    pairs = []
    for _ in range(number):
        before = chance.expovariate(1 / 50)
        after = max(0.0, 0.8 * before + chance.gauss(5, 20) + lift)
        pairs.append((Decimal(f"{after:.2f}"), Decimal(f"{before:.2f}")))
    return pairs


def test_sums_are_exact() -> None:
    # given what floats lose: a tenth, a hundred thousand times, beside a great amount
    arm = spending([(Decimal("0.1"), Decimal(0))] * 100_000 + [(Decimal("1e15"), Decimal(0))])
    assert arm.y == Decimal("1000000000010000.0")
    assert arm.yy == Decimal("1e30") + Decimal(1000)


def test_incremental_revenue_is_what_the_treated_would_not_have_brought() -> None:
    treated = Spending(n=3, y=Decimal(100))
    control = Spending(n=7, y=Decimal(100))
    assert incremental_total(treated, control) == Decimal("57.14")


@pytest.mark.parametrize("seed", range(100))
def test_the_interval_is_welchs_as_statsmodels_has_it(seed: int) -> None:
    chance = random.Random(seed)
    pairs = [drawn(chance, chance.randint(2, 400)) for _ in range(2)]
    treated, control = map(spending, pairs)
    columns = [DescrStatsW(np.array([float(after) for after, _ in arm])) for arm in pairs]
    low, high = CompareMeans(*columns).tconfint_diff(usevar="unequal")
    found = incremental(treated, control, running=False)
    assert found.each_interval is not None
    assert found.each_interval.low == pytest.approx(low, rel=1e-10, abs=1e-10)
    assert found.each_interval.high == pytest.approx(high, rel=1e-10, abs=1e-10)


def test_the_total_is_the_means_times_the_treated() -> None:
    chance = random.Random(1)
    treated, control = spending(drawn(chance, 900)), spending(drawn(chance, 100))
    found = incremental(treated, control, running=False)
    assert float(found.total) == pytest.approx(900 * found.each, abs=0.01)
    assert found.interval is not None
    assert found.interval[0] < found.total < found.interval[1]


def test_while_running_the_interval_is_a_wider_sequence() -> None:
    chance = random.Random(2)
    treated, control = spending(drawn(chance, 900)), spending(drawn(chance, 100))
    running, ended = (incremental(treated, control, running=one) for one in (True, False))
    assert (running.kind, ended.kind) == ("sequence", "fixed")
    assert running.interval is not None and ended.interval is not None
    assert running.interval[0] < ended.interval[0] < ended.interval[1] < running.interval[1]


def test_cuped_takes_away_the_noise_that_spend_before_foretells() -> None:
    chance = random.Random(3)
    treated, control = spending(drawn(chance, 2000, lift=4)), spending(drawn(chance, 2000))
    plain, less = (incremental(treated, control, running=False, adjust=one) for one in (False, True))
    assert less.cuped is not None and plain.cuped is None
    assert less.cuped.variance_left == pytest.approx(1 - less.cuped.rho**2)
    assert plain.each_interval is not None and less.each_interval is not None
    narrower = (less.each_interval.high - less.each_interval.low) / (
        plain.each_interval.high - plain.each_interval.low
    )
    assert narrower == pytest.approx(less.cuped.variance_left**0.5, rel=0.05)
    assert less.each_interval.holds(4) and less.cuped.rho > 0.8


def test_cuped_is_the_slope_within_the_arms() -> None:
    # given spend after that is twice that before, and 10 more for the treated
    treated = spending([(Decimal(2 * x + 10), Decimal(x)) for x in (1, 2, 3, 4)])
    control = spending([(Decimal(2 * x), Decimal(x)) for x in (2, 3, 5, 9)])
    found = incremental(treated, control, running=False, adjust=True)
    assert found.cuped is not None
    assert (found.cuped.theta, found.cuped.rho) == (pytest.approx(2), pytest.approx(1))
    assert found.each == pytest.approx(10)


def test_nothing_spent_before_leaves_the_plain_figures() -> None:
    treated = spending([(Decimal(3), Decimal(0)), (Decimal(5), Decimal(0))])
    control = spending([(Decimal(1), Decimal(0)), (Decimal(2), Decimal(0))])
    found = incremental(treated, control, running=False, adjust=True)
    assert found.cuped is None
    assert found.total == Decimal("5.00")


def test_one_customer_has_no_interval() -> None:
    one, more = spending([(Decimal(3), Decimal(0))]), spending([(Decimal(1), Decimal(0))] * 3)
    found = incremental(one, more, running=False)
    assert (found.total, found.interval) == (Decimal("2.00"), None)


def test_equal_spend_everywhere_has_no_width() -> None:
    arm = spending([(Decimal(1), Decimal(0))] * 3)
    assert welch_error(arm, arm) == (0.0, 4.0)
    found = incremental(arm, arm, running=False)
    assert found.interval == (Decimal("0.00"), Decimal("0.00"))
