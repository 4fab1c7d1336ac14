"""Quiet hours: until when a message is held, in the customer's zone or in several that may be theirs."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

from engine.customers.zones import Zone, zone
from engine.model.policy import ContactPolicy
from engine.model.values import DAY, MINUTE, Hours, Micros
from engine.model.workflow import MessageClass

FARTHEST = 14 * DAY
"""How far ahead an open hour is looked for; the check refuses zones that share under two of them."""

_MINUTES_A_DAY = 24 * 60


def customer_zone(facts: Mapping[str, Any]) -> Zone | None:
    """Give the customer's own zone, None where it is unknown or no IANA name."""
    name = facts.get("timezone")
    return _zone_or_none(name) if isinstance(name, str) else None


@lru_cache(maxsize=1024)
def _zone_or_none(name: str) -> Zone | None:
    try:
        return zone(name)
    except ValueError:
        return None


def zones_of(policy: ContactPolicy, workspace: Zone, facts: Mapping[str, Any]) -> tuple[Zone, ...]:
    """Give the zones in all of which the hours must be open for a customer."""
    if policy.quiet_hours is not None and policy.quiet_hours.in_ == "workspace time":
        return (workspace,)
    own = customer_zone(facts)
    if own is not None:
        return (own,)
    if policy.zone_unknown == "workspace":
        return (workspace,)
    return tuple(zone(name) for name in policy.zone_unknown)


def hours_of(policy: ContactPolicy, class_: MessageClass) -> Hours | None:
    """Give the quiet hours of a class, None where it has none."""
    hours: Hours | None = getattr(policy.quiet_hours, class_, None)
    return hours


def quiet_hold(
    policy: ContactPolicy, class_: MessageClass, zones: Sequence[Zone], now: Micros
) -> Micros | None:
    """Give the instant at which the quiet hours are over in all zones, None where a message may go now.

    Over `FARTHEST` ahead where the zones share no open hour.
    """
    hours = hours_of(policy, class_)
    if hours is None:
        return None
    until = now
    while until <= now + FARTHEST:
        later = max(_quiet_end(hours, place, until) for place in zones)
        if later == until:
            break
        until = later
    return until if until > now else None


def _quiet_end(hours: Hours, place: Zone, now: Micros) -> Micros:
    """Give the end of the quiet hours that `now` is in, `now` itself where it is in none."""
    local = place.local(now)
    minutes = local.hour * 60 + local.minute
    start, end = hours.start.minutes, hours.end.minutes
    if not (start <= minutes < end if start < end else minutes >= start or minutes < end):
        return now
    wait = end - minutes if minutes < end else end + _MINUTES_A_DAY - minutes
    days, minute = divmod(minutes + wait, _MINUTES_A_DAY)
    opens = place.at(place.day_of(now) + days, minute)
    if opens > now:
        return opens
    # The clock went back and the hour is passing a second time: from here on it runs evenly.
    return now - now % MINUTE + wait * MINUTE


def open_minutes_in_all(zones: Sequence[str], hours: Hours, year: int = 2026) -> int:
    """Give how many minutes a day are outside the quiet hours in all zones at once.

    The least of the year's months, since zones change their clocks on different days.
    """
    places = [zone(name) for name in zones]
    return min(_shared_minutes(places, hours, month, year) for month in range(1, 13))


def _shared_minutes(places: Sequence[Zone], hours: Hours, month: int, year: int) -> int:
    noon = dt.datetime(year, month, 15, 12, tzinfo=dt.UTC)
    instant = int(noon.timestamp()) * 1_000_000
    shared = set(range(_MINUTES_A_DAY))
    for place in places:
        offset = place.local(instant).utcoffset() or dt.timedelta()
        shift = int(offset.total_seconds()) // 60
        length = (hours.start.minutes - hours.end.minutes) % _MINUTES_A_DAY
        opens = hours.end.minutes - shift
        shared &= {(opens + minute) % _MINUTES_A_DAY for minute in range(length)}
    return len(shared)
