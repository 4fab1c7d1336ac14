"""When a schedule comes round next, on the wall clock of a zone."""

from __future__ import annotations

import calendar
import datetime as dt
from bisect import bisect_right
from collections.abc import Iterator
from functools import lru_cache
from itertools import count

from cronsim import CronSim

from engine.customers.zones import Zone
from engine.model.schedule import Schedule
from engine.model.values import HOUR, Day, Micros


class _Turns:
    """What is known of a schedule's turns: after any instant from `lows[n]` until `dues[n]` that one is next.

    Customer by customer the same turns are asked for. Both are in the order of time, and replaced together.
    """

    __slots__ = ("known",)

    def __init__(self) -> None:
        self.known: tuple[tuple[Micros, ...], tuple[Micros, ...]] = ((), ())

    def add(self, low: Micros, due: Micros) -> None:
        """Keep that `due` comes next after `low`, which was not known before."""
        lows, dues = self.known if len(self.known[0]) < REMEMBERED else ((), ())
        place = bisect_right(dues, low)
        beyond = place + 1 if dues[place : place + 1] == (due,) else place
        self.known = (*lows[:place], low, *lows[beyond:]), (*dues[:place], due, *dues[beyond:])


REMEMBERED = 1000
"""So many turns of a schedule are remembered: a year of days is played back customer by customer."""


@lru_cache(maxsize=4096)
def _turns(schedule: Schedule, zone: Zone) -> _Turns:
    return _Turns()


def next_after(schedule: Schedule, zone: Zone, after: Micros) -> Micros | None:
    """Give the first instant after `after` at which the schedule comes round, None if never again.

    A wall-clock time that a clock change skips runs at the next time that exists; one that it
    doubles runs once, the first time.
    """
    turns = _turns(schedule, zone)
    lows, dues = turns.known
    place = bisect_right(dues, after)
    if place < len(dues) and lows[place] <= after:
        return dues[place]
    found = _first_after(schedule, zone, after)
    if found is not None:
        turns.add(after, found)
    return found


def _first_after(schedule: Schedule, zone: Zone, after: Micros) -> Micros | None:
    if schedule.kind == "every":
        return _next_step(schedule, zone, after)
    for instant in _instants(schedule, zone, zone.day_of(after)):
        if instant > after:
            return instant
    return None


def _instants(schedule: Schedule, zone: Zone, day: Day) -> Iterator[Micros]:
    if schedule.kind == "cron":
        yield from _cron(schedule.cron or "", zone, day)
        return
    minutes = schedule.at.minutes if schedule.at else 0
    for candidate in _days(schedule, day):
        yield zone.at(candidate, minutes)


def _days(schedule: Schedule, day: Day) -> Iterator[Day]:
    if schedule.kind == "once":
        yield schedule.date.toordinal() if schedule.date else day
    elif schedule.kind == "daily":
        yield from count(day)
    elif schedule.kind == "weekly":
        yield from count(day + ((schedule.weekday or 0) - (day - 1)) % 7, 7)
    else:
        yield from _monthly(schedule.day or 1, dt.date.fromordinal(day))


def _monthly(wanted: int, first: dt.date) -> Iterator[Day]:
    for month in count(first.year * 12 + first.month - 1):
        year, index = divmod(month, 12)
        last = calendar.monthrange(year, index + 1)[1]
        yield dt.date(year, index + 1, min(wanted, last)).toordinal()


def _cron(text: str, zone: Zone, day: Day) -> Iterator[Micros]:
    start = dt.datetime.combine(dt.date.fromordinal(day), dt.time()) - dt.timedelta(minutes=1)
    for wall in CronSim(text, start):
        yield zone.at(wall.toordinal(), wall.hour * 60 + wall.minute)


def _next_step(schedule: Schedule, zone: Zone, after: Micros) -> Micros:
    length = schedule.every.micros if schedule.every else HOUR
    day = zone.day_of(after)
    start = zone.start_of_day(day)
    instant = start + ((after - start) // length + 1) * length
    return min(instant, zone.start_of_day(day + 1))
