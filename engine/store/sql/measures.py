"""Kept figures and goals in SQL."""

from __future__ import annotations

from engine.model.values import Micros
from engine.store.records import FigureRow, GoalRow
from engine.store.rows import columns_of
from engine.store.sql.transaction import SqlTransaction
from engine.store.statements import measures as sql


class MeasureReading(SqlTransaction):
    """What is asked about figures and goals."""

    def figures(self, start: Micros, end: Micros, metric: str | None = None) -> list[FigureRow]:
        if metric is None:
            rows = self._rows(sql.figures(), start=start, end=end)
        else:
            rows = self._rows(sql.figures_of(), metric=metric, start=start, end=end)
        return [FigureRow(**row) for row in rows]

    def goal(self, goal: str, terms: str) -> GoalRow | None:
        row = self._row(sql.goal(), goal=goal, terms=terms)
        return None if row is None else GoalRow(**row)


class MeasureWriting(MeasureReading):
    """What is written of figures and goals."""

    def add_figure(self, figure: FigureRow) -> None:
        self._add(sql.insert_figure(), [columns_of(figure)], "this figure", "metric")

    def save_goal(self, goal: GoalRow) -> None:
        self._change(sql.put_goal(self._insert), [columns_of(goal)])
