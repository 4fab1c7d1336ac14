"""Values of declared kinds: read tolerantly from what was sent, kept compactly, shown to expressions.

One value has three forms. *Sent*: JSON, brought into one spelling by `coerce` (dates as
`2026-05-31`, times in UTC). *Kept* in a customer's state: a date as an ordinal, a time and a length
of time as microseconds, everything else as sent. *Shown* to expressions: a date as the local
midnight of the workspace's zone, a time as a datetime in UTC, a length of time as a timedelta.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

from engine.customers.zones import Zone, instant_of, moment_of
from engine.errors import ValueSyntaxError
from engine.expressions import Kind, plain
from engine.model.values import DAY, SECOND, Day, Duration, Micros, Written

EARLIEST_EVENT: Micros = 0
LATEST: Micros = instant_of(datetime(2201, 1, 1, tzinfo=UTC))
"""Events lie in 1970 to 2200; dates and times that are values may be as early as 1800."""

EARLIEST: Micros = instant_of(datetime(1800, 1, 1, tzinfo=UTC))
_FIRST_DATE, _LAST_DATE = date(1800, 1, 1).toordinal(), date(2200, 12, 31).toordinal()

TOO_BIG = 2**63
"""Whole numbers from here on are not exact in every place that a value passes."""

_NUMBER = re.compile(r"[+-]?\d{1,19}(\.\d{1,30})?([eE][+-]?\d{1,2})?")
_DATE = re.compile(r"\d{4}-\d\d-\d\d")
_EPOCH = re.compile(r"\d{10}|\d{13}")
_LENGTH = re.compile(
    r"P(?=.)(?:(\d{1,5})W)?(?:(\d{1,5})D)?(?:T(?=.)(?:(\d{1,6})H)?(?:(\d{1,7})M)?(?:(\d{1,9})S)?)?"
)
_LENGTHS = (7 * DAY, DAY, 3600 * SECOND, 60 * SECOND, SECOND)
_BOOLEANS: dict[object, bool] = {
    "true": True, "false": False, "yes": True, "no": False, "1": True, "0": False, 1: True, 0: False,
}  # fmt: skip


def is_number(value: object) -> bool:
    """Tell whether a JSON value is a number; true and false are none."""
    return type(value) is int or type(value) is Decimal


def parse_time(value: object, earliest: Micros = EARLIEST) -> Micros:
    """Read ISO 8601 with any offset (none: UTC), or a number of seconds or milliseconds since 1970.

    A number that would lie after 2200 as seconds is milliseconds. Raises ValueError.
    """
    if isinstance(value, str):
        text = value.strip()
        if _EPOCH.fullmatch(text):
            return parse_time(int(text), earliest)
        moment = datetime.fromisoformat(text)
        instant = instant_of(moment if moment.tzinfo else moment.replace(tzinfo=UTC))
    elif is_number(value):
        instant = int(value * SECOND)  # type: ignore[operator]
        if abs(instant) >= LATEST:
            instant //= 1000
    else:
        raise ValueError("not a time")
    if not earliest <= instant < LATEST:
        raise ValueError(f"a time lies in {moment_of(earliest).year} to 2200")
    return instant


def parse_day(value: object) -> Day:
    """Read a date: `2026-05-31`, or a time that is exactly a midnight as it is written."""
    if isinstance(value, str) and _DATE.fullmatch(value.strip()):
        day = date.fromisoformat(value.strip()).toordinal()
    elif isinstance(value, str) and not _EPOCH.fullmatch(value.strip()):
        moment = datetime.fromisoformat(value.strip())
        if moment.time() != datetime.min.time():
            raise ValueError("a time of day is no date")
        day = moment.toordinal()
    else:
        instant = parse_time(value)
        if instant % DAY:
            raise ValueError("a time of day is no date")
        day = moment_of(instant).toordinal()
    if not _FIRST_DATE <= day <= _LAST_DATE:
        raise ValueError("a date lies in 1800 to 2200")
    return day


def parse_length(value: object) -> Micros:
    """Read a length of time: `3d`, or ISO 8601 without years and months (`P3DT4H`)."""
    if not isinstance(value, str):
        raise ValueError("a number has no unit of time")
    match = _LENGTH.fullmatch(value.strip())
    if match is None:
        return Duration.parse(value).micros
    return sum(int(amount) * unit for amount, unit in zip(match.groups(), _LENGTHS, strict=True) if amount)


def _text(value: Any) -> str:
    if isinstance(value, str):
        return value
    if is_number(value):
        return format(value, "f") if isinstance(value, Decimal) else str(value)
    raise ValueError("not text")


def _number(value: Any) -> int | Decimal:
    if is_number(value):
        return value  # type: ignore[no-any-return]
    if isinstance(value, str) and _NUMBER.fullmatch(value.strip()):
        number = Decimal(value.strip())
        if abs(number) < TOO_BIG:
            return int(number) if number.as_tuple().exponent == 0 else number
    raise ValueError("not a number")


def _boolean(value: Any) -> bool:
    if isinstance(value, bool):
        return value
    key = value.strip().lower() if isinstance(value, str) else value
    if isinstance(key, (str, int)) and key in _BOOLEANS:
        return _BOOLEANS[key]
    raise ValueError("not true or false")


def _date(value: Any) -> str:
    return date.fromordinal(parse_day(value)).isoformat()


def _time(value: Any) -> str:
    return moment_of(parse_time(value)).isoformat().replace("+00:00", "Z")


def _length(value: Any) -> str:
    parse_length(value)
    return str(value).strip()


def _list(value: Any) -> list[Any]:
    if isinstance(value, list):
        return value
    raise ValueError("not a list")


_COERCE: dict[Kind, Callable[[Any], Any]] = {
    Kind.TEXT: _text,
    Kind.NUMBER: _number,
    Kind.BOOLEAN: _boolean,
    Kind.DATE: _date,
    Kind.TIME: _time,
    Kind.DURATION: _length,
    Kind.LIST: _list,
}


def coerce(kind: Kind, value: Any) -> Any:
    """Bring a sent value into the spelling of its declared kind, or raise ValueError.

    Only what is unambiguous is read: "12.50" is a number and "yes" a boolean, "1,250" and "maybe"
    are not. Null stays null, and a blank text of any kind but text is null.
    """
    if value is None or kind is Kind.ANY:
        return value
    if kind is not Kind.TEXT and isinstance(value, str) and not value.strip():
        return None
    try:
        return _COERCE[kind](value)
    except (ArithmeticError, OverflowError, ValueSyntaxError) as error:
        raise ValueError(str(error)) from error


_KEEP: dict[Kind, Callable[[Any], int]] = {
    Kind.DATE: parse_day,
    Kind.TIME: parse_time,
    Kind.DURATION: parse_length,
}


def keep(kind: Kind, value: Any) -> Any:
    """Give the form in which a coerced value is kept; what cannot be read is null."""
    parse = _KEEP.get(kind)
    if parse is None or value is None:
        return value
    try:
        return parse(value)
    except (ArithmeticError, ValueError):
        return None


_PLAIN = frozenset((str, int, float, bool, Decimal, type(None)))
"""Types whose values are sent as they are: nearly all, so nothing else is asked about them."""


def sent_form(value: Any) -> Any:
    """Give a value that an expression gave, or that is written in a file, as it would have been sent."""
    if type(value) in _PLAIN:
        return value
    if type(value) is dict:
        return {str(name): sent_form(item) for name, item in value.items()}
    if isinstance(value, (datetime, date)):
        return value.isoformat().replace("+00:00", "Z")
    if isinstance(value, timedelta):
        return plain(value)
    if isinstance(value, Written):
        return str(value)
    if isinstance(value, Mapping):
        return {str(name): sent_form(item) for name, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [sent_form(item) for item in value]
    return value


def show(kind: Kind, kept: Any, zone: Zone) -> Any:
    """Give the form in which expressions see a kept value."""
    if kept is None:
        return None
    if kind is Kind.DATE:
        return zone.midnight(kept)
    if kind is Kind.TIME:
        return moment_of(kept)
    return timedelta(microseconds=kept) if kind is Kind.DURATION else kept
