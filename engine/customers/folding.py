"""Folding: everything of one series that counts in a window, as one bucket."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from engine.customers.buckets import Bucket, Entries, Entry, latest_of_each
from engine.customers.chunks import OVERFLOW, Part
from engine.customers.series import Series
from engine.customers.state import FactState
from engine.customers.table import FactTable
from engine.customers.windows import index_of, month_of
from engine.model.values import Micros

_CACHED = 64
Span = tuple[int | None, int | None]


def fold(
    table: FactTable,
    state: FactState,
    series: Series,
    start: Micros | None,
    end: Micros | None,
    now: Micros,
    at_event: bool,
) -> Bucket | None:
    """Give the sum of what occurred in [start, end) and counts at `now`; None for too many `per` keys.

    At an event everything up to `now` counts, and that very event even where its clock runs ahead;
    otherwise what occurred at or after `now` does not. `now` is never before the customer's clock, unless
    `end` lies before the clock's day: what the clock has passed is a sum.
    """
    counting = [entry for entry in state.today.get(series.index, ()) if _counts(state, entry, now, at_event)]
    fresh = [entry for entry in counting if _holds(entry.at, start, end)]
    span = (
        None if start is None else index_of(series.form.grain, start, table.zone),
        None if end is None else index_of(series.form.grain, end, table.zone),
    )
    if series.keyed:
        return _fold_entries(state, series, span, counting, fresh)
    past = _fold_buckets(state, series, span)
    running = state.running.get(series.index)
    if running is not None and not _holds(state.began(table, series), start, end):
        running = None
    if running is not None or fresh:
        past = past.copy()
        if running is not None:
            past.absorb(series.needs, running)
        for entry in fresh:
            past.add(series.needs, entry)
    return past


def _counts(state: FactState, entry: Entry, now: Micros, at_event: bool) -> bool:
    if at_event:
        return entry.at <= now or entry.stamp == state.newest
    return entry.at < now


def _holds(at: Micros, start: Micros | None, end: Micros | None) -> bool:
    return (start is None or at >= start) and (end is None or at < end)


def _fold_buckets(state: FactState, series: Series, span: Span) -> Bucket:
    if series.form.grain == "all":
        return state.totals.get(series.index) or Bucket()
    cache = state.caches.setdefault(series.index, {})
    known = cache.get(span)
    if known is None:
        known = Bucket()
        for bucket in _sums(state, series, span):
            known.absorb(series.needs, bucket)
        remember(cache, span, known)
    return known


def _fold_entries(
    state: FactState, series: Series, span: Span, counting: list[Entry], fresh: list[Entry]
) -> Bucket | None:
    cache = state.caches.setdefault(series.index, {})
    if span not in cache:
        remember(cache, span, _standing(_buckets(state, series, span)))
    past: list[Entry] | None = cache[span]
    if past is None:
        return None
    if not counting:
        folded = (*span, "folded")
        if folded not in cache:
            remember(cache, folded, latest_of_each(past, series.needs))
        return cache[folded]  # type: ignore[no-any-return]
    newest: dict[str, Entry] = {}
    for entry in counting:
        if entry.revises is not None:
            known = newest.get(entry.revises)
            if known is None or entry.stamp >= known.stamp:
                newest[entry.revises] = entry
    left = [
        entry
        for entry in (*past, *fresh)
        if entry.revises is None or newest.get(entry.revises, entry) is entry
    ]
    return latest_of_each(left, series.needs)


def _standing(buckets: list[Entries]) -> list[Entry] | None:
    """Give the entries of all buckets, None where one had too many keys."""
    if any(OVERFLOW in entries for entries in buckets):
        return None
    return [entry for entries in buckets for entry in entries.values()]


def _sums(state: FactState, series: Series, span: Span) -> Iterator[Bucket]:
    """Give what is to be added up: whole months at once, and buckets of the months at either end."""
    first, last = _months(series, span)
    for month, part in state.chunks.parts(series.index, first, last):
        if month in (first, last):
            yield from _within(part, span)
        else:
            yield part.total()


def _buckets(state: FactState, series: Series, span: Span) -> list[Entries]:
    parts = state.chunks.parts(series.index, *_months(series, span))
    return [entries for _, part in parts for entries in _within(part, span)]


def _months(series: Series, span: Span) -> Span:
    low, high = span
    grain = series.form.grain
    return None if low is None else month_of(grain, low), None if high is None else month_of(grain, high)


def _within(part: Part, span: Span) -> Iterator[Any]:
    low, high = span
    for index, bucket in part.buckets.items():
        if (low is None or index >= low) and (high is None or index < high):
            yield bucket


def remember(cache: dict[Any, Any], key: Any, value: Any) -> None:
    """Keep what was folded, among the last few; a key begins with the span (low, high) it holds for."""
    if len(cache) >= _CACHED:
        for old in list(cache)[: _CACHED // 2]:
            del cache[old]
    cache[key] = value
