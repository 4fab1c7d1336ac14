"""Revenue of two arms: what came in because of the treatment, with its interval, and less noise by CUPED.

Sums are exact decimals; only their ratios are floats.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from decimal import Context, Decimal, localcontext
from itertools import groupby
from typing import Any, Literal

import msgspec

from engine.experiments.distributions import student_quantile
from engine.experiments.proportions import CONFIDENCE, Interval
from engine.experiments.sequence import sequence
from engine.model.values import Micros

_EXACT = Context(prec=200)
_CENT = Decimal("0.01")


class Spending(msgspec.Struct):
    """Sums over the customers of an arm: spend `y` after they came, `x` before, squares and products."""

    n: int = 0
    y: Decimal = Decimal(0)
    yy: Decimal = Decimal(0)
    x: Decimal = Decimal(0)
    xx: Decimal = Decimal(0)
    xy: Decimal = Decimal(0)

    def add(self, after: Decimal, before: Decimal = Decimal(0)) -> None:
        """Count one customer."""
        self.n += 1
        if after:
            self.y = _EXACT.add(self.y, after)
            self.yy = _EXACT.fma(after, after, self.yy)
        if before:
            self.x = _EXACT.add(self.x, before)
            self.xx = _EXACT.fma(before, before, self.xx)
            self.xy = _EXACT.fma(after, before, self.xy)

    @property
    def mean(self) -> float:
        """Spend of a customer."""
        return _ratio(self.y, self.n)

    @property
    def variance(self) -> float:
        """Variance of one customer's spend; 0 with fewer than two."""
        return _covariance(self.n, self.y, self.y, self.yy)


class Visit(msgspec.Struct, frozen=True):
    """A customer who came to an arm, with one event of money, or none.

    `amount` is what the event says; what is no number counts as nothing.
    """

    customer: str
    arm: str
    at: Micros
    occurred_at: Micros | None
    amount: Any


def tally(visits: Iterable[Visit]) -> dict[str, Spending]:
    """Give the sums of each arm; a customer's visits come one after the other."""
    found: dict[str, Spending] = {}
    for _, group in groupby(visits, key=lambda visit: visit.customer):
        before = after = Decimal(0)
        arm = ""
        for visit in group:
            arm = visit.arm
            if visit.occurred_at is None:
                continue
            if visit.occurred_at < visit.at:
                before = _EXACT.add(before, _number(visit.amount))
            else:
                after = _EXACT.add(after, _number(visit.amount))
        found.setdefault(arm, Spending()).add(after, before)
    return found


def _number(amount: Any) -> Decimal:
    if isinstance(amount, bool) or not isinstance(amount, (int, float, Decimal)):
        return Decimal(0)
    exact = Decimal(str(amount)) if isinstance(amount, float) else Decimal(amount)
    return exact if exact.is_finite() else Decimal(0)


class Cuped(msgspec.Struct, frozen=True):
    """How pre-period spend takes noise away: `theta`, the correlation, and the share of variance left."""

    theta: float
    rho: float
    variance_left: float


class Incremental(msgspec.Struct, frozen=True, kw_only=True):
    """Revenue beyond what the treated would have brought anyway, and that of one customer."""

    total: Decimal
    interval: tuple[Decimal, Decimal] | None
    each: float
    each_interval: Interval | None
    kind: Literal["fixed", "sequence"]
    cuped: Cuped | None = None


def incremental_total(treated: Spending, control: Spending) -> Decimal:
    """Give T_rev - T_n x C_rev / C_n, to the cent: the treated's revenue without what it would have been."""
    with localcontext(_EXACT):
        found = treated.y - treated.n * control.y / control.n
    return _cents(found)


def welch_error(treated: Spending, control: Spending) -> tuple[float, float]:
    """Give the standard error of the difference of means, and its degrees of freedom.

    Welch (1947), Biometrika 34, with Satterthwaite's degrees of freedom (1946).
    """
    return _welch(treated.n, treated.variance, control.n, control.variance)


