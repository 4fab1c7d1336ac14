"""Proportions: equal to statsmodels to 12 digits on 10,000 random tables."""

import math
import random
from collections.abc import Iterator

import pytest
from scipy.stats import chisquare
from statsmodels.stats.proportion import confint_proportions_2indep, proportion_confint, proportions_ztest

from engine.experiments.proportions import (
    Interval,
    Proportion,
    difference_error,
    newcombe,
    two_proportion_p,
    wilson,
)
from engine.experiments.ratio import sample_ratio

TABLES = 10_000


def tables() -> Iterator[tuple[Proportion, Proportion]]:
    chance = random.Random(20270301)
    for _ in range(TABLES):
        sizes = [round(10 ** chance.uniform(0, 5)) for _ in range(2)]
        base = chance.random() ** 2
        rates = [base, min(1.0, base * chance.uniform(0.5, 1.5))]
        hits = [min(size, round(size * rate)) for size, rate in zip(sizes, rates, strict=True)]
        yield Proportion(hits[0], sizes[0]), Proportion(hits[1], sizes[1])


def same(found: float, wanted: float) -> bool:
    return math.isclose(found, wanted, rel_tol=1e-12, abs_tol=1e-12)


def test_intervals_and_p_are_those_of_statsmodels() -> None:
    unlike = []
    for one, other in tables():
        low, high = proportion_confint(one.hits, one.of, method="wilson")
        fine = same(wilson(one).low, low) and same(wilson(one).high, high)
        low, high = confint_proportions_2indep(one.hits, one.of, other.hits, other.of, method="newcomb")
        fine = fine and same(newcombe(one, other).low, low) and same(newcombe(one, other).high, high)
        if 0 < one.hits + other.hits < one.of + other.of:
            _, p = proportions_ztest([one.hits, other.hits], [one.of, other.of])
            fine = fine and same(two_proportion_p(one, other), p)
        if not fine:
            unlike.append((one, other))
    assert unlike == []


def test_the_sample_ratio_is_that_of_scipy() -> None:
    unlike = []
    for one, other in tables():
        total = one.of + other.of
        found = sample_ratio({"a": one.of, "b": other.of}, {"a": 0.9, "b": 0.1})
        if found.p is None or found.chi_square is None:
            continue
        wanted = chisquare([one.of, other.of], [total * 0.9, total * 0.1])
        if not same(found.p, wanted.pvalue) or not math.isclose(found.chi_square, wanted.statistic):
            unlike.append((one, other))
    assert unlike == []


def test_nobody_or_everybody_is_no_difference() -> None:
    assert two_proportion_p(Proportion(0, 20), Proportion(0, 20)) == 1
    assert two_proportion_p(Proportion(20, 20), Proportion(7, 7)) == 1


@pytest.mark.parametrize("hits", [0, 1, 999, 1000])
def test_an_interval_holds_its_share_and_stays_between_nothing_and_all(hits: int) -> None:
    one = Proportion(hits, 1000)
    found = wilson(one)
    assert found.holds(one.rate)
    assert 0 <= found.low <= found.high <= 1


def test_the_error_of_a_difference_is_not_pooled() -> None:
    error = difference_error(Proportion(50, 100), Proportion(10, 100))
    assert error == pytest.approx(math.sqrt(0.25 / 100 + 0.09 / 100))


def test_an_interval_holds_both_its_ends() -> None:
    one = Interval(-1, 1)
    assert one.holds(-1) and one.holds(1) and not one.holds(1.1)
