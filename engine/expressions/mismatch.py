"""Sentences for two sides that do not fit each other, with what to write instead."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from rule_engine import DataType
from rule_engine import ast as rule_ast

from engine.errors import ExpressionError

_SIGNS = {
    "eq": "==",
    "ne": "!=",
    "lt": "<",
    "le": "<=",
    "gt": ">",
    "ge": ">=",
    "eq_fzm": "=~",
    "eq_fzs": "=~~",
    "ne_fzm": "!~",
    "ne_fzs": "!~~",
    "add": "+",
    "sub": "-",
    "mul": "*",
    "tdiv": "/",
    "fdiv": "//",
    "mod": "%",
    "bwand": "&",
    "bwor": "|",
    "bwxor": "^",
}
_NUMERIC = frozenset(("*", "/", "//", "%", "^"))
_LITERALS = (rule_ast.StringExpression, rule_ast.FloatExpression, rule_ast.BooleanExpression)
_WORDS = (
    (DataType.STRING, "text"),
    (DataType.FLOAT, "a number"),
    (DataType.BOOLEAN, "true or false"),
    (DataType.DATETIME, "a date or time"),
    (DataType.TIMEDELTA, "a length of time"),
    (DataType.NULL, "null"),
)


def type_in_words(data_type: Any) -> str:
    """Give the name of a type as a person says it."""
    for known, words in _WORDS:
        if data_type == known:
            return words
    if DataType.is_type(data_type, DataType.ARRAY) or DataType.is_type(data_type, DataType.SET):
        return "a list"
    if DataType.is_type(data_type, DataType.OBJECT):
        return "not a value"
    return "a map" if DataType.is_type(data_type, DataType.MAPPING) else "a value"


def described(node: Any, unnamed: str) -> str:
    """Give what a node is and of which type; `unnamed` is what to call one that is no name or literal."""
    words = type_in_words(node.result_type)
    dotted = getattr(node, "dotted", None)
    if dotted is not None:
        return f"{dotted} is {words}"
    if isinstance(node, rule_ast.StringExpression):
        return f"{node.value!r} is text"
    if isinstance(node, rule_ast.FloatExpression):
        return f"{node.value} is a number"
    return f"{unnamed} is {words}"


def not_a_value(owner: Any) -> str:
    """Give the sentence for a root, such as `customer`, that is used as if it were a value."""
    own = "id" if "id" in owner.attributes else next(iter(sorted(owner.attributes)), "id")
    return f"`{owner.name}` is not a value; name one of its own, such as {owner.name}.{own}"


def mismatch(operator: str, left: Any, right: Any) -> ExpressionError:
    """Give the error for an operator whose two sides are of types that do not go together."""
    sign = _SIGNS.get(operator, operator)
    # What fits the other side helps only where an operator takes two of one type.
    suggestion = None if sign in _NUMERIC else _suggestion(left, right) or _suggestion(right, left)
    for side in (left, right):
        if DataType.is_type(side.result_type, DataType.OBJECT):
            return ExpressionError("type", not_a_value(side.result_type))
    if sign in ("+", "-"):
        suggestion = _shift(left, right) or suggestion
    sides = f"{described(left, 'the left side')} and {described(right, 'the right side')}"
    tail = f"did you mean {suggestion}?" if suggestion is not None else _instead(sign, left, right)
    return ExpressionError("type", f"{sides}, which `{sign}` cannot take together; {tail}", None, suggestion)


def _instead(sign: str, left: Any, right: Any) -> str:
    if DataType.NULL in (left.result_type, right.result_type):
        return "ask for null with == null or != null"
    if sign in ("&", "|"):
        return f"write {'and' if sign == '&' else 'or'}"
    if sign in _NUMERIC:
        return "use numbers on both sides"
    if sign == "in":
        return "write a list on the right"
    if sign in ("=~", "=~~", "!~", "!~~"):
        return "use a text on the left"
    for one, other in ((left, right), (right, left)):
        if isinstance(one, _LITERALS) and not isinstance(other, _LITERALS):
            wanted = type_in_words(other.result_type)
            shown = repr(one.value) if isinstance(one, rule_ast.StringExpression) else one.value
            return f"write {wanted} instead of {shown}"
    return "give both sides the same type" if left.result_type != right.result_type else "write == or !="


def _shift(left: Any, right: Any) -> str | None:
    """Give the days by which a time is moved, where only their number is written."""
    days = right.value if isinstance(right, rule_ast.FloatExpression) else None
    if left.result_type != DataType.DATETIME or days is None or days != days.to_integral_value():
        return None
    return f"{days}d"


def _suggestion(literal: Any, other: Any) -> str | None:
    wanted = other.result_type
    if isinstance(literal, rule_ast.StringExpression):
        return _unquoted(literal.value, wanted)
    if isinstance(literal, rule_ast.FloatExpression):
        if wanted == DataType.STRING:
            return f"'{literal.value}'"
        if wanted == DataType.TIMEDELTA and literal.value == literal.value.to_integral_value():
            return f"{literal.value}d"
        if wanted == DataType.BOOLEAN and literal.value in (0, 1):
            return "true" if literal.value else "false"
    if isinstance(literal, rule_ast.BooleanExpression) and wanted == DataType.STRING:
        return "'true'" if literal.value else "'false'"
    return None


def _unquoted(text: str, wanted: Any) -> str | None:
    if wanted == DataType.FLOAT and _is_number(text):
        return text
    if wanted == DataType.BOOLEAN and text.lower() in ("true", "false", "yes", "no"):
        return "true" if text.lower() in ("true", "yes") else "false"
    if wanted == DataType.DATETIME and text[:4].isdecimal() and text[4:5] == "-":
        return f'd"{text}"'
    if wanted == DataType.TIMEDELTA and text[:-1].isdecimal() and text[-1:] in ("m", "h", "d", "w"):
        return text
    return None


def _is_number(text: str) -> bool:
    try:
        return Decimal(text).is_finite()
    except ArithmeticError:
        return False
