"""The trend of a score: the slope of its daily values over 28 days."""

from __future__ import annotations

import sys
from array import array
from collections import defaultdict
from collections.abc import Iterable
from decimal import ROUND_HALF_EVEN, Decimal

import msgspec

from engine.model.values import Day

DAYS = 28
"""A trend is over so many days, and in points per so many days."""

LEAST = 7
"""Under so many days with a value there is no trend."""

_WIDTH, _NONE = 2, 0xFFFF
_CENT = Decimal("0.01")


class Daily(msgspec.Struct, frozen=True, array_like=True):
    """The values of a score by day, the newest last, in two bytes each: hundredths of a point.

    `formula` tells which parts they are of: the values of another formula are no past of these.
    """

    formula: int
    newest: Day
    values: bytes = b""


def note(daily: Daily | None, formula: int, day: Day, value: Decimal | None) -> Daily:
    """Keep the value of a day; days of which nothing was kept have none, and the oldest go."""
    kept = b""
    if daily is not None and daily.formula == formula and daily.newest < day:
        missed = min(day - daily.newest - 1, DAYS)
        kept = daily.values + _NONE.to_bytes(_WIDTH, "big") * missed
    rounded = _NONE if value is None else int((value * 100).to_integral_value(ROUND_HALF_EVEN))
    return Daily(formula, day, (kept + rounded.to_bytes(_WIDTH, "big"))[-_WIDTH * DAYS :])


def values(daily: Daily | None, day: Day) -> list[tuple[Day, int]]:
    """Give the days, of the 28 up to `day`, that have a value, each with its hundredths of a point."""
    if daily is None:
        return []
    count = len(daily.values) // _WIDTH
    found = []
    for index in range(count):
        of = daily.newest - count + 1 + index
        value = int.from_bytes(daily.values[_WIDTH * index : _WIDTH * (index + 1)], "big")
        if value != _NONE and day - DAYS < of <= day:
            found.append((of, value))
    return found


def totals(dailies: Iterable[Daily], day: Day) -> dict[Day, tuple[int, int]]:
    """Give, for each of the 28 days up to `day`, the sum of many scores in hundredths, and of how many it is.

    The same as adding up the `values` of each, for many thousands: those of one length and newest day are
    added a day at a time.
    """
    alike: dict[tuple[Day, int], list[bytes]] = defaultdict(list)
    for daily in dailies:
        alike[daily.newest, len(daily.values) // _WIDTH].append(daily.values)
    found: dict[Day, tuple[int, int]] = {}
    for (newest, count), kept in alike.items():
        table = array("H", b"".join(kept))
        if sys.byteorder == "little":
            table.byteswap()
        for index in range(count):
            of = newest - count + 1 + index
            if day - DAYS < of <= day:
                column = table[index::count]
                nothing = column.count(_NONE)
                cents, number = found.get(of, (0, 0))
                found[of] = cents + sum(column) - nothing * _NONE, number + len(column) - nothing
    return {of: total for of, total in sorted(found.items()) if total[1]}


def slope(daily: Daily | None, day: Day) -> Decimal | None:
    """Give the trend as of a day: points per 28 days, to two places; None under seven days with a value.

    The slope of the line of least squares, (n Sxy - Sx Sy) / (n Sxx - Sx Sx) (Gauss; Draper and Smith,
    Applied Regression Analysis, 3rd edition, 1.2): one bad day moves it little, and unlike the difference
    of the last two values it says nothing of noise alone.
    """
    points = values(daily, day)
    n = len(points)
    if n < LEAST:
        return None
    first = points[0][0]
    xs = [at - first for at, _ in points]
    ys = [value for _, value in points]
    sx, sy = sum(xs), sum(ys)
    steepness = n * sum(x * y for x, y in zip(xs, ys, strict=True)) - sx * sy
    spread = n * sum(x * x for x in xs) - sx * sx
    return (Decimal(DAYS * steepness) / Decimal(100 * spread)).quantize(_CENT, ROUND_HALF_EVEN)
