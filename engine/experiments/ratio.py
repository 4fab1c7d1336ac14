"""Whether the arms are as large as they were drawn to be; where they are not, nothing else holds."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import msgspec

from engine.experiments.distributions import chi_square_tail

THRESHOLD = 0.001
"""Below this p the arms are not as they were drawn; GrowthBook's threshold too."""

LEAST = 5.0
"""Customers that an arm has to be expected to have: below, the chi-square distribution does not hold."""


class SampleRatio(msgspec.Struct, frozen=True):
    """How many customers each arm has and should have, chi-square and p; p is None with too few customers."""

    counts: dict[str, int]
    expected: dict[str, float]
    chi_square: float | None
    p: float | None
    status: Literal["fine", "mismatch", "too_few"]


def sample_ratio(counts: Mapping[str, int], weights: Mapping[str, float]) -> SampleRatio:
    """Hold the sizes of arms against their shares: Pearson's chi-square of goodness of fit (1900).

    `weights` are the shares in any unit; an arm without a weight is expected to be empty. Fabijan et
    al., "Diagnosing sample ratio mismatch in online controlled experiments" (KDD 2019), say why such a
    mismatch makes every other figure worthless.
    """
    total, weighed = sum(counts.values()), sum(weights.values())
    drawn = {name: weight for name, weight in weights.items() if weight > 0}
    expected = {name: total * weight / weighed if weighed else 0.0 for name, weight in weights.items()}
    found = {name: counts.get(name, 0) for name in {**weights, **counts}}
    astray = sum(number for name, number in found.items() if name not in drawn)
    if astray:
        return SampleRatio(found, expected, None, 0.0, "mismatch")
    if len(drawn) < 2 or min(expected[name] for name in drawn) < LEAST:
        return SampleRatio(found, expected, None, None, "too_few")
    chi_square = sum((found[name] - expected[name]) ** 2 / expected[name] for name in drawn)
    p = chi_square_tail(chi_square, len(drawn) - 1)
    return SampleRatio(found, expected, chi_square, p, "mismatch" if p < THRESHOLD else "fine")
