"""Literal values against the types that are declared for them."""

from __future__ import annotations

import datetime as dt
import re
from decimal import Decimal
from typing import Any

from engine.authoring.wording import quoted
from engine.errors import ValueSyntaxError
from engine.expressions import Kind
from engine.model.values import Duration, Formula

_WRITE = {
    Kind.TEXT: "write a text",
    Kind.NUMBER: "write a number without quotes",
    Kind.BOOLEAN: "write true or false",
    Kind.DATE: "write a day, as 2026-12-25",
    Kind.TIME: 'write a time, as "2026-12-25 09:00"',
    Kind.DURATION: f"write {Duration.EXAMPLE}",
    Kind.LIST: "write a list, as [a, b]",
}
_DAY = re.compile(r"\d{4}-\d\d-\d\d")


def misfit(value: Any, kind: Kind) -> tuple[str, str] | None:
    """Say how a literal does not fit a kind, and what to write; None where it does."""
    if value is None or isinstance(value, Formula) or kind is Kind.ANY or _fits(value, kind):
        return None
    shown = quoted(value) if isinstance(value, str) else str(value)
    return f"{shown} is not a {kind.value}", _WRITE[kind]


def _fits(value: Any, kind: Kind) -> bool:
    match kind:
        case Kind.TEXT:
            return isinstance(value, str)
        case Kind.NUMBER:
            return isinstance(value, (int, Decimal)) and not isinstance(value, bool)
        case Kind.BOOLEAN:
            return isinstance(value, bool)
        case Kind.LIST:
            return isinstance(value, (list, tuple))
        case Kind.DURATION:
            return isinstance(value, str) and is_duration(value)
        case Kind.DATE:
            return isinstance(value, str) and _DAY.fullmatch(value) is not None and _is_moment(value)
        case _:
            return isinstance(value, str) and _is_moment(value)


def is_duration(text: str) -> bool:
    """Tell whether a text is a length of time."""
    try:
        Duration.parse(text)
    except ValueSyntaxError:
        return False
    return True


def _is_moment(text: str) -> bool:
    try:
        dt.datetime.fromisoformat(text)
    except ValueError:
        return False
    return True
