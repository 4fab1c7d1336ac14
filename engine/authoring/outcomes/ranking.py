"""How well a number tells who comes to an outcome: ranking, exactness, reliability. Pure arithmetic."""

from __future__ import annotations

import math
from collections.abc import Sequence

import msgspec

Z_95 = 1.959963984540054
"""The 97.5th percentile of the standard normal distribution."""


def midranks(values: Sequence[float]) -> list[float]:
    """Give the rank of each value from 1 on; equal values share the mean of their ranks."""
    order = sorted(range(len(values)), key=values.__getitem__)
    ranks = [0.0] * len(values)
    start = 0
    while start < len(order):
        end = start
        while end < len(order) and values[order[end]] == values[order[start]]:
            end += 1
        for place in order[start:end]:
            ranks[place] = (start + 1 + end) / 2
        start = end
    return ranks


def auc(values: Sequence[float], came: Sequence[bool]) -> float | None:
    """Give the chance that one who came to the outcome has a higher value than one who did not.

    Ties count half: the area under the curve is the statistic of H. B. Mann and D. R. Whitney (Annals of
    Mathematical Statistics 18, 1947) over the number of pairs. None where one of the two is missing.
    """
    positive = sum(came)
    negative = len(came) - positive
    if not positive or not negative:
        return None
    ranks = midranks(values)
    total = sum(rank for rank, did in zip(ranks, came, strict=True) if did)
    return (total - positive * (positive + 1) / 2) / (positive * negative)


class Difference(msgspec.Struct, frozen=True):
    """How much better one ranking is than another over the same customers, with its 95% interval."""

    by: float
    low: float
    high: float


def compare(first: Sequence[float], second: Sequence[float], came: Sequence[bool]) -> Difference | None:
    """Give the difference of two areas under the curve over the same customers, first less second.

    The variance is that of E. R. DeLong, D. M. DeLong and D. L. Clarke-Pearson (Biometrics 44, 1988), by
    the ranks of X. Sun and W. Xu (IEEE Signal Processing Letters 21, 2014). None under two of either.
    """
    had = [place for place, did in enumerate(came) if did]
    had_not = [place for place, did in enumerate(came) if not did]
    if len(had) < 2 or len(had_not) < 2:
        return None
    one, one_had, one_not = _placements(first, had, had_not)
    two, two_had, two_not = _placements(second, had, had_not)
    spread = _variance([a - b for a, b in zip(one_had, two_had, strict=True)]) / len(had)
    spread += _variance([a - b for a, b in zip(one_not, two_not, strict=True)]) / len(had_not)
    half = Z_95 * math.sqrt(spread)
    return Difference(one - two, one - two - half, one - two + half)


def _placements(
    values: Sequence[float], had: Sequence[int], had_not: Sequence[int]
) -> tuple[float, list[float], list[float]]:
    """Give the area, and for each customer the share of the others that it is ranked rightly against."""
    together = midranks([values[place] for place in (*had, *had_not)])
    own_had = midranks([values[place] for place in had])
    own_not = midranks([values[place] for place in had_not])
    m, n = len(had), len(had_not)
    right = [(together[place] - own_had[place]) / n for place in range(m)]
    left = [1 - (together[m + place] - own_not[place]) / m for place in range(n)]
    return sum(right) / m, right, left


def _variance(values: Sequence[float]) -> float:
    mean = sum(values) / len(values)
    return sum((value - mean) ** 2 for value in values) / (len(values) - 1)


def brier(chances: Sequence[float], came: Sequence[bool]) -> float:
    """Give the mean squared distance of chances from what came (G. W. Brier, 1950): 0 is perfect."""
    return sum((chance - did) ** 2 for chance, did in zip(chances, came, strict=True)) / len(came)


class Bin(msgspec.Struct, frozen=True):
    """Customers with like chances: how many, the mean chance, and which share came to it."""

    n: int
    chance: float
    share: float


def reliability(chances: Sequence[float], came: Sequence[bool], bins: int = 10) -> list[Bin]:
    """Give what came of customers in equal groups by their chance, the lowest first.

    Equal chances are never parted, so that there may be fewer groups. In a reliable model share and
    chance are alike.
    """
    order = sorted(range(len(chances)), key=chances.__getitem__)
    found: list[Bin] = []
    start = 0
    while start < len(order):
        end = min(len(order), max(start + 1, round(len(order) * (len(found) + 1) / bins)))
        while end < len(order) and chances[order[end]] == chances[order[end - 1]]:
            end += 1
        group = order[start:end]
        found.append(
            Bin(
                len(group),
                sum(chances[place] for place in group) / len(group),
                sum(came[place] for place in group) / len(group),
            )
        )
        start = end
    return found
