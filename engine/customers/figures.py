"""Figures of the whole base, as they stood at the workspace's midnight."""

from __future__ import annotations

import hashlib
import math
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from decimal import Decimal
from functools import cached_property, lru_cache
from itertools import pairwise
from typing import TypeAlias

import msgspec

from engine.customers.buckets import Number, add_exactly
from engine.customers.definitions import ComputedFact, RfmFact
from engine.customers.drop import WEEK, first_week, fleet_change, fleet_factors, volumes_of
from engine.customers.folding import fold
from engine.customers.held import all_counts, reading_of, window_until
from engine.customers.packing import decode, encode, pack
from engine.customers.state import FactState
from engine.customers.table import FactTable, gaps_of
from engine.model.values import FOR_EVER, Day, Micros

LEAST_GAPS = 200
"""Under so many gaps between active days a percentile of them is unknown."""
QUINTILES = 5


class BaseFigures(msgspec.Struct, frozen=True, kw_only=True, dict=True):
    """What was known of the whole base at `as_of`, the midnight with which `day` begins.

    fleet: total of each complete week (by its first day) for each drop fact. gaps: for each subject
    and event the p90 of days between active days, None under 200 gaps. cuts: for rfm_r, rfm_f and
    rfm_m the four values above which a score is higher by one. `hash` is over all of it.
    """

    as_of: Micros = 0
    day: Day = 0
    fleet: Mapping[str, Mapping[Day, Number]] = {}
    gaps: Mapping[str, int | None] = {}
    cuts: Mapping[str, tuple[Number, ...]] = {}
    hash: str = ""

    @cached_property
    def factors(self) -> Mapping[str, Mapping[Day, Decimal]]:
        """What a customer's weeks are divided by, for each drop fact of persons or accounts.

        Figures that say the same of the base's weeks give the same object, so that it can be told at once.
        """
        return _factors(
            tuple(
                (name, tuple((week, str(total)) for week, total in sorted(totals.items())))
                for name, totals in sorted(self.fleet.items())
            )
        )

    def p90(self, subject: str, event: str) -> int | None:
        """Give the 90th percentile, in days, of gaps between active days of an event."""
        return self.gaps.get(f"{subject}:{event}")

    def fleet_fall(self, subject: str, fact: str, week: Day) -> Decimal | None:
        """Give how far the base itself fell in a week, 0.65 for 65%; None while that is unknown."""
        change = fleet_change(self.fleet.get(f"{subject}:{fact}", {}), week)
        return None if change is None else 1 - change


_Totals: TypeAlias = tuple[tuple[str, tuple[tuple[Day, str], ...]], ...]


@lru_cache(maxsize=64)
def _factors(
    fleet: tuple[tuple[str, tuple[tuple[Day, str], ...]], ...],
) -> Mapping[str, Mapping[Day, Decimal]]:
    return {name: fleet_factors({week: Decimal(total) for week, total in totals}) for name, totals in fleet}


NO_FIGURES = BaseFigures()
"""Before the first midnight nothing is known of the base."""


def encode_figures(figures: BaseFigures) -> bytes:
    """Give the bytes of base-wide figures, exact numbers included."""
    return encode(
        [
            figures.as_of,
            figures.day,
            [[name, [[week, pack(total)] for week, total in sorted(totals.items())]]
             for name, totals in sorted(figures.fleet.items())],
            sorted(figures.gaps.items()),
            [[name, pack(cuts)] for name, cuts in sorted(figures.cuts.items())],
        ]
    )  # fmt: skip


def decode_figures(data: bytes) -> BaseFigures:
    """Give the figures that `encode_figures` encoded, with their hash."""
    as_of, day, fleet, gaps, cuts = decode(data)
    return BaseFigures(
        as_of=as_of,
        day=day,
        fleet={name: dict(totals) for name, totals in fleet},
        gaps=dict(gaps),
        cuts={name: tuple(values) for name, values in cuts},
        hash=hashlib.sha256(data).hexdigest(),
    )


class BaseTally:
    """Adds up every customer at one midnight; the order of adding does not matter."""

    def __init__(self, table: FactTable, as_of: Micros) -> None:
        self.table = table
        self.as_of = as_of
        self.day = table.zone.day_of(as_of)
        self._fleet: defaultdict[str, dict[Day, Number]] = defaultdict(dict)
        self._gaps: defaultdict[str, Counter[int]] = defaultdict(Counter)
        self._values: defaultdict[str, list[Number]] = defaultdict(list)

    def add(self, state: FactState) -> None:
        """Count one customer in."""
        for drop in self.table.drops(state.kind):
            self._add_weeks(state, drop)
        for event in self.table.gaps[state.kind]:
            self._gaps[f"{state.kind}:{event}"].update(gaps_between(self.table, state, event, self.as_of))
        for fact in self.table.names(state.kind).values():
            if isinstance(fact, RfmFact):
                value = rfm_value(self.table, state, fact, self.as_of)
                if value is not None:
                    self._values[fact.name].append(value)

    def figures(self) -> BaseFigures:
        """Give the figures over all customers added."""
        return figures_of(self.as_of, self.day, self._fleet, self._gaps, self._values)

    def _add_weeks(self, state: FactState, fact: ComputedFact) -> None:
        began = state.firsts.get(fact.series.index)
        if began is None:
            return
        totals = self._fleet[f"{state.kind}:{fact.name}"]
        weeks = weeks_counted(self.table, fact, began, self.day)
        volumes = volumes_of(self.table, state, fact, weeks, self.as_of, False)
        for week, volume in zip(weeks, volumes, strict=True):
            totals[week] = add_exactly(totals.get(week, 0), volume or 0)


