"""How long something must have held before it counts: `held_for` and `steady_for`."""

from __future__ import annotations

import msgspec

from engine.model.values import Day, Duration, Micros


class Count(msgspec.Struct, array_like=True):
    """A running count of how long something has held.

    since: the instant from which it has held without a break, None while it does not.
    first: the first day of the unbroken days on which every evaluation said so.
    broken: the last day on which an evaluation said otherwise.
    """

    since: Micros | None = None
    first: Day | None = None
    broken: Day | None = None


def held(count: Count, now: Micros, day: Day) -> None:
    """Note an evaluation at which it held. A day on which it also did not hold is not counted."""
    if count.since is None:
        count.since = now
        count.first = day + 1 if count.broken == day else day


def broke(count: Count, day: Day) -> None:
    """Note an evaluation at which it did not hold: the count starts anew."""
    count.since = count.first = None
    count.broken = day


def long_enough(count: Count, dwell: Duration | None, now: Micros, day: Day) -> bool:
    """Tell whether it has held for the dwell.

    Days and weeks are calendar days: 3d is reached at the first evaluation on the third consecutive
    day on which every evaluation held. Hours and minutes are elapsed time. No dwell is reached at once.
    """
    if count.since is None or count.first is None:
        return False
    if dwell is None:
        return True
    if dwell.days is not None:
        return day - count.first >= dwell.days - 1
    return now - count.since >= dwell.micros


def reached_at(count: Count, dwell: Duration | None) -> Micros | None:
    """Give the instant at which a dwell in hours or minutes is reached if nothing breaks it.

    None for days and weeks: every midnight is evaluated anyway.
    """
    if count.since is None or dwell is None or dwell.days is not None:
        return None
    return count.since + dwell.micros
