"""Why a line came out as it did, in values that a person and JSON can read."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import msgspec

from engine.expressions.outcome import Outcome

_LARGEST_PLAIN_EXPONENT = 28
_PLAIN = frozenset((str, int, bool, type(None)))
"""Types of most values, which stay as they are."""


class LineTrace(msgspec.Struct, frozen=True):
    """One line of a condition: its text, outcome, the value of each name, and what was wrong.

    path: the places in nested lists by which the line is reached, from 0; empty for a line by itself.
    """

    text: str
    outcome: Outcome
    values: Mapping[str, Any]
    error: str | None = None
    path: tuple[int, ...] = ()


def plain(value: Any) -> Any:
    """Give a value as JSON has it.

    A whole number is an int, another number a float where that is exact and else a Decimal without trailing
    zeros; NaN and the infinities are null. A time is ISO 8601 in UTC with Z, a length of time an ISO 8601
    duration. Lists and maps are taken item by item; anything else stays as it is.
    """
    if type(value) in _PLAIN:
        return value
    if isinstance(value, Decimal):
        return _number(value)
    if isinstance(value, float):
        return _number(Decimal(repr(float(value))))
    if isinstance(value, datetime):
        return _instant(value)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, timedelta):
        return _duration(value)
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    if isinstance(value, (set, frozenset)):
        return sorted((plain(item) for item in value), key=str)
    return value


def _number(value: Decimal) -> int | float | Decimal | None:
    if not value.is_finite():
        return None
    if abs(value.adjusted()) <= _LARGEST_PLAIN_EXPONENT:
        if value == value.to_integral_value():
            return int(value)
        if Decimal(repr(float(value))) == value:
            return float(value)
        return value.normalize()
    return value


def _instant(value: datetime) -> str:
    if value.tzinfo is None:
        return value.isoformat()
    return value.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _duration(value: timedelta) -> str:
    microseconds = abs(value) // timedelta(microseconds=1)
    seconds, fraction = divmod(microseconds, 1_000_000)
    days, rest = divmod(seconds, 86_400)
    hours, minutes = rest // 3600, rest % 3600 // 60
    second = f"{rest % 60}.{fraction:06d}".rstrip("0").rstrip(".") if fraction else str(rest % 60)
    clock = "".join(
        [
            f"{hours}H" if hours else "",
            f"{minutes}M" if minutes else "",
            f"{second}S" if second != "0" else "",
        ]
    )
    sign = "-" if value < timedelta(0) else ""
    day = f"{days}D" if days else ""
    if not day and not clock:
        return "PT0S"
    return f"{sign}P{day}" + (f"T{clock}" if clock else "")
