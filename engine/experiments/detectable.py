"""The smallest effect that an experiment can be expected to find, before it starts and while it runs."""

from __future__ import annotations

import math

import msgspec

from engine.experiments.distributions import normal_quantile
from engine.experiments.proportions import CONFIDENCE

POWER = 0.80
"""How often an effect of that size would be found."""

SHARES = (0.05, 0.10, 0.20, 0.50)
"""Shares of the held out that a plan is shown for, beside its own."""


class Detectable(msgspec.Struct, frozen=True):
    """The smallest difference, of shares from 0 to 1, found with 80% power at 5% two-sided.

    None where an arm is empty, or where an effect of that size cannot be.
    """

    treated: int
    control: int
    base: float
    effect: float | None


def detectable(treated: int, control: int, base: float, power: float = POWER) -> Detectable:
    """Give the smallest effect that arms of a size find: (z_0.975 + z_0.80) x the standard error at `base`.

    Cohen (1988), "Statistical Power Analysis", chapter 6, in the form with one variance. With `base` 0
    or 1 no variance is known, and so no effect.
    """
    if treated < 1 or control < 1 or not 0 < base < 1:
        return Detectable(treated, control, base, None)
    quantiles = normal_quantile((1 + CONFIDENCE) / 2) + normal_quantile(power)
    effect = quantiles * math.sqrt(base * (1 - base) * (1 / treated + 1 / control))
    return Detectable(treated, control, base, effect if effect <= max(base, 1 - base) else None)


def planned(customers: int, share: float, base: float) -> Detectable:
    """Give the same for so many customers of whom a share, 0 to 1, is held out."""
    control = round(customers * share)
    return detectable(customers - control, control, base)


def expected_mean_effect(treated: int, control: int, variance: float) -> float | None:
    """Give the smallest difference of means found, from one customer's variance; None without two arms."""
    if treated < 1 or control < 1 or variance <= 0:
        return None
    quantiles = normal_quantile((1 + CONFIDENCE) / 2) + normal_quantile(POWER)
    return quantiles * math.sqrt(variance * (1 / treated + 1 / control))
