"""One evaluation of rule-engine's suite, made again by every back end of Holdfast."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from rule_engine import DataType
from rule_engine.errors import UNDEFINED, SymbolResolutionError, SymbolTypeError

from engine.errors import ExpressionError
from engine.expressions import Env, Expression, Kind, Outcome, Scope, all_of, any_of, compile_expression
from engine.expressions.columns import Column, Sweep, column_of
from engine.expressions.index import Index
from tests.contract.rule_engine_suite.writing import with_event

ZONE = "UTC"
"""The suite takes the machine's zone for its own; it is run where that is this one."""

_KINDS = (
    (DataType.STRING, Kind.TEXT),
    (DataType.FLOAT, Kind.NUMBER),
    (DataType.BOOLEAN, Kind.BOOLEAN),
    (DataType.DATETIME, Kind.TIME),
    (DataType.TIMEDELTA, Kind.DURATION),
    (DataType.ARRAY, Kind.LIST),
)
_COLUMNS: Mapping[type, Kind] = {
    **{str: Kind.TEXT, int: Kind.NUMBER, float: Kind.NUMBER, Decimal: Kind.NUMBER, bool: Kind.BOOLEAN},
    **{datetime: Kind.TIME, timedelta: Kind.DURATION, list: Kind.LIST, tuple: Kind.LIST},
    **{type(None): Kind.TEXT},
}
_PLAIN = (*_COLUMNS, date, set, dict, range)
_REFUSED = {
    "function": "a function that reads the clock, draws by chance, fills memory, or is the caller's own",
    "operator": "<<, >> and **",
    "type": "== or in between values whose types can never be equal",
    "regex": "a pattern that is not written out, or that RE2 has not",
    "name": "an attribute that Holdfast has not: an item of a map after a dot, encode, decode",
}
"""What only Holdfast refuses, by the code of its error. Any other refusal is a difference."""


class LeftOut(Exception):
    """The evaluation has no counterpart in Holdfast's language; the text tells why (see docs/language.md)."""


@dataclass(frozen=True)
class Said:
    """What came of an evaluation: a value, or the class of what was raised."""

    value: Any = None
    raised: type[BaseException] | None = None


@dataclass(frozen=True)
class Occasion:
    """A text as the suite has it, its context, the values that it could read, and those that were absent."""

    text: str
    context: Any
    values: Mapping[str, Any]
    absent: frozenset[str] = frozenset()


def attempt(evaluate: Callable[[], Any]) -> Said:
    """Evaluate, whatever comes of it."""
    try:
        return Said(evaluate())
    except Exception as error:
        return Said(raised=type(error))


def differing(occasion: Occasion, wanted: Said) -> list[str]:
    """Give what of Holdfast says otherwise than rule-engine did; raises LeftOut."""
    try:
        expression, env = _counterpart(occasion, wanted)
    except ExpressionError as error:
        return [f"refused by Holdfast alone: {error.message}"]
    return [
        f"{name}: {found}"
        for name, found, right in _answers(expression, env, wanted)
        if not alike(found, right)
    ]


def untaken(occasion: Occasion) -> str:
    """Tell why Holdfast alone refuses a text, empty where it takes it; raises LeftOut."""
    try:
        _taken(occasion)
    except ExpressionError as error:
        return error.message
    return ""


def refused(occasion: Occasion) -> bool:
    """Tell whether Holdfast refuses a text, as rule-engine did."""
    try:
        return bool(untaken(occasion))
    except LeftOut:
        return True


def _taken(occasion: Occasion) -> Expression:
    try:
        return _compiled(occasion)
    except ExpressionError as error:
        if error.code not in _REFUSED:
            raise
        raise LeftOut(_REFUSED[error.code]) from None


def _compiled(occasion: Occasion) -> Expression:
    text, names = with_event(occasion.text)
    known = {name: kind for name in names if (kind := _kind(occasion.context, name)) is not None}
    return compile_expression(text, Scope(customer=None, event=known, zone=ZONE))


