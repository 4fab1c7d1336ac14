"""One fact of many customers as a column, and which values do not fit into it.

A number is a 64-bit float where it has at most 15 digits: two such numbers are ordered as their floats are,
and equal only where those are. A time is microseconds since 1970 in UTC, a length of time microseconds.
What does not fit exactly (more digits, a NaN, a value of another kind, a time whose clock shows the hour
twice) is null in the column and true in `odd`: rule-engine must judge it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import msgspec
import polars as pl

from engine.expressions.scope import Kind

DIGITS = 15
LARGEST_EXPONENT = 290
CATEGORIES = 256
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_LARGEST_INTEGER = 10**DIGITS
_LARGEST_MICROS = 2**62


class Column(msgspec.Struct, frozen=True):
    """A fact of every customer, null where it is not known; `odd` is None where every value fits.

    values: by kind String or Enum, Float64, Boolean, List of either text, and Int64 for times and lengths of
    time.
    """

    kind: Kind
    values: pl.Series
    odd: pl.Series | None = None


class Unfit(Exception):
    """The value cannot be put exactly into a column."""


def column_of(kind: Kind, values: Iterable[Any]) -> Column:
    """Put the values of a fact into a column; null is None."""
    fit, dtype = _FITS[kind]
    fitted: list[Any] = []
    odd: list[bool] = []
    for value in values:
        try:
            fitted.append(None if value is None else fit(value))
            odd.append(False)
        except Unfit:
            fitted.append(None)
            odd.append(True)
    series = _narrowed(pl.Series(fitted, dtype=dtype))
    return Column(kind, series, pl.Series(odd, dtype=pl.Boolean) if any(odd) else None)


def _narrowed(values: pl.Series) -> pl.Series:
    """Give texts that are few as categories: each is then settled once."""
    if values.dtype == pl.String and values.n_unique() <= CATEGORIES:
        return values.cast(pl.Enum(values.drop_nulls().unique().sort()))
    return values


def number(value: Any) -> float:
    """Give a number as a float that stands for it alone; raises Unfit."""
    kind = type(value)
    if kind is int:
        if abs(value) < _LARGEST_INTEGER:
            return float(value)
    elif kind is Decimal:
        if not value:
            return 0.0
        if value.is_finite() and abs(value.adjusted()) <= LARGEST_EXPONENT:
            digits = value.as_tuple().digits
            if len(digits) <= DIGITS or not any(digits[DIGITS:]):
                return float(value)
    elif kind is float and math.isfinite(value) and (not value or 1e-290 < abs(value) < 1e290):
        # It stands for its shortest digits: those are the only ones of 15 or fewer that come out as it.
        return float(value)
    raise Unfit


def micros_of_time(value: Any) -> int:
    """Give an instant as microseconds since 1970; raises Unfit where its clock leaves it open."""
    if type(value) is not datetime or value.tzinfo is None:
        raise Unfit
    if type(value.tzinfo) is not timezone:
        offset = value.utcoffset()
        # Python compares by the wall's clock in one zone, which shows some hours twice and others never.
        if offset is None or value.replace(fold=not value.fold).utcoffset() != offset:
            raise Unfit
    return (value - EPOCH) // _MICROSECOND


def micros_of_duration(value: Any) -> int:
    """Give a length of time as microseconds; raises Unfit."""
    if type(value) is not timedelta:
        raise Unfit
    micros = value // _MICROSECOND
    if abs(micros) > _LARGEST_MICROS:
        raise Unfit
    return micros


def text(value: Any) -> str:
    """Give a text that UTF-8 can hold; raises Unfit."""
    if type(value) is not str:
        raise Unfit
    if not value.isascii():
        try:
            value.encode()
        except UnicodeEncodeError:
            raise Unfit from None
    return str(value)


def _boolean(value: Any) -> bool:
    if type(value) is not bool:
        raise Unfit
    return bool(value)


def _texts(value: Any) -> list[str]:
    if type(value) is not list and type(value) is not tuple:
        raise Unfit
    return [text(item) for item in value]


_FITS: dict[Kind, tuple[Callable[[Any], Any], Any]] = {
    Kind.TEXT: (text, pl.String),
    Kind.NUMBER: (number, pl.Float64),
    Kind.BOOLEAN: (_boolean, pl.Boolean),
    Kind.DATE: (micros_of_time, pl.Int64),
    Kind.TIME: (micros_of_time, pl.Int64),
    Kind.DURATION: (micros_of_duration, pl.Int64),
    Kind.LIST: (_texts, pl.List(pl.String)),
}
