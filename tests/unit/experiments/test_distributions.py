"""Distributions: held against scipy, from the middle to far out in the tails."""

import math

import pytest
from scipy import stats

from engine.experiments.distributions import (
    chi_square_tail,
    normal_quantile,
    normal_two_sided,
    student_quantile,
    student_two_sided,
)

DEGREES = [1, 2.5, 3, 10, 99.7, 101, 201, 5000, 100_000]


@pytest.mark.parametrize("probability", [0.001, 0.1, 0.5, 0.8, 0.975, 0.9999])
def test_quantiles_of_the_normal_distribution(probability: float) -> None:
    assert normal_quantile(probability) == pytest.approx(stats.norm.ppf(probability), rel=1e-14, abs=1e-15)


@pytest.mark.parametrize("z", [0.0, 0.3, -1.96, 5.0, 30.0])
def test_tails_of_the_normal_distribution_keep_their_digits(z: float) -> None:
    assert math.isclose(normal_two_sided(z), 2 * stats.norm.sf(abs(z)), rel_tol=1e-12)


@pytest.mark.parametrize("degrees", range(1, 9))
@pytest.mark.parametrize("statistic", [0.0, 0.01, 3.84, 16.0, 200.0])
def test_tails_of_chi_square(statistic: float, degrees: int) -> None:
    assert math.isclose(chi_square_tail(statistic, degrees), stats.chi2.sf(statistic, degrees), rel_tol=1e-12)


def test_chi_square_has_a_degree_of_freedom() -> None:
    with pytest.raises(ValueError, match="one degree"):
        chi_square_tail(1, 0)


@pytest.mark.parametrize("degrees", DEGREES)
@pytest.mark.parametrize("t", [0.0, 0.3, -2.0, 6.0])
def test_tails_of_student(t: float, degrees: float) -> None:
    assert math.isclose(
        student_two_sided(t, degrees), 2 * stats.t.sf(abs(t), degrees), rel_tol=1e-11, abs_tol=1e-12
    )


@pytest.mark.parametrize("degrees", DEGREES)
@pytest.mark.parametrize("probability", [0.5, 0.8, 0.975, 0.999])
def test_quantiles_of_student(probability: float, degrees: float) -> None:
    found = student_quantile(probability, degrees)
    assert math.isclose(found, stats.t.ppf(probability, degrees), rel_tol=1e-11, abs_tol=1e-12)


@pytest.mark.parametrize("probability", [0.3, 1.0])
def test_quantiles_of_student_are_those_of_the_upper_half(probability: float) -> None:
    with pytest.raises(ValueError, match="probability"):
        student_quantile(probability, 5)
