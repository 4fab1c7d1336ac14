"""Recurring revenue: what moved from one instant to another, of one customer and of all."""

from __future__ import annotations

from engine.metrics.formulas import Movements
from engine.metrics.lives import Life, before, ever_before
from engine.model.values import Micros


def movements(life: Life, start: Micros, end: Micros) -> Movements:
    """Give what became of a customer's monthly revenue in [start, end), in cents.

    A customer has one movement a period, the difference between what was paid just before its two
    ends: new (never paid before), reactivation (paid before, but not at the start), expansion,
    contraction, or churn (nothing is paid at the end). Who left and came back inside the period at
    the same price has moved nothing. So start + new + expansion + reactivation - contraction - churn
    is the end, to the cent.
    """
    had, has = before(life, start), before(life, end)
    if not had:
        if not has:
            return Movements()
        return Movements(reactivation=has) if ever_before(life, start) else Movements(new=has)
    if not has:
        return Movements(start=had, churn=had)
    return Movements(start=had, expansion=max(has - had, 0), contraction=max(had - has, 0))
