"""A figure: a metric's value over a window, with everything that is needed to check it."""

from __future__ import annotations

from decimal import Context, Decimal, localcontext
from typing import TypeAlias

import msgspec

from engine.model.reasons import NoFigure
from engine.model.values import Micros

Number: TypeAlias = int | Decimal

QUOTIENTS = Context(prec=12)
"""Quotients are shown to twelve digits; numerator and denominator stay exact beside them."""


class Quotient(msgspec.Struct, frozen=True, kw_only=True):
    """What a formula gives: a value or the reason why there is none, and the two numbers it came from.

    `low` and `high` are a 95% interval where one is known; `of` is how many observations it rests on.
    """

    value: Number | None = None
    numerator: Number | None = None
    denominator: Number | None = None
    reason: NoFigure | None = None
    low: Decimal | None = None
    high: Decimal | None = None
    of: int | None = None


class Window(msgspec.Struct, frozen=True, kw_only=True):
    """The half-open time [start, end) of a figure; only what had been received by `as_of` counts.

    `zone` is the workspace's, in which months and days begin.
    """

    start: Micros
    end: Micros
    as_of: Micros
    zone: str = "UTC"


class Figure(msgspec.Struct, frozen=True, kw_only=True):
    """A metric over a window. `definition` names formula and declaration: another one is another metric.

    `group` is the segment or other part of the base that it is about, None for everybody. A window
    that had not ended as of then is not `complete`: the figure is about the time up to then.
    """

    metric: str
    value: Number | None
    unit: str
    numerator: Number | None
    denominator: Number | None
    reason: NoFigure | None
    start: Micros
    end: Micros
    as_of: Micros
    zone: str
    definition: str
    definition_version: int
    group: str | None = None
    low: Decimal | None = None
    high: Decimal | None = None
    of: int | None = None
    complete: bool = True


def divided(numerator: Number, denominator: Number) -> Decimal:
    """Divide to twelve digits."""
    return QUOTIENTS.divide(Decimal(numerator), Decimal(denominator))


def ratio(numerator: Number, denominator: Number) -> Quotient:
    """Give one number over another; no value where the other is 0."""
    if not denominator:
        return Quotient(numerator=numerator, denominator=denominator, reason=NoFigure.EMPTY_DENOMINATOR)
    return Quotient(value=divided(numerator, denominator), numerator=numerator, denominator=denominator)


def exact_sum(numbers: list[Number]) -> Number:
    """Add numbers without rounding."""
    with localcontext(Context(prec=600)):
        return sum(numbers, start=0)
