"""Held: values of facts that time alone does not change for a while, so that they are not folded anew.

A value is kept with the readings for which it holds. It is dropped when something is added to what it
rests on; until then it changes only when a bucket leaves its window or comes into it, or the week ends.
"""

from __future__ import annotations

from typing import Any, TypeAlias

from engine.customers.series import Series
from engine.customers.state import FactState
from engine.customers.table import FactTable
from engine.customers.windows import Window, first_of_month, month_of_day
from engine.model.values import FOR_EVER, Day, Micros

Reading: TypeAlias = int
"""An instant and what counts at it, in order: a timer's at t is 2t, an event's at t is 2t + 1."""

Kept: TypeAlias = tuple[Reading, Reading, Any, Any]
"""A result, with the first reading it holds for, the first it does not, and what else it rests on.

Where it rests on nothing else (None), it is the fact at every reading between.
"""


def reading_of(now: Micros, at_event: bool) -> Reading:
    """Give the reading of facts at an instant: at an event, what occurs at that very instant counts."""
    return 2 * now + at_event


def all_counts(state: FactState, series: Series, reading: Reading) -> bool:
    """Tell whether everything that came to a series counts at a reading, and so at every later one."""
    last = state.lasts.get(series.index)
    return last is None or 2 * last.at < reading


def window_until(
    table: FactTable, state: FactState, series: Series, window: Window, start: Micros | None, now: Micros
) -> Reading:
    """Give the reading up to which a window that begins at `start` holds the same, where all counts.

    That of `now` where it cannot be told cheaply.
    """
    over, zone = window.over, table.zone
    if over is None and window.ending is None:
        return FOR_EVER
    if series.index not in state.lasts:
        return FOR_EVER  # nothing ever came to it, and what comes drops what is kept
    if series.form.grain != "day":
        return reading_of(now, False)
    behind = 0 if window.ending is None else window.ending.days
    if behind is None or (over is not None and over.days is None):
        return 2 * zone.start_of_day(zone.day_of(now) + 1)
    changing: list[Day] = []
    if start is not None and over is not None and over.days is not None:
        leaving = _first_day(table, state, series, zone.day_of(start))
        if leaving is not None:
            changing.append(leaving + over.days + behind + 1)
    if behind:
        entering = _first_day(table, state, series, zone.day_of(now) - behind)
        if entering is not None:
            changing.append(entering + behind + 1)
    return 2 * zone.start_of_day(min(changing)) if changing else FOR_EVER


def _first_day(table: FactTable, state: FactState, series: Series, low: Day) -> Day | None:
    """Give a day from `low` on before which a series holds nothing, None where it holds nothing at all."""
    today = [table.zone.day_of(at) for at in state.instants(table, series)]
    first = min((day for day in today if day >= low), default=None)
    month = month_of_day(low)
    for at, part in state.chunks.parts(series.index, month):
        # Of a later month it is enough to know that it holds something: its buckets may be packed.
        day = first_of_month(at) if at > month else min((i for i in part.buckets if i >= low), default=None)
        if day is not None:
            return day if first is None else min(day, first)
    return first