def figures_of(
    as_of: Micros,
    day: Day,
    fleet: Mapping[str, Mapping[Day, Number]],
    gaps: Mapping[str, Counter[int]],
    values: Mapping[str, list[Number]],
) -> BaseFigures:
    """Give the figures that follow from sums, gaps and values over all customers."""
    raw = BaseFigures(
        as_of=as_of,
        day=day,
        fleet={name: _without_holes(totals) for name, totals in fleet.items()},
        gaps={name: _p90(counted) for name, counted in gaps.items()},
        cuts={name: _cuts(found) for name, found in values.items()},
    )
    return decode_figures(encode_figures(raw))


def weeks_counted(table: FactTable, fact: ComputedFact, began: Micros, day: Day) -> range:
    """Give the complete weeks, by their first days, with which a customer counts in the base's."""
    this_week = table.zone.week_of(day)
    oldest = this_week - (fact.series.reach or 0) // WEEK * WEEK + WEEK
    return range(max(first_week(table.zone, began), oldest), this_week, WEEK)


def gaps_between(table: FactTable, state: FactState, event: str, as_of: Micros) -> tuple[int, ...]:
    """Give the days between a customer's active days, up to a midnight."""
    series, held, reading = table.gaps[state.kind][event], state.holding(table), reading_of(as_of, False)
    known = held.get(gaps_of(event))
    if known is not None and known[0] <= reading:
        return known[2]  # type: ignore[no-any-return]
    days = {day for _, part in state.chunks.parts(series.index) for day in part.buckets}
    days.update(table.zone.day_of(at) for at in state.instants(table, series) if at < as_of)
    found = tuple(later - day for day, later in pairwise(sorted(days)))
    if all_counts(state, series, reading):
        held[gaps_of(event)] = (reading, FOR_EVER, found, None)
    return found


def _without_holes(totals: Mapping[Day, Number]) -> dict[Day, Number]:
    return {week: totals.get(week, 0) for week in range(min(totals), max(totals) + 1, WEEK)} if totals else {}


def _p90(gaps: Counter[int]) -> int | None:
    """Give the 90th percentile by nearest rank, None under 200 gaps."""
    count = gaps.total()
    if count < LEAST_GAPS:
        return None
    rank = -(-9 * count // 10)
    return next(gap for gap, seen in _running(gaps) if seen >= rank)


def _running(gaps: Counter[int]) -> Iterator[tuple[int, int]]:
    seen = 0
    for gap in sorted(gaps):
        seen += gaps[gap]
        yield gap, seen


def _cuts(values: list[Number]) -> tuple[Number, ...]:
    """Give the values that must be exceeded for scores 2 to 5.

    score = floor(5 x strictly worse / n) + 1, and it is above k where at least k x n / 5 are worse.
    """
    ordered = sorted(values)
    return tuple(ordered[math.ceil(k * len(ordered) / QUINTILES) - 1] for k in range(1, QUINTILES))


def rfm_value(table: FactTable, state: FactState, fact: RfmFact, as_of: Micros) -> Number | None:
    """Give the customer's last instant, count or sum in the window before a midnight; None without any."""
    held, reading = state.holding(table), reading_of(as_of, False)
    known = held.get(fact.name)
    if known is not None and known[0] <= reading < known[1]:
        return known[2]  # type: ignore[no-any-return]
    start, _ = fact.window.bounds(as_of, table.zone)
    bucket = fold(table, state, fact.series, start, as_of, as_of, False)
    value = None
    if bucket is not None and bucket.count:
        value = {"rfm_r": bucket.latest, "rfm_f": bucket.count, "rfm_m": bucket.sum}[fact.name]
    if all_counts(state, fact.series, reading):
        until = window_until(table, state, fact.series, fact.window, start, as_of)
        held[fact.name] = (reading, until, value, fact)
    return value


def rfm_score(figures: BaseFigures, fact: str, value: Number) -> int | None:
    """Give 1 to 5, the customer against the base of that midnight; None before the first one."""
    cuts = figures.cuts.get(fact)
    return None if not cuts else 1 + sum(value > cut for cut in cuts)
