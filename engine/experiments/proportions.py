"""Shares of customers who reached a goal: each with its interval, and two of them compared."""

from __future__ import annotations

import math

import msgspec

from engine.experiments.distributions import normal_quantile, normal_two_sided

CONFIDENCE = 0.95
"""The confidence of every interval, two-sided."""


class Interval(msgspec.Struct, frozen=True):
    """From `low` to `high`, both ends included."""

    low: float
    high: float

    def holds(self, value: float) -> bool:
        """Tell whether a value is inside."""
        return self.low <= value <= self.high


class Proportion(msgspec.Struct, frozen=True):
    """So many of so many; there is at least one."""

    hits: int
    of: int

    @property
    def rate(self) -> float:
        """The share, 0 to 1."""
        return self.hits / self.of


def wilson(one: Proportion, confidence: float = CONFIDENCE) -> Interval:
    """Give the score interval of a share: Wilson (1927), JASA 22, 209-212."""
    z = normal_quantile((1 + confidence) / 2)
    n, rate = one.of, one.rate
    square = z * z / n
    middle = (rate + square / 2) / (1 + square)
    half = z * math.sqrt(rate * (1 - rate) / n + square / (4 * n)) / (1 + square)
    # Rounding must not leave a share of 0 or 1 outside of its own interval.
    low = 0.0 if one.hits == 0 else max(0.0, middle - half)
    return Interval(low, 1.0 if one.hits == n else min(1.0, middle + half))


def newcombe(one: Proportion, other: Proportion, confidence: float = CONFIDENCE) -> Interval:
    """Give the interval of `one` minus `other`: Newcombe (1998), Statistics in Medicine 17, method 10.

    It puts the two Wilson intervals together, holds for few customers too, and is never empty.
    """
    a, b = wilson(one, confidence), wilson(other, confidence)
    difference = one.rate - other.rate
    return Interval(
        difference - math.hypot(one.rate - a.low, b.high - other.rate),
        difference + math.hypot(a.high - one.rate, other.rate - b.low),
    )


def two_proportion_p(one: Proportion, other: Proportion) -> float:
    """Give the two-sided p of no difference: the z test with the pooled variance (Fleiss, 1981, chapter 2).

    Where everybody or nobody reached the goal there is no difference to see, and p is 1.
    """
    pooled = (one.hits + other.hits) / (one.of + other.of)
    variance = pooled * (1 - pooled) * (1 / one.of + 1 / other.of)
    if variance == 0:
        return 1.0
    return normal_two_sided((one.rate - other.rate) / math.sqrt(variance))


def difference_error(one: Proportion, other: Proportion) -> float:
    """Give the standard error of the difference of two shares, not pooled."""
    return math.sqrt(one.rate * (1 - one.rate) / one.of + other.rate * (1 - other.rate) / other.of)
