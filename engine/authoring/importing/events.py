"""Rows of a table to raw events, as a client would send them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from math import isfinite
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

import msgspec

from engine.model.reasons import QuarantineReason

CUSTOMER, EVENT, AT, ID = "customer", "event", "at", "id"
FIELDS = frozenset((CUSTOMER, EVENT, AT, ID, "account", "received_at", "sent_at", "anonymous_id"))
"""What an event has besides its properties; every other column is one of them."""

ROW = "source_row"
"""The column by which a query tells from which row of the files its own row comes."""
TIME = "source_time"
"""The column that tells a query when the files were last changed."""
REFUSED = ("refused_row", "refused_reason", "refused_text")
"""The columns in which a report of refused rows says what was wrong; they are no part of the row."""

_ASIDE = frozenset((ROW, TIME, *REFUSED))
_TEXTS = frozenset((CUSTOMER, ID, "account", "anonymous_id"))
_TIMES = frozenset((AT, "received_at", "sent_at"))

# Vendors write ` +0100` and ` UTC` behind a blank, which ISO 8601 does not.
_OFFSET = re.compile(r" ?(?:([+-]\d\d):?(\d\d)|UTC|GMT)$")

Convert = Callable[[Any], Any]


class BadRow(msgspec.Struct, frozen=True):
    """A row that is no event: why (a `QuarantineReason`), and what stood there."""

    code: str
    detail: str
    body: bytes = b""


class Row(NamedTuple):
    """A row on its way in: its number, the raw event (or `BadRow`), and the cells that it was made of."""

    number: int
    event: object
    cells: Sequence[Any] = ()


def events_of(
    columns: Sequence[str],
    rows: Iterable[tuple[int, Sequence[Any] | BadRow]],
    zone: ZoneInfo,
    *,
    timed: bool = True,
) -> Iterator[Row]:
    """Give a raw event for each numbered row; without a column `event` each is a customer's traits.

    Nothing (null, NaN, a blank text) is left out. Times without an offset are those of `zone`. Where
    rows are `timed`, one that has no time is refused: it must not count as of now.
    """
    names = [column.lower() if column.lower() in FIELDS else column for column in columns]
    converts = [_converter(name, zone) for name in names]
    traits = EVENT not in names
    place = next((at for at, name in enumerate(names) if name.lower() == ROW), None)
    for number, row in rows:
        if isinstance(row, BadRow):
            yield Row(number, row)
            continue
        if place is not None and isinstance(row[place], int):
            number = row[place]
        event: dict[str, Any] = {EVENT: "identify"} if traits else {}
        properties: dict[str, Any] = {}
        for name, convert, value in zip(names, converts, row, strict=True):
            if value is None or convert is None or (found := convert(value)) is None:
                continue
            if name in FIELDS:
                event[name] = found
            else:
                properties[name] = found
        if properties:
            event["properties"] = properties
        if timed and AT not in event:
            bad = BadRow(QuarantineReason.BAD_TIME.value, "the row has no time in `at`", body_of(event))
            yield Row(number, bad, row)
        else:
            yield Row(number, event, row)


def body_of(event: Mapping[str, Any]) -> bytes:
    """Give a row as it is kept in quarantine."""
    return msgspec.json.encode(event)


def _converter(name: str, zone: ZoneInfo) -> Convert | None:
    if name.lower() in _ASIDE:
        return None

    def in_zone(value: Any) -> Any:
        return _time(value, zone)

    def plain(value: Any) -> Any:
        return _plain(value, zone)

    if name in _TIMES:
        return in_zone
    return _text if name in _TEXTS else plain


def _text(value: Any) -> Any:
    """Give an id: tables like to keep one as a number."""
    if isinstance(value, str):
        return value.strip() or None
    if isinstance(value, (float, Decimal)):
        if not isfinite(value):
            return None
        return str(int(value)) if value == int(value) else str(value)
    return str(value)


def _time(value: Any, zone: ZoneInfo) -> Any:
    if isinstance(value, str):
        text = value.strip()
        try:
            return _shown(datetime.fromisoformat(_OFFSET.sub(_joined, text)), zone)
        except ValueError:
            return text or None
    if isinstance(value, float):
        return value if isfinite(value) else None
    return _shown(value, zone) if isinstance(value, date) else value


def _joined(offset: re.Match[str]) -> str:
    return f"{offset[1]}:{offset[2]}" if offset[1] else "+00:00"


def _shown(moment: date, zone: ZoneInfo) -> str:
    if not isinstance(moment, datetime):
        moment = datetime(moment.year, moment.month, moment.day)
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=zone)
    return moment.isoformat()


def _plain(value: Any, zone: ZoneInfo) -> Any:
    """Give a property's value as JSON has it; numbers stay exact."""
    if isinstance(value, str):
        return value if value.strip() else None
    if isinstance(value, (float, Decimal)):
        return value if isfinite(value) else None
    if value is None or isinstance(value, (bool, int)):
        return value
    if isinstance(value, datetime):
        return _shown(value, zone)
    if isinstance(value, (date, time)):
        return value.isoformat()
    if isinstance(value, timedelta):
        return f"PT{value // timedelta(seconds=1)}S"
    if isinstance(value, Mapping):
        return {str(key): _plain(item, zone) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item, zone) for item in value]
    return None if isinstance(value, (bytes, bytearray)) else str(value)
