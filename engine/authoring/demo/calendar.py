"""The days of the demo: where they begin, whose clocks they are read on, and what everybody feels on them."""

from __future__ import annotations

from datetime import date, timedelta

import msgspec

from engine.customers.zones import moment_of, zone
from engine.model.values import Day, Micros

FIRST_MONDAY = date(2026, 1, 5)
YEAR = 365
"""Days that are told; a shorter demo is the beginning of the same year."""

SHORTEST = 14

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

OUTAGE_WEEK = 25
OUTAGE_SHARE = 0.3
"""The week (from 0) in which the product mostly does not work, and what is used of it all the same."""

HOLIDAY_WEEKS = (50, 51)
HOLIDAY_SHARE = 0.65
"""The last weeks of the year: less is used, yet more than an outage leaves."""

SUMMER_WEEKS = range(29, 34)
SUMMER_SHARE = 0.85

BEFORE_THE_HOLIDAYS = range(45, 50)
RUSH = 1.3
"""How much more often shoppers look around in the weeks before the holidays."""

STAFF_CHANGE = 152
"""The day on which an owner has left and her customers get another one."""

RISE_TOLD, RISE = 225, 270
"""The days on which a price rise is written down for whom it concerns, and on which it begins."""


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

    def on(self, day: int) -> date:
        """Give a day as a date."""
        return date.fromordinal(self.first + day)

    def date(self, day: int) -> str:
        """Give a day as ISO 8601."""
        return self.on(day).isoformat()

    def share(self, day: int) -> float:
        """Give what part of its usual activity the whole base shows on a day."""
        week = day // 7
        if week == OUTAGE_WEEK:
            return OUTAGE_SHARE
        if week in HOLIDAY_WEEKS:
            return HOLIDAY_SHARE
        return SUMMER_SHARE if week in SUMMER_WEEKS else 1.0

    def rush(self, day: int) -> float:
        """Give how many times as often as usual shoppers come on a day."""
        return RUSH if day // 7 in BEFORE_THE_HOLIDAYS else 1.0


def calendar(first: date, days: int) -> Calendar:
    """Give the calendar of a demo; ValueError where it begins on no Monday, or is too short or too long."""
    if first.weekday() != 0:
        raise ValueError(f"{first.isoformat()} is no Monday; whole weeks are compared, so begin on one")
    if not SHORTEST <= days <= YEAR:
        raise ValueError(f"{days} days cannot be played; the demo is a year, take {SHORTEST} to {YEAR}")
    return Calendar(first.toordinal(), days)


def ending(today: date, days: int) -> tuple[date, int]:
    """Give the Monday on which a demo of about so many days begins that ends with `today`, and how many they
    are: up to six more, or less than a week fewer where that would be more than the year has."""
    first = today - timedelta(days=days - 1)
    first -= timedelta(days=first.weekday())
    if (today - first).days >= YEAR:
        first += timedelta(days=7)
    return first, (today - first).days + 1


def iso(instant: Micros) -> str:
    """Give an instant as ISO 8601 in UTC."""
    return moment_of(instant).isoformat()
