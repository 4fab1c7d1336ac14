"""Retention curves: of the customers of a period, how many are active in each later one."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Literal

import msgspec

from engine.customers.zones import Zone
from engine.metrics.figure import Quotient, ratio
from engine.metrics.periods import Unit, begins, number_of
from engine.model.reasons import NoFigure
from engine.model.values import Micros

Kind = Literal["n_day", "unbounded", "bracket"]
Cohort = Literal["first", "active"]


class Curve(msgspec.Struct, frozen=True, kw_only=True):
    """How curves are drawn.

    A customer belongs to the period of the first activity (`cohort: first`), or to every period with
    any (`active`). Cell k is about the k-th period after: active in it (`n_day`), in it or any later
    one (`unbounded`), or in any of a bracket's periods (`bracket`, each given by its first and last k).
    Periods are those of the calendar in the workspace's zone, not 24 hours of each customer.
    """

    unit: Unit = "month"
    kind: Kind = "n_day"
    cohort: Cohort = "first"
    brackets: tuple[tuple[int, int], ...] = ()
    cells: int = 12


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """A cohort: the period with which it begins, how many it has, and its cells."""

    start: Micros
    end: Micros
    size: int
    cells: tuple[Quotient, ...]


def spans_of(curve: Curve) -> tuple[tuple[int, int], ...]:
    """Give the first and last period of each cell, counted from the cohort's own."""
    if curve.kind == "bracket":
        return curve.brackets
    return tuple((k, k) for k in range(1, curve.cells + 1))


class Grid:
    """Counts of all cohorts that begin in [start, end); customers are added one at a time.

    Only the counts are kept, however many customers there are.
    """

    def __init__(self, curve: Curve, start: Micros, end: Micros, as_of: Micros, zone: Zone) -> None:
        self._curve = curve
        self._zone = zone
        self._as_of = as_of
        self._first = number_of(curve.unit, zone.day_of(start), zone)
        self._last = number_of(curve.unit, zone.day_of(end - 1), zone)
        self._sizes: dict[int, int] = {}
        self._kept: dict[tuple[int, int], int] = {}

    def add(self, times: Iterable[Micros]) -> None:
        """Add a customer, by the instants at which they were active."""
        zone, unit = self._zone, self._curve.unit
        active = sorted({number_of(unit, zone.day_of(at), zone) for at in times if at <= self._as_of})
        cohorts = active[:1] if self._curve.cohort == "first" else active
        for cohort in cohorts:
            if not self._first <= cohort <= self._last:
                continue
            self._sizes[cohort] = self._sizes.get(cohort, 0) + 1
            for cell, (low, high) in enumerate(spans_of(self._curve)):
                if _met(active, cohort + low, None if self._curve.kind == "unbounded" else cohort + high):
                    self._kept[cohort, cell] = self._kept.get((cohort, cell), 0) + 1

    def rows(self) -> list[Row]:
        """Give the cohorts in order, also those of nobody. What has not ended as of now has no value."""
        return [self._row(cohort) for cohort in range(self._first, self._last + 1)]

    def _row(self, cohort: int) -> Row:
        unit, zone, size = self._curve.unit, self._zone, self._sizes.get(cohort, 0)
        cells = []
        for cell, (_, high) in enumerate(spans_of(self._curve)):
            kept = self._kept.get((cohort, cell), 0)
            if begins(unit, cohort + high + 1, zone) > self._as_of:
                cells.append(Quotient(denominator=size, reason=NoFigure.INCOMPLETE))
            else:
                cells.append(ratio(kept, size))
        return Row(
            start=begins(unit, cohort, zone),
            end=begins(unit, cohort + 1, zone),
            size=size,
            cells=tuple(cells),
        )


def _met(active: Sequence[int], low: int, high: int | None) -> bool:
    return any(low <= each and (high is None or each <= high) for each in active)
