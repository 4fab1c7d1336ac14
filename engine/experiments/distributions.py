"""Tails and quantiles of the normal, chi-square and Student distributions, from the standard library."""

from __future__ import annotations

import math
from statistics import NormalDist

_NORMAL = NormalDist()
_TINY = 1e-300


def normal_quantile(probability: float) -> float:
    """Give z with P(Z <= z) = probability; Wichura (1988), algorithm AS 241, as `statistics` has it."""
    return _NORMAL.inv_cdf(probability)


def normal_two_sided(z: float) -> float:
    """Give P(|Z| >= |z|); by erfc, so that small tails keep their digits."""
    return math.erfc(abs(z) / math.sqrt(2))


def chi_square_tail(statistic: float, degrees: int) -> float:
    """Give P(X >= statistic) for whole degrees of freedom; Abramowitz and Stegun (1964), 26.4.4 and 26.4.5.

    Raises ValueError for fewer than one degree of freedom.
    """
    if degrees < 1:
        raise ValueError("a chi-square distribution has at least one degree of freedom")
    if statistic <= 0:
        return 1.0
    half = statistic / 2
    odd = degrees % 2
    total = math.erfc(math.sqrt(half)) if odd else 0.0
    # Terms half^(k) / Gamma(k + 1), for k = 1/2, 3/2, ... or 0, 1, ...; in logarithms, as both grow.
    for step in range(degrees // 2):
        power = step + odd / 2
        total += math.exp(power * math.log(half) - half - math.lgamma(power + 1))
    return min(1.0, total)


def student_two_sided(t: float, degrees: float) -> float:
    """Give P(|T| >= |t|), by the incomplete beta function; Abramowitz and Stegun (1964), 26.7.1."""
    square = t * t
    return _incomplete_beta(degrees / 2, 0.5, degrees / (degrees + square), square / (degrees + square))


def student_quantile(probability: float, degrees: float) -> float:
    """Give t with P(T <= t) = probability, for a probability over a half; found by halving an interval.

    Raises ValueError outside of [1/2, 1).
    """
    if not 0.5 <= probability < 1:
        raise ValueError("the probability has to be in [1/2, 1)")
    wanted = 2 * (1 - probability)
    low, high = 0.0, 1.0
    while student_two_sided(high, degrees) > wanted:
        low, high = high, 2 * high
    while True:
        middle = (low + high) / 2
        if middle in (low, high):
            return middle
        if student_two_sided(middle, degrees) > wanted:
            low = middle
        else:
            high = middle


def _incomplete_beta(a: float, b: float, x: float, rest: float) -> float:
    """Give I_x(a, b), by its continued fraction (DLMF 8.17.22) evaluated as Lentz (1976) does.

    `rest` is 1 - x, which the caller knows better than a subtraction would.
    """
    if x <= 0:
        return 0.0
    if rest <= 0:
        return 1.0
    if x > (a + 1) / (a + b + 2):
        return 1 - _incomplete_beta(b, a, rest, x)
    log_x = math.log1p(-rest) if rest < 0.5 else math.log(x)
    log_rest = math.log1p(-x) if x < 0.5 else math.log(rest)
    front = math.exp(a * log_x + b * log_rest - _log_beta(a, b)) / a
    value, numerator, denominator = 1.0, 1.0, 0.0
    for step in range(10_000):
        half = step // 2
        if step == 0:
            term = 1.0
        elif step % 2 == 0:
            term = half * (b - half) * x / ((a + 2 * half - 1) * (a + 2 * half))
        else:
            term = -(a + half) * (a + b + half) * x / ((a + 2 * half) * (a + 2 * half + 1))
        denominator = 1 / _apart(1 + term * denominator)
        numerator = _apart(1 + term / numerator)
        change = numerator * denominator
        value *= change
        if abs(change - 1) < 1e-16:
            break
    return front * (value - 1)


def _log_beta(a: float, b: float) -> float:
    """Give log B(a, b); for a half and a large number by the series of DLMF 5.11.13."""
    large, small = max(a, b), min(a, b)
    if small == 0.5 and large > 100:
        step = 1 / large
        ratio = 1 - step / 8 * (1 - step / 16 * (1 + step * 5 / 8 * (1 - step * 21 / 160)))
        return math.lgamma(0.5) - 0.5 * math.log(large) - math.log(ratio)
    return math.lgamma(a) + math.lgamma(b) - math.lgamma(a + b)


def _apart(value: float) -> float:
    """Keep a divisor away from zero, as Lentz' method asks."""
    return value if abs(value) > _TINY else _TINY
