"""Experiments in SQL: customers are counted by the database, money is summed as it streams by."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from engine.experiments.revenue import Spending, Visit, tally
from engine.model.values import Micros
from engine.store.comparing import ArmCount, Exposed, ExposedWorkflow, Spent
from engine.store.documents import unpack
from engine.store.sql.transaction import SqlTransaction
from engine.store.statements import experiments as sql


class ExperimentReading(SqlTransaction):
    """What is asked about experiments."""

    def reached(self, rules: Sequence[str], start: Micros, end: Micros) -> int:
        return int(self._scalar(sql.reached(rules, start, end)))

    def exposed_workflows(self) -> list[ExposedWorkflow]:
        return [ExposedWorkflow(**row) for row in self._rows(sql.exposed_workflows())]

    def arm_counts(self, exposed: Exposed, measured_before: Micros) -> list[ArmCount]:
        rows = self._rows(sql.arm_counts(exposed, measured_before))
        found = [ArmCount(**{**row, "conflicting": bool(row["conflicting"])}) for row in rows]
        return sorted(found, key=lambda one: (one.design, one.arm, one.conflicting))

    def spending(self, exposed: Exposed, designs: Sequence[str], spent: Spent) -> dict[str, Spending]:
        return tally(self._visits(exposed, designs, spent))

    def _visits(self, exposed: Exposed, designs: Sequence[str], spent: Spent) -> Iterator[Visit]:
        for who, arm, at, occurred, properties in self._stream(sql.spending(exposed, designs, spent)):
            amount = None if properties is None else unpack(bytes(properties)).get(spent.property)
            yield Visit(who, arm, at, occurred, amount)
