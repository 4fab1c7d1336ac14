"""What one clause answers for one value."""

from __future__ import annotations

import enum
import operator
from collections.abc import Callable, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from engine.expressions import regex
from engine.expressions.clauses.form import OPPOSITES, ORDERS, Clause, Operator
from engine.expressions.native.operations import NUMBERS, TIMELESS


class Answer(enum.Enum):
    """It holds, it fails, it raises; unsure: the value is of a type that only rule-engine judges."""

    HOLDS = "holds"
    FAILS = "fails"
    RAISES = "raises"
    UNSURE = "unsure"


_ORDER: Mapping[Operator, Callable[[Any, Any], bool]] = {
    Operator.LT: operator.lt,
    Operator.LE: operator.le,
    Operator.GT: operator.gt,
    Operator.GE: operator.ge,
}
_TURNED = {OPPOSITES[each]: each for each in (
    Operator.EQ, Operator.IN, Operator.HAS, Operator.STARTS, Operator.FINDS, Operator.TRUE,
)}  # fmt: skip
_NEGATION = {Answer.HOLDS: Answer.FAILS, Answer.FAILS: Answer.HOLDS}


def settle(clause: Clause, value: Any) -> Answer:
    """Give what a clause answers where its subject, a name or what is computed, has this value."""
    if value is None:
        value = clause.subject.otherwise
    plain = _TURNED.get(clause.operator)
    answer = _settle(plain or clause.operator, value, clause.constant)
    return answer if plain is None else _NEGATION.get(answer, answer)


def is_plain(value: Any) -> bool:
    """Tell whether a value is one that Python compares as rule-engine does: no float, subclass or NaN."""
    kind = type(value)
    if kind is Decimal:
        return not value.is_nan()
    return kind in TIMELESS or (kind is datetime and value.tzinfo is not None)


def _settle(test: Operator, value: Any, constant: Any) -> Answer:
    if test is Operator.HAS:
        return _has(value, constant)
    if not is_plain(value):
        return Answer.UNSURE
    if test is Operator.EQ:
        return _told(_alike(value, constant) and value == constant)
    if test is Operator.IN:
        return Answer.UNSURE if type(value) is datetime else _told(value in constant)
    if test is Operator.TRUE:
        return _told(bool(value))
    if test in ORDERS:
        return _told(_ORDER[test](value, constant)) if _alike(value, constant) else Answer.RAISES
    if value is None:
        return Answer.FAILS
    if type(value) is not str:
        return Answer.RAISES
    pattern = regex.compiled(constant)
    match = pattern.match if test is Operator.STARTS else pattern.search
    return _told(match(value) is not None)


def _has(value: Any, constant: Any) -> Answer:
    kind = type(value)
    if kind is list or kind is tuple:
        items = TIMELESS.issuperset(map(type, value)) and all(map(is_plain, value))
        return _told(constant in value) if items else Answer.UNSURE
    if kind is str:
        return _told(constant in value) if type(constant) is str else Answer.RAISES
    return Answer.RAISES if value is None else Answer.UNSURE


def _alike(value: Any, constant: Any) -> bool:
    one, other = type(value), type(constant)
    return one is other or (one in NUMBERS and other in NUMBERS)


def _told(holds: bool) -> Answer:
    return Answer.HOLDS if holds else Answer.FAILS
