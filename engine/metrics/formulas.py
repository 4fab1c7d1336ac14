"""The formulas on numbers alone: what anybody may work out by hand from counts and sums."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

import msgspec

from engine.metrics.figure import Number, Quotient, divided, ratio
from engine.model.reasons import NoFigure


def retention_of_counts(start: int, new: int, end: int) -> Quotient:
    """Give customer retention from three counts: (end - new) / start.

    The usual formula of textbooks. It is not the share of the start's customers who stayed: whoever
    joins and leaves inside the period, or comes back from earlier, bends it. Ask for `crr` instead
    where the customers themselves are known.
    """
    return ratio(end - new, start)


def churn_of_counts(start: int, lost: int) -> Quotient:
    """Give the share of the start's customers who left: lost / start."""
    return ratio(lost, start)


class Movements(msgspec.Struct, frozen=True, kw_only=True):
    """What became of monthly revenue in a period, in cents; each movement is 0 or more."""

    start: int = 0
    new: int = 0
    expansion: int = 0
    reactivation: int = 0
    contraction: int = 0
    churn: int = 0

    @property
    def end(self) -> int:
        """Give what is paid at the end: start + new + expansion + reactivation - contraction - churn."""
        return self.start + self.new + self.expansion + self.reactivation - self.contraction - self.churn

    def plus(self, other: Movements) -> Movements:
        """Give both together."""
        return Movements(
            **{name: getattr(self, name) + getattr(other, name) for name in self.__struct_fields__}
        )


def gross_retention(moved: Movements) -> Quotient:
    """Give gross revenue retention: (start - contraction - churn) / start; never over 1."""
    return ratio(moved.start - moved.contraction - moved.churn, moved.start)


def net_retention(moved: Movements, *, include_reactivation: bool = False) -> Quotient:
    """Give net revenue retention: (start - contraction - churn + expansion) / start.

    Only of who paid at the start, so that new business never counts. Who had left before and came
    back counts where that is asked for.
    """
    kept = moved.start - moved.contraction - moved.churn + moved.expansion
    return ratio(kept + (moved.reactivation if include_reactivation else 0), moved.start)


def revenue_growth(moved: Movements, *, include_reactivation: bool = False) -> Quotient:
    """Give the growth of revenue from who paid at the start: net retention less 1."""
    net = net_retention(moved, include_reactivation=include_reactivation)
    if net.value is None or net.numerator is None:
        return net
    return ratio(net.numerator - moved.start, moved.start)


def lifespan(churn: Number | None, cap: Number | None = None) -> Quotient:
    """Give how long customers stay, in periods: 1 / churn per period.

    Without any churn there is no end to it: no value, or `cap` where one is set; never more than it.
    """
    if churn is None:
        return Quotient(reason=NoFigure.EMPTY_DENOMINATOR)
    if not churn:
        if cap is None:
            return Quotient(numerator=1, denominator=churn, reason=NoFigure.NO_CHURN)
        return Quotient(value=cap, numerator=1, denominator=churn)
    found = divided(1, churn)
    return Quotient(value=found if cap is None else min(found, Decimal(cap)), numerator=1, denominator=churn)


def ltv_revenue(purchase: Number, per_period: Number, periods: Quotient) -> Quotient:
    """Give the revenue of a customer over life: average purchase x purchases a period x periods."""
    if periods.value is None:
        return Quotient(denominator=periods.denominator, reason=periods.reason)
    value = Decimal(purchase) * Decimal(per_period) * Decimal(periods.value)
    return Quotient(value=value, numerator=purchase, denominator=periods.denominator)


def clv_margin(margin: Decimal | None, revenue: Number, periods: Quotient) -> Quotient:
    """Give what is earned of a customer over life: margin x revenue a period (ARPA) x periods."""
    if margin is None:
        return Quotient(reason=NoFigure.NO_MARGIN)
    return ltv_revenue(margin, revenue, periods)


def net_promoter_score(promoters: int, passives: int, detractors: int) -> Quotient:
    """Give the share of promoters (9, 10) less that of detractors (0 to 6), in points from -100 to 100.

    Passives (7, 8) count in the denominator only (F. Reichheld, HBR 12/2003).
    """
    asked = promoters + passives + detractors
    share = ratio(100 * (promoters - detractors), asked)
    return msgspec.structs.replace(share, numerator=promoters - detractors, of=asked)


def nearest_rank(ordered: Sequence[int], percent: int) -> int:
    """Give the percentile of values in order by nearest rank: the value at ceil(percent x n / 100)."""
    return ordered[-(-percent * len(ordered) // 100) - 1]
