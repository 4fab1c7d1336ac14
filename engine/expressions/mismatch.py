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
        return f"not a value; name one of its own, such as {data_type.name}.id"
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


def mismatch(operator: str, left: Any, right: Any) -> ExpressionError:
    """Give the error for an operator whose two sides are of types that do not go together."""
    sign = _SIGNS.get(operator, operator)
    suggestion = _suggestion(left, right) or _suggestion(right, left)
    sides = f"{described(left, 'the left side')} and {described(right, 'the right side')}"
    message = f"{sides}, which `{sign}` cannot take together"
    if suggestion is not None:
        message += f"; did you mean {suggestion}?"
    elif DataType.NULL in (left.result_type, right.result_type):
        message += "; ask for null with == null or != null"
    elif sign in ("&", "|"):
        message += f"; write {'and' if sign == '&' else 'or'}"
    return ExpressionError("type", message, None, suggestion)


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
