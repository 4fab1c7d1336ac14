"""The generic cell rate algorithm (ITU-T I.371, annex A): one number a key, in whole microseconds.

That number is the instant at which nothing is owed any more. Each unit that is taken moves it on by the
quota's spacing; it may lie ahead of now by as much as the whole quota takes.
"""

from __future__ import annotations

import msgspec

from engine.model.values import SECOND, Micros, Rate


class Quota(msgspec.Struct, frozen=True):
    """So many units at once, and one more after each `spacing`; `window` seconds for all of them."""

    units: int
    spacing: Micros
    window: int


class Taken(msgspec.Struct, frozen=True):
    """What came of asking: `owed_until` is what to remember, `left` how many units are at hand now.

    `retry` is how long to wait where it was refused, else 0; after `reset` all of the quota is there again.
    """

    owed_until: Micros
    left: int
    reset: Micros
    retry: Micros


def quota_of(rate: Rate) -> Quota:
    """Give the quota of a rate: all of it at once, and then evenly."""
    window = {"second": 1, "minute": 60, "hour": 3600}[rate.per]
    return Quota(rate.times, rate.spacing, window)


def take(owed_until: Micros, now: Micros, units: int, quota: Quota) -> Taken:
    """Take units, or refuse and change nothing.

    More units than the quota holds are taken where nothing is owed, and all of them are owed then.
    """
    owed = max(owed_until, now)
    ahead = quota.units * quota.spacing
    retry = owed + min(units, quota.units) * quota.spacing - ahead - now
    if retry > 0:
        return Taken(owed_until, _left(owed, now, ahead, quota), owed - now, retry)
    owed += units * quota.spacing
    return Taken(owed, _left(owed, now, ahead, quota), owed - now, 0)


def _left(owed: Micros, now: Micros, ahead: Micros, quota: Quota) -> int:
    return max(0, (now + ahead - owed) // quota.spacing)


def seconds(length: Micros) -> int:
    """Give a length in whole seconds, never less than it is."""
    return -(-length // SECOND)
