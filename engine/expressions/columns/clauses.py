"""One clause over one column: for which customers it holds, raises, or is left open."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import msgspec
import polars as pl

from engine.expressions import regex
from engine.expressions.clauses import Answer, Clause, Operator, settle
from engine.expressions.clauses.form import OPPOSITES, ORDERS
from engine.expressions.columns.column import (
    Column,
    Unfit,
    micros_of_duration,
    micros_of_time,
    number,
    text,
)
from engine.expressions.columns.masks import Mask, either, opposite
from engine.expressions.columns.patterns import matched
from engine.expressions.scope import Kind


class Split(msgspec.Struct, frozen=True):
    """Where a part holds, where it raises, and where only rule-engine can tell; elsewhere it fails."""

    holds: Mask
    raises: Mask
    open: Mask

    @property
    def fails(self) -> Mask:
        """Where it fails."""
        return opposite(either(self.holds, either(self.raises, self.open)))


OPEN = Split(False, False, True)
_SAMPLES: Mapping[Kind, Any] = {
    Kind.TEXT: "",
    Kind.NUMBER: 0,
    Kind.DATE: datetime(2026, 1, 1, tzinfo=UTC),
    Kind.TIME: datetime(2026, 1, 1, tzinfo=UTC),
    Kind.DURATION: timedelta(),
    Kind.LIST: [],
}
"""A value of each kind: where a constant is of another kind, the answer is the same for all of them."""
_FITS: Mapping[Kind, Callable[[Any], Any]] = {
    Kind.TEXT: text,
    Kind.NUMBER: number,
    Kind.DATE: micros_of_time,
    Kind.TIME: micros_of_time,
    Kind.DURATION: micros_of_duration,
}
_TYPES: Mapping[Kind, tuple[type, ...]] = {
    Kind.TEXT: (str,),
    Kind.NUMBER: (Decimal, int),
    Kind.DATE: (datetime,),
    Kind.TIME: (datetime,),
    Kind.DURATION: (timedelta,),
}
_COMPARE: Mapping[Operator, Callable[[pl.Expr, Any], pl.Expr]] = {
    Operator.EQ: lambda values, constant: values == constant,
    Operator.LT: lambda values, constant: values < constant,
    Operator.LE: lambda values, constant: values <= constant,
    Operator.GT: lambda values, constant: values > constant,
    Operator.GE: lambda values, constant: values >= constant,
}
_PLAIN = frozenset((*ORDERS, Operator.EQ, Operator.IN, Operator.HAS, Operator.STARTS, Operator.FINDS))


def split(clause: Clause, column: Column) -> Split:
    """Give how a clause comes out over a column, which `name` and, where it has odd values, `odd` are of."""
    name = clause.subject.name or ""
    values = pl.col(name)
    known = _of_known(clause, column, values)
    absent = settle(clause, None)
    odd: Mask = False if column.odd is None else pl.col(odd_name(name))
    if not column.values.null_count():
        return known
    null = values.is_null()
    if not isinstance(odd, bool):
        null = null & ~odd
    return Split(
        _by_null(known.holds, absent is Answer.HOLDS, values, null),
        _by_null(known.raises, absent is Answer.RAISES, values, null),
        either(_by_null(known.open, absent is Answer.UNSURE, values, null), odd),
    )


def odd_name(name: str) -> str:
    """Give the column that tells where a fact's value is odd."""
    return f"odd {name}"


def _by_null(known: Mask, absent: bool, values: pl.Expr, null: pl.Expr) -> Mask:
    """Give a mask of known values the answer for null where there is none."""
    if isinstance(known, bool):
        if known:
            return values.is_not_null() | null if absent else values.is_not_null()
        return null if absent else False
    held = known.fill_null(False)
    return held | null if absent else held


