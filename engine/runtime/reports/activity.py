"""Activity: how often a rule decided what, and how many runs of a workflow began, day by day."""

from __future__ import annotations

from collections import Counter

import msgspec

from engine.customers.zones import Zone
from engine.model.values import Day, Micros
from engine.store.interface import Reader


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


def rule_activity(reader: Reader, zone: Zone, rule: str, days: int, now: Micros) -> Activity:
    """Count a rule's decisions by day and outcome.

    Outcomes that are kept by the hour, not_met and unknown, belong to the day in which their hour begins.
    """
    since, end = _bounds(zone, days, now)
    counted: Counter[tuple[Day, str]] = Counter()
    for kept in reader.decision_quarters(rule, since, end):
        counted[zone.day_of(kept.at), kept.kind] += kept.number
    for each in reader.decision_counts(rule=rule, start=since, end=end):
        counted[zone.day_of(each.hour), each.outcome] += each.number
    return _laid_out(rule, zone, since, now, counted)


def workflow_activity(reader: Reader, zone: Zone, workflow: str, days: int, now: Micros) -> Activity:
    """Count the runs that began by day, and by how they stand now."""
    since, end = _bounds(zone, days, now)
    counted: Counter[tuple[Day, str]] = Counter()
    for begun in reader.run_quarters(workflow, since, end):
        counted[zone.day_of(begun.at), begun.kind] += begun.number
    return _laid_out(workflow, zone, since, now, counted)


def _bounds(zone: Zone, days: int, now: Micros) -> tuple[Micros, Micros]:
    """Give where the first of so many days begins, and where today ends: instants may be ahead of now."""
    today = zone.day_of(now)
    return zone.start_of_day(today - days + 1), zone.start_of_day(today + 1)


def _laid_out(id: str, zone: Zone, since: Micros, now: Micros, counted: Counter[tuple[Day, str]]) -> Activity:
    found: dict[Day, dict[str, int]] = {day: {} for day in range(zone.day_of(since), zone.day_of(now) + 1)}
    for (day, kind), number in sorted(counted.items()):
        found[day][kind] = number
    return Activity(
        id=id, since=since, until=now, days=tuple(DayOf(day, each) for day, each in found.items())
    )
