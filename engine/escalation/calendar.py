"""Business calendars: open time added to an instant, and counted between two.

Everything is computed from instants; wall-clock times only say where the open spans lie, so that a
change of the clocks makes a span longer or shorter and never miscounts it.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import takewhile
from zoneinfo import ZoneInfo

from engine.model.ladder import Calendar
from engine.model.values import DAY, LONGEST, SECOND, WEEKDAYS, Day, Duration, Micros

Span = tuple[Micros, Micros]

_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
_MICROSECOND = dt.timedelta(microseconds=1)
_NUMBERS = {name[:length]: number for number, name in enumerate(WEEKDAYS) for length in (3, len(name))}


@lru_cache(maxsize=256)
def weekdays_of(key: str) -> frozenset[int]:
    """Read a key of `open:` (`mon-fri`, `sat`, `mon, wed`) as weekdays, Monday being 0.

    Raises ValueError for anything else. A range may go over the week's end: `sat-mon`.
    """
    found: set[int] = set()
    for part in key.lower().split(","):
        ends = [_NUMBERS.get(name.strip()) for name in part.split("-")]
        if None in ends or len(ends) > 2:
            raise ValueError(f"{key!r} names no weekdays; write mon-fri, sat, or mon, wed")
        first, last = ends[0] or 0, ends[-1] or 0
        found.update((first + step) % 7 for step in range((last - first) % 7 + 1))
    return frozenset(found)


def spans_of(calendar: Calendar, day: Day) -> list[Span]:
    """Give the open spans that begin on a day of the calendar's zone, in order, none touching another."""
    date = dt.date.fromordinal(day)
    if date in calendar.closed:
        return []
    special = calendar.special.get(date.isoformat())
    usual = (hours for key, hours in calendar.open.items() if date.weekday() in weekdays_of(key))
    merged: list[Span] = []
    for opens, closes in sorted(
        (hours.start.minutes, hours.end.minutes) for hours in (usual if special is None else (special,))
    ):
        over_midnight = 1 if closes <= opens else 0
        start = _instant(calendar.zone, day, opens)
        end = _instant(calendar.zone, day + over_midnight, closes)
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return [span for span in merged if span[0] < span[1]]


def open_spans(calendar: Calendar, start: Micros) -> Iterator[Span]:
    """Give the open spans from an instant on, the first one cut to begin there.

    Ends after ten years: no calendar of a workspace is closed for longer.
    """
    reached = start
    first = _local(calendar.zone, start).toordinal() - 1
    for day in range(first, first + LONGEST // DAY):
        for opens, closes in spans_of(calendar, day):
            if closes > reached:
                yield max(opens, reached), closes
                reached = closes


def add_open_time(calendar: Calendar | None, start: Micros, length: Duration | Micros) -> Micros:
    """Give the instant at which so much open time has passed since `start`.

    Hours and minutes are open time. Days are open days: 1d after Friday 16:00 is the next open day at
    16:00, and where that day is not open then, the open instant nearest before it; a start outside the
    open hours counts from when they next begin. Without a calendar all time is open and a day is 24 hours.
    Raises ValueError where the calendar does not open enough in ten years.
    """
    if calendar is None:
        return start + (length.micros if isinstance(length, Duration) else length)
    if isinstance(length, Duration) and length.days is not None:
        return _add_open_days(calendar, start, length.days)
    rest = length.micros if isinstance(length, Duration) else length
    for opens, closes in open_spans(calendar, start):
        if rest <= closes - opens:
            return opens + rest
        rest -= closes - opens
    raise _never_opens(calendar)


def _add_open_days(calendar: Calendar, start: Micros, days: int) -> Micros:
    opening = next(open_spans(calendar, start), None)
    if opening is None:
        raise _never_opens(calendar)
    local = _local(calendar.zone, opening[0])
    day, minutes = local.toordinal(), local.hour * 60 + local.minute
    rest = opening[0] - _instant(calendar.zone, day, minutes)
    for later in range(day + 1, day + 1 + LONGEST // DAY):
        spans = spans_of(calendar, later)
        days -= 1 if spans else 0
        if days == 0:
            wanted = _instant(calendar.zone, later, minutes) + rest
            before = [min(wanted, closes) for opens, closes in spans if opens <= wanted]
            return max(before, default=spans[0][0])
    raise _never_opens(calendar)


def open_time_between(calendar: Calendar | None, start: Micros, end: Micros) -> Micros:
    """Give the open time between two instants, 0 where `end` is not after `start`."""
    if calendar is None or end <= start:
        return max(end - start, 0)
    total = 0
    for opens, closes in open_spans(calendar, start):
        if opens >= end:
            break
        total += min(closes, end) - opens
    return total


def before(calendar: Calendar | None, end: Micros, length: Micros) -> Micros:
    """Give the latest instant from which so much open time is left until `end`.

    Where the calendar was not open for so long in the ten years before, it is where those begin.
    """
    if calendar is None:
        return end - length
    reach = 2 * DAY
    while reach < 2 * LONGEST:
        rest = length
        for opens, closes in reversed(_open_until(calendar, max(end - reach, end - LONGEST), end)):
            if rest <= closes - opens:
                return closes - rest
            rest -= closes - opens
        reach *= 4
    return end - LONGEST


def _open_until(calendar: Calendar, start: Micros, end: Micros) -> list[Span]:
    """Give the open spans between two instants."""
    found = takewhile(lambda span: span[0] < end, open_spans(calendar, start))
    return [(opens, min(closes, end)) for opens, closes in found]


def due_at(calendar: Calendar | None, start: Micros, length: Duration, pauses: Sequence[Span] = ()) -> Micros:
    """Give when a clock that began at `start` runs out, its pauses not counted.

    `pauses` are (from, to), none overlapping another; one that begins after the clock has run out
    changes nothing.
    """
    due = add_open_time(calendar, start, length)
    for begins, ends in sorted(pauses):
        if begins < due:
            due = add_open_time(calendar, due, open_time_between(calendar, max(begins, start), ends))
    return due


def _never_opens(calendar: Calendar) -> ValueError:
    return ValueError(f"calendar {calendar.id!r} does not open enough in ten years")


def _local(name: str, instant: Micros) -> dt.datetime:
    return (_EPOCH + dt.timedelta(microseconds=instant)).astimezone(ZoneInfo(name))


@lru_cache(maxsize=65_536)
def _instant(name: str, day: Day, minutes: int) -> Micros:
    """Give the instant of a wall-clock time; a skipped one gives the next that exists."""
    extra, minute = divmod(minutes, 24 * 60)
    wall = dt.datetime.combine(
        dt.date.fromordinal(day + extra), dt.time(minute // 60, minute % 60), ZoneInfo(name)
    )
    early, late = ((wall.replace(fold=fold) - _EPOCH) // _MICROSECOND for fold in (1, 0))
    if late <= early:
        return late
    # In a gap the two readings lie on either side of the change: find it between them.
    before = _local(name, early).utcoffset()
    while late - early > SECOND:
        middle = (early + late) // (2 * SECOND) * SECOND
        if _local(name, middle).utcoffset() == before:
            early = middle
        else:
            late = middle
    return late