def _kind(context: Any, name: str) -> Kind | None:
    try:
        declared = context.resolve_type(name)
    except SymbolResolutionError:
        raise LeftOut("a type that the caller's own resolver does not give") from None
    if DataType.is_type(declared, DataType.NULLABLE):
        declared = declared.inner_type
    if DataType.is_type(declared, DataType.OBJECT) or DataType.is_type(declared, DataType.FUNCTION):
        raise LeftOut("an object or a function of the caller's own")
    if getattr(declared, "value_type", DataType.UNDEFINED) != DataType.UNDEFINED:
        raise LeftOut("a type for the items of a list or a map")
    return next((kind for known, kind in _KINDS if DataType.is_type(declared, known)), None)


def _counterpart(occasion: Occasion, wanted: Said) -> tuple[Expression, Env]:
    if occasion.absent and occasion.context.default_value is UNDEFINED:
        raise LeftOut("a name that is absent: it is null, and does not raise")
    if wanted.raised is SymbolTypeError:
        raise LeftOut("a value that is not of its name's type: rule-engine looks at no attribute's")
    expression = _taken(occasion)
    values = {name: value for name, value in occasion.values.items() if name not in occasion.absent}
    if not all(isinstance(value, _PLAIN) for value in values.values()):
        raise LeftOut("an object or a function of the caller's own")
    return expression, Env(event=values)


def _answers(expression: Expression, env: Env, wanted: Said) -> Iterator[tuple[str, Any, Any]]:
    """Give for each back end its name, what it says, and what it should say."""
    yield "rule-engine with Holdfast's nodes", attempt(lambda: expression.oracle.evaluate(env)), wanted
    yield "the value, compiled", attempt(lambda: expression.value(env)), wanted
    or_null = Said(None if wanted.raised else wanted.value)
    yield "the value or null, compiled", attempt(lambda: expression.value_or_null(env)), or_null
    outcome = _outcome(expression, env, wanted)
    yield "the line, compiled", expression.outcome(env), outcome
    yield "its trace", expression.trace(env).outcome, outcome
    conditions = [all_of([expression]), any_of([expression]), all_of([expression, any_of([expression])])]
    columns = dict(_columns(expression, env))
    for place, condition in enumerate(conditions):
        yield f"condition {place}, compiled", condition.outcome(env), outcome
        yield f"condition {place}, its trace", {each.outcome for each in condition.trace(env)}, {outcome}
    sweep = Sweep(conditions, columns, lambda row: env)
    for place, (by_index, by_columns) in enumerate(
        zip(Index(conditions).outcomes(env), sweep.outcomes(), strict=True)
    ):
        yield f"condition {place}, by the index", by_index, outcome
        yield f"condition {place}, in columns", by_columns, [outcome]


def _outcome(expression: Expression, env: Env, wanted: Said) -> Outcome:
    if wanted.raised is None:
        return Outcome.MET if wanted.value else Outcome.NOT_MET
    null = any(env.event.get(name.removeprefix("event.")) is None for name in expression.names)
    return Outcome.UNKNOWN if null else Outcome.ERROR


def _columns(expression: Expression, env: Env) -> Iterator[tuple[str, Column]]:
    # Columns have no row where there is none of them.
    yield "event.row", column_of(Kind.NUMBER, [0])
    for name in expression.names:
        value = env.event.get(name.removeprefix("event."))
        kind = _COLUMNS.get(type(value))
        if kind is not None:
            yield name, column_of(kind, [value])


def alike(found: Any, wanted: Any) -> bool:
    """Tell whether two answers are the same, by type too; NaN is NaN."""
    if isinstance(found, Said) and isinstance(wanted, Said):
        return found.raised is wanted.raised and alike(found.value, wanted.value)
    if type(found) is not type(wanted):
        return False
    if isinstance(found, (list, tuple)):
        return len(found) == len(wanted) and all(map(alike, found, wanted))
    if isinstance(found, Decimal) and found.is_nan():
        return wanted.is_nan()
    return bool(found == wanted)
