"""Calendar periods in a zone: days, weeks and months, one after another without a gap."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import Literal

from engine.customers.zones import Zone
from engine.model.values import Day, Micros

Unit = Literal["day", "week", "month"]


def number_of(unit: Unit, day: Day, zone: Zone) -> int:
    """Give the number of the period that a day lies in; the next one has the next number."""
    if unit == "day":
        return day
    if unit == "week":
        # Day 1 was a Monday.
        return (zone.week_of(day) - 1 - zone.week_starts) // 7
    date = dt.date.fromordinal(day)
    return date.year * 12 + date.month - 1


def begins(unit: Unit, number: int, zone: Zone) -> Micros:
    """Give the instant at which a period begins, and the one before it ends."""
    return zone.start_of_day(first_day(unit, number, zone))


def first_day(unit: Unit, number: int, zone: Zone) -> Day:
    """Give the first day of a period."""
    if unit == "day":
        return number
    if unit == "week":
        return number * 7 + 1 + zone.week_starts
    return dt.date(number // 12, number % 12 + 1, 1).toordinal()


def months_between(start: Micros, end: Micros, zone: Zone) -> Iterator[tuple[Micros, Micros]]:
    """Give the calendar months that overlap [start, end), each as [first, last), in order."""
    number = number_of("month", zone.day_of(start), zone)
    while (first := begins("month", number, zone)) < end:
        yield first, begins("month", number + 1, zone)
        number += 1


def whole_month(start: Micros, end: Micros, zone: Zone) -> bool:
    """Tell whether [start, end) is exactly one calendar month."""
    number = number_of("month", zone.day_of(start), zone)
    return begins("month", number, zone) == start and begins("month", number + 1, zone) == end


def months_in(start: Micros, end: Micros, zone: Zone) -> int:
    """Give how many whole months [start, end) is exactly, 0 where it is not some months."""
    first = number_of("month", zone.day_of(start), zone)
    last = number_of("month", zone.day_of(end), zone)
    exact = begins("month", first, zone) == start and begins("month", last, zone) == end
    return last - first if exact else 0
