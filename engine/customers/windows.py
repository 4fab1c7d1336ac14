"""Windows of time: which events count at an instant, and which buckets hold them."""

from __future__ import annotations

from datetime import date
from functools import lru_cache
from typing import Literal

import msgspec

from engine.customers.zones import EPOCH_DAY, Zone
from engine.model.values import DAY, HOUR, MINUTE, SECOND, UNITS, Day, Duration, Micros

Grain = Literal["all", "month", "day", "hour", "minute", "second"]
"""How finely a series keeps the past: one sum of everything, everything by month (for keys), or
whole days, hours, minutes or seconds. Days are the workspace's, shorter units count from 1970."""

LENGTHS: dict[Grain, Micros] = {"hour": HOUR, "minute": MINUTE, "second": SECOND}


class Window(msgspec.Struct, frozen=True):
    """`over:` and `ending:` of a fact; both None is all time."""

    over: Duration | None = None
    ending: Duration | None = None

    def grain(self) -> Grain:
        """Give the coarsest grain that is exact: a day's start need not be on a whole hour."""
        units = {length.unit for length in (self.over, self.ending) if length is not None}
        if not units:
            return "all"
        if units <= {"d", "w"}:
            return "day"
        if units == {"h"}:
            return "hour"
        return "second" if "s" in units else "minute"

    def reach(self) -> int | None:
        """Give how many grains back the window may look, None for ever."""
        if self.over is None:
            return None
        unit = LENGTHS.get(self.grain(), DAY)
        lengths = [length.micros for length in (self.over, self.ending) if length is not None]
        # One more for each length that is cut to the start of its own unit, a day's being 25 hours.
        return sum(lengths) // unit + len(lengths) * (DAY + 2 * HOUR if unit < DAY else DAY) // unit

    def bounds(self, now: Micros, zone: Zone) -> tuple[Micros | None, Micros | None]:
        """Give the first instant inside, and the first beyond (None: open, up to `now`)."""
        end = None if self.ending is None else _back(now, self.ending, zone)
        start = None if self.over is None else _back(now if end is None else end, self.over, zone)
        return start, end


def _back(instant: Micros, length: Duration, zone: Zone) -> Micros:
    """Go back by whole units from the start of the unit that an instant lies in."""
    if length.days is not None:
        return zone.start_of_day(zone.day_of(instant) - length.days)
    unit = UNITS[length.unit]
    return instant // unit * unit - length.micros


def index_of(grain: Grain, instant: Micros, zone: Zone) -> int:
    """Give the number of the bucket that an instant falls into."""
    unit = LENGTHS.get(grain)
    if unit is not None:
        return instant // unit
    if grain == "all":
        return 0
    day = zone.day_of(instant)
    return day if grain == "day" else month_of_day(day)


@lru_cache(maxsize=4096)
def month_of_day(day: Day) -> int:
    """Give the number of a day's month: year x 12 + month - 1."""
    local = date.fromordinal(day)
    return local.year * 12 + local.month - 1


@lru_cache(maxsize=4096)
def first_of_month(month: int) -> Day:
    """Give the first day of a month by its number."""
    return date(month // 12, month % 12 + 1, 1).toordinal()


def month_of(grain: Grain, index: int) -> int:
    """Give the month whose chunk keeps a bucket."""
    if grain == "month":
        return index
    unit = LENGTHS.get(grain)
    return month_of_day(index if unit is None else EPOCH_DAY + index * unit // DAY)