def incremental(treated: Spending, control: Spending, *, running: bool, adjust: bool = False) -> Incremental:
    """Give what the treatment brought in, with the interval of Welch or, while running, a sequence.

    `adjust` takes out what pre-period spend foretells. Both arms hold at least one customer.
    """
    cuped = _cuped(treated, control) if adjust else None
    theta = 0.0 if cuped is None else cuped.theta
    each = treated.mean - control.mean
    if cuped is not None:
        each -= theta * (_ratio(treated.x, treated.n) - _ratio(control.x, control.n))
    spreads = [_spread(arm, theta) for arm in (treated, control)]
    error, degrees = _welch(treated.n, spreads[0], control.n, spreads[1])
    interval = _interval(each, error, degrees, treated.n + control.n, running) if degrees else None
    total = incremental_total(treated, control) if cuped is None else _cents(Decimal(each * treated.n))
    return Incremental(
        total=total,
        interval=None
        if interval is None
        else (_cents(Decimal(interval.low * treated.n)), _cents(Decimal(interval.high * treated.n))),
        each=each,
        each_interval=interval,
        kind="sequence" if running else "fixed",
        cuped=cuped,
    )


def _interval(each: float, error: float, degrees: float, customers: int, running: bool) -> Interval:
    if running:
        return sequence(each, error, customers)
    half = student_quantile((1 + CONFIDENCE) / 2, degrees) * error
    return Interval(each - half, each + half)


def _cuped(treated: Spending, control: Spending) -> Cuped | None:
    """Give theta = cov(Y, X) / var(X) over both arms, None where nobody's spend before varies.

    Deng, Xu, Kohavi and Walker, "Improving the sensitivity of online controlled experiments by utilizing
    pre-experiment data" (WSDM 2013), section 3.2. Each arm is taken about its own mean, so that the effect
    itself is not taken for noise. The variance left is 1 - rho^2.
    """
    degrees = treated.n + control.n - 2
    if degrees < 1:
        return None
    cov = sum(_covariance(arm.n, arm.y, arm.x, arm.xy) * (arm.n - 1) for arm in (treated, control))
    var_x = sum(_covariance(arm.n, arm.x, arm.x, arm.xx) * (arm.n - 1) for arm in (treated, control))
    var_y = sum(arm.variance * (arm.n - 1) for arm in (treated, control))
    if var_x <= 0 or var_y <= 0:
        return None
    rho = max(-1.0, min(1.0, cov / math.sqrt(var_x * var_y)))
    return Cuped(cov / var_x, rho, 1 - rho * rho)


def _spread(arm: Spending, theta: float) -> float:
    """Give the variance of Y - theta X."""
    if not theta:
        return arm.variance
    var_x = _covariance(arm.n, arm.x, arm.x, arm.xx)
    cov = _covariance(arm.n, arm.y, arm.x, arm.xy)
    return max(0.0, arm.variance + theta * theta * var_x - 2 * theta * cov)


def _welch(n: int, variance: float, other_n: int, other_variance: float) -> tuple[float, float]:
    one, other = variance / n, other_variance / other_n
    if n < 2 or other_n < 2:
        return 0.0, 0.0
    both = one + other
    if both == 0:
        return 0.0, float(n + other_n - 2)
    return math.sqrt(both), both * both / (one * one / (n - 1) + other * other / (other_n - 1))


def _covariance(n: int, a: Decimal, b: Decimal, ab: Decimal) -> float:
    """Give the sample's covariance from sums; the sums are exact, so nothing cancels."""
    if n < 2:
        return 0.0
    with localcontext(_EXACT):
        return float((n * ab - a * b) / (n * (n - 1)))


def _ratio(total: Decimal, n: int) -> float:
    with localcontext(_EXACT):
        return float(total / n) if n else 0.0


def _cents(amount: Decimal) -> Decimal:
    with localcontext(_EXACT):
        return amount.quantize(_CENT)
