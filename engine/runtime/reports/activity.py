"""Activity: how often a rule decided what, and how many runs of a workflow began, day by day."""

from __future__ import annotations

from collections import Counter, OrderedDict
from threading import Lock
from typing import Literal

import msgspec

from engine.customers.zones import Zone
from engine.model.values import MINUTE, Day, Micros
from engine.store.interface import Reader

FRESH: Micros = 15 * MINUTE
"""So long what was counted of days that are over is good: what was late for them comes in by then."""

KEPT = 256
"""So many rules and workflows are remembered."""

Kind = Literal["rule", "workflow"]
Numbers = Counter[tuple[Day, str]]


class DayOf(msgspec.Struct, frozen=True):
    """A day of the workspace's zone, with numbers by kind."""

    day: Day
    numbers: dict[str, int]


class Activity(msgspec.Struct, frozen=True, kw_only=True):
    """Whole days up to and with today, the earliest first; a day without anything is there too."""

    id: str
    since: Micros
    until: Micros
    days: tuple[DayOf, ...]


class Activities:
    """Counts by day. Days that are over are counted once in some minutes, today each time."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._over: OrderedDict[tuple[Kind, str, Day, Day], tuple[Micros, Numbers]] = OrderedDict()

    def find(self, reader: Reader, zone: Zone, kind: Kind, id: str, days: int, now: Micros) -> Activity:
        """Give the last days of a rule (decisions by outcome) or a workflow (runs that began, by status).

        Outcomes that are kept by the hour, not_met and unknown, belong to the day in which their hour begins.
        """
        today = zone.day_of(now)
        first = today - days + 1
        # The latest instants may be ahead of now: today is counted up to its end.
        counted = self._past(reader, zone, kind, id, (first, today), now) + _count(
            reader, zone, kind, id, (today, today + 1)
        )
        found: dict[Day, dict[str, int]] = {day: {} for day in range(first, today + 1)}
        for (day, name), number in sorted(counted.items()):
            found[day][name] = number
        return Activity(
            id=id,
            since=zone.start_of_day(first),
            until=now,
            days=tuple(DayOf(day, each) for day, each in found.items()),
        )

    def _past(
        self, reader: Reader, zone: Zone, kind: Kind, id: str, days: tuple[Day, Day], now: Micros
    ) -> Numbers:
        key = kind, id, *days
        with self._lock:
            known = self._over.get(key)
        if known is not None and known[0] <= now < known[0] + FRESH:
            return known[1]
        counted = _count(reader, zone, kind, id, days)
        with self._lock:
            self._over[key] = now, counted
            self._over.move_to_end(key)
            while len(self._over) > KEPT:
                self._over.popitem(last=False)
        return counted


def _count(reader: Reader, zone: Zone, kind: Kind, id: str, days: tuple[Day, Day]) -> Numbers:
    """Count from the first of two days to before the other."""
    bounds = [zone.start_of_day(day) for day in range(days[0], days[1] + 1)]
    spans = reader.decision_spans if kind == "rule" else reader.run_spans
    counted: Numbers = Counter()
    for each in spans(id, bounds):
        counted[zone.day_of(each.at), each.kind] += each.number
    if kind == "rule":
        for hour in reader.decision_counts(rule=id, start=bounds[0], end=bounds[-1]):
            counted[zone.day_of(hour.hour), hour.outcome] += hour.number
    return counted
