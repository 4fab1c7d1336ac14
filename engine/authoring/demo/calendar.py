"""The days of the demo: where they begin, whose clocks they are read on, which weeks are holidays."""

from __future__ import annotations

from datetime import date

import msgspec

from engine.customers.zones import moment_of, zone
from engine.model.values import Day, Micros

FIRST_MONDAY = date(2026, 1, 5)
SHORTEST = 105
"""Days: ten complete weeks to compare with, falls over three weeks, two weeks to see the last one."""

WORKSPACE_ZONE = "UTC"
ZONES = (
    "Europe/London",
    "Europe/Berlin",
    "America/New_York",
    "America/Los_Angeles",
    "Asia/Kolkata",
    "Asia/Tokyo",
)
"""Where customers live. Between 10:00 and 16:00 in any of them it is the same date in UTC."""

HOLIDAY_WEEKS = (6, 14)
"""Weeks (from 0) in which everybody is away. The first lies among the weeks that later ones are compared
with, the second among the recent ones; both have the weeks before them that the base's movement needs."""

HOLIDAY_SHARE = 0.35


class Calendar(msgspec.Struct, frozen=True):
    """`days` days from `first`, a Monday; a day is named by its number from 0."""

    first: Day
    days: int

    @property
    def start(self) -> Micros:
        """The first instant of the demo."""
        return self.at(0, 0)

    @property
    def end(self) -> Micros:
        """The instant at which the demo is over."""
        return self.at(self.days, 0)

    def at(self, day: int, minutes: int, zone_name: str | None = None) -> Micros:
        """Give the instant of a wall-clock time in minutes after midnight; by default the workspace's."""
        return zone(zone_name or WORKSPACE_ZONE).at(self.first + day, minutes)

    def date(self, day: int) -> str:
        """Give a day as ISO 8601."""
        return date.fromordinal(self.first + day).isoformat()

    def workdays(self) -> tuple[int, ...]:
        """Give the days that are no Saturday or Sunday."""
        return tuple(day for day in range(self.days) if day % 7 < 5)

    def share(self, day: int) -> float:
        """Give what part of its usual activity the whole base shows on a day."""
        return HOLIDAY_SHARE if day // 7 in HOLIDAY_WEEKS else 1.0


def calendar(first: date, days: int) -> Calendar:
    """Give the calendar of a demo; ValueError where it begins on no Monday or is too short to play."""
    if first.weekday() != 0:
        raise ValueError(f"{first.isoformat()} is no Monday; whole weeks are compared, so begin on one")
    if days < SHORTEST:
        raise ValueError(f"{days} days are too few; usage is compared over ten weeks, so play {SHORTEST}")
    return Calendar(first.toordinal(), days)


def iso(instant: Micros) -> str:
    """Give an instant as ISO 8601 in UTC."""
    return moment_of(instant).isoformat()
