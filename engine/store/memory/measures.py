"""Kept figures and goals in memory."""

from __future__ import annotations

import msgspec

from engine.model.values import Micros
from engine.store.memory.tables import MemoryTransaction
from engine.store.records import FigureRow, GoalRow
from engine.store.rows import columns_of


class MeasureReading(MemoryTransaction):
    """What is asked about figures and goals."""

    def figures(self, start: Micros, end: Micros, metric: str | None = None) -> list[FigureRow]:
        found = [
            FigureRow(**row)
            for row in self._rows("metric_figure")
            if (row["start"], row["end"]) == (start, end) and metric in (None, row["metric"])
        ]
        return sorted(found, key=lambda one: (one.metric, one.grouping, one.version))

    def goal(self, goal: str, terms: str) -> GoalRow | None:
        row = self._table("goal_state").get((goal, terms))
        return None if row is None else GoalRow(**row)


class MeasureWriting(MeasureReading):
    """What is written of figures and goals."""

    def add_figure(self, figure: FigureRow) -> None:
        key = (figure.metric, figure.start, figure.end, figure.grouping, figure.version)
        self._add("metric_figure", key, columns_of(figure), "this figure")

    def save_goal(self, goal: GoalRow) -> None:
        known = self.goal(goal.goal, goal.terms)
        kept = (
            goal if known is None else msgspec.structs.replace(known, settled=known.settled or goal.settled)
        )
        self._edit("goal_state")[goal.goal, goal.terms] = columns_of(kept)