def _of_known(clause: Clause, column: Column, values: pl.Expr) -> Split:
    if column.kind is Kind.BOOLEAN:
        return _by_settling(clause, (True, False), lambda held: values if held == [True] else ~values)
    if isinstance(column.values.dtype, pl.Enum):
        return _by_category(clause, column.values.dtype.categories.to_list(), values)
    operator = clause.operator
    if operator in _PLAIN or operator is Operator.TRUE:
        return _plain(clause, column, values)
    turned = Clause(clause.key, clause.subject, OPPOSITES[operator], clause.constant)
    found = _plain(turned, column, values)
    if isinstance(found.holds, bool):
        return Split(found.fails, found.raises, found.open)
    return Split(~found.holds, False, False)


def _by_category(clause: Clause, categories: list[str], values: pl.Expr) -> Split:
    codes = values.to_physical()
    places = {category: place for place, category in enumerate(categories)}

    def among(held: list[Any]) -> pl.Expr:
        if len(held) == 1:
            return codes == places[held[0]]
        if len(categories) - len(held) == 1:
            (other,) = places.keys() - set(held)
            return codes != places[other]
        return codes.is_in([places[each] for each in held])

    return _by_settling(clause, categories, among)


def _by_settling(
    clause: Clause, possible: list[str] | tuple[bool, ...], among: Callable[[list[Any]], pl.Expr]
) -> Split:
    """Settle each possible value once, as one customer's would be."""
    answers = [settle(clause, value) for value in possible]

    def where(wanted: Answer) -> Mask:
        held = [value for value, answer in zip(possible, answers, strict=True) if answer is wanted]
        if not held or len(held) == len(possible):
            return bool(held)
        return among(held)

    return Split(where(Answer.HOLDS), where(Answer.RAISES), where(Answer.UNSURE))


def _plain(clause: Clause, column: Column, values: pl.Expr) -> Split:
    operator, constant, kind, dtype = clause.operator, clause.constant, column.kind, column.values.dtype
    if operator is Operator.IN:
        return _among(clause, kind, values)
    if kind is Kind.LIST:
        return _has_item(constant, dtype, values) if operator is Operator.HAS else OPEN
    if operator is Operator.TRUE:
        if kind in (Kind.DATE, Kind.TIME):
            return Split(True, False, False)
        return Split(values != ("" if kind is Kind.TEXT else 0), False, False)
    if kind is Kind.TEXT and operator in (Operator.STARTS, Operator.FINDS):
        return _pattern(operator, constant, values)
    if kind is Kind.TEXT and operator is Operator.HAS and type(constant) is str:
        return Split(values.str.contains(constant, literal=True), False, False)
    if operator in _COMPARE and type(constant) in _TYPES[kind]:
        try:
            return Split(_COMPARE[operator](values, _FITS[kind](constant)), False, False)
        except Unfit:
            return OPEN
    answer = settle(clause, _SAMPLES[kind])
    return Split(answer is Answer.HOLDS, answer is Answer.RAISES, answer is Answer.UNSURE)


def _has_item(constant: Any, dtype: pl.DataType, values: pl.Expr) -> Split:
    if type(constant) is not str:
        # Each item is a text.
        return Split(False, False, False)
    inner = getattr(dtype, "inner", None)
    if not isinstance(inner, pl.Enum):
        return Split(values.list.contains(constant), False, False)
    if constant not in inner.categories:
        return Split(False, False, False)
    return Split(values.list.contains(pl.lit(constant, dtype=inner)), False, False)


def _among(clause: Clause, kind: Kind, values: pl.Expr) -> Split:
    if kind in (Kind.LIST, Kind.DATE, Kind.TIME):
        return OPEN
    # In a list true is the number 1.
    types = (Decimal, int, bool) if kind is Kind.NUMBER else _TYPES[kind]
    fit = _FITS[kind]
    try:
        choices = [
            fit(int(each) if type(each) is bool else each) for each in clause.constant if type(each) in types
        ]
    except Unfit:
        return OPEN
    return Split(values.is_in(choices) if choices else False, False, False)


def _pattern(operator: Operator, pattern: str, values: pl.Expr) -> Split:
    at_start = operator is Operator.STARTS
    found = matched(values, pattern, at_start=at_start)
    if found is None:
        compiled = regex.compiled(pattern)
        finds = compiled.match if at_start else compiled.search
        found = values.map_elements(lambda value: finds(value) is not None, return_dtype=pl.Boolean)
    return Split(found, False, False)
