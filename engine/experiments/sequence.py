"""An interval that may be looked at every day: a confidence sequence."""

from __future__ import annotations

import math

from engine.experiments.proportions import CONFIDENCE, Interval

TUNING = 5000
"""The number of customers at which the sequence is about narrowest; GrowthBook's default."""


def sequence(
    difference: float, error: float, customers: int, confidence: float = CONFIDENCE, tuning: int = TUNING
) -> Interval:
    """Give the asymptotic confidence sequence around a difference of means or shares.

    Waudby-Smith, Arbour, Sinha, Kennedy and Ramdas, "Time-uniform central limit theory and asymptotic
    confidence sequences", Annals of Statistics 52 (2024), equation 9. With s the deviation of one
    customer's part, n customers in both arms and alpha = 1 - confidence:

        s sqrt( 2 (n rho^2 + 1) / (n^2 rho^2) * log( sqrt(n rho^2 + 1) / alpha ) )

    `error` is the standard error of the difference, so that s = error * sqrt(n). rho is set for the
    least width at `tuning` customers: rho^2 = (-2 log alpha + log(-2 log alpha + 1)) / tuning.
    """
    alpha = 1 - confidence
    spread = -2 * math.log(alpha)
    rho = (spread + math.log(spread + 1)) / tuning
    grown = customers * rho + 1
    half = error * math.sqrt(2 * grown / (customers * rho) * math.log(math.sqrt(grown) / alpha))
    return Interval(difference - half, difference + half)
