"""Runs in memory."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from engine.errors import StoreError
from engine.experiments.assignment import Exposure
from engine.model.reasons import RunStatus
from engine.model.values import Micros
from engine.runs.changes import GoalReached
from engine.runs.run import Run, StepAttempt
from engine.store.activity import OpenRun, SpanCount
from engine.store.memory.tables import MemoryTransaction, Tables, page, spans, within
from engine.store.overdue import OverdueReading, Place
from engine.store.recording import Recording
from engine.store.records import OverdueRow, RunTally
from engine.store.rows import ATTEMPT, EXPOSURE, RUN, Columns, open_run, outbox_row, run_row


class RunReading(OverdueReading, MemoryTransaction):
    """What is asked about runs."""

    def _read(self, row: Columns) -> Run:
        return RUN.value(row)

    def run(self, id: str) -> Run | None:
        row = self._table("run").get(id)
        return None if row is None else self._read(row)

    def load_runs(self, customers: Iterable[str]) -> list[Run]:
        asked = set(customers)
        rows = [row for row in self._rows("run") if row["open_for"] in asked]
        return [self._read(row) for row in page(rows, ("started_at", "id"), None, None)]

    def runs(
        self,
        *,
        workflow: str | None = None,
        customers: Sequence[str] | None = None,
        status: RunStatus | None = None,
        start: Micros | None = None,
        end: Micros | None = None,
        after: tuple[Micros, str] | None = None,
        limit: int = 100,
        newest: bool = False,
    ) -> list[Run]:
        rows = [
            row
            for row in self._rows("run")
            if (workflow is None or row["workflow"] == workflow)
            and (customers is None or row["customer"] in customers)
            and (status is None or row["status"] == status.value)
            and within(row["started_at"], start, end)
        ]
        return [self._read(row) for row in page(rows, ("started_at", "id"), after, limit, newest)]

    def tally_runs(self, start: Micros, end: Micros) -> list[RunTally]:
        rows = (row for row in self._rows("run") if start <= row["started_at"] < end)
        counted = Counter((row["workflow"], row["status"]) for row in rows)
        return [RunTally(*kind, number) for kind, number in sorted(counted.items())]

    def run_spans(self, workflow: str, bounds: Sequence[Micros]) -> list[SpanCount]:
        rows = [row for row in self._rows("run") if row["workflow"] == workflow]
        return spans(rows, "started_at", "status", bounds)

    def open_run_page(self, after: tuple[str, str] | None, limit: int) -> list[OpenRun]:
        rows = [row for row in self._rows("run") if row["open_for"] is not None]
        return [open_run(row) for row in page(rows, ("open_for", "id"), after, limit)]

    def starts(self, workflow: str, start: Micros, end: Micros | None, limit: int) -> list[Micros]:
        found = [
            row["started_at"]
            for row in self._rows("run")
            if row["workflow"] == workflow
            and row["status"] != RunStatus.REFUSED.value
            and within(row["started_at"], start, end)
        ]
        return sorted(found, reverse=True)[:limit]

    def _late(self, before: Micros, after: Place, limit: int) -> list[OverdueRow]:
        rows = [row for row in self._rows("run") if row["due"] is not None and row["due"] < before]
        return [OverdueRow(self._read(row), row["due"]) for row in page(rows, ("due", "id"), after, limit)]

    def _unsent(self, before: Micros, after: Place, limit: int) -> list[OverdueRow]:
        rows = [row for row in self._rows("outbox") if row["claimable_at"] is not None]
        return self._standing_still(rows, "claimable_at", before, after, limit)

    def _given_up(self, before: Micros, after: Place, limit: int) -> list[OverdueRow]:
        rows = [row for row in self._rows("outbox") if row["dead"] is not None]
        return self._standing_still(rows, "settled_at", before, after, limit)

    def _standing_still(
        self, rows: Iterable[Columns], since: str, before: Micros, after: Place, limit: int
    ) -> list[OverdueRow]:
        runs = self._table("run")
        found = [
            row
            for row in rows
            if row[since] < before and row["run"] in runs and runs[row["run"]]["open_for"] is not None
        ]
        return [
            OverdueRow(self._read(runs[row["run"]]), row[since], outbox_row(row))
            for row in page(found, (since, "run"), after, limit)
        ]

    def attempts(self, run: str) -> list[StepAttempt]:
        rows = [row for row in self._rows("step_attempt") if row["run"] == run]
        return [ATTEMPT.value(row) for row in page(rows, ("seq", "attempt"), None, None)]

    def exposures(
        self, *, workflow: str | None = None, customers: Sequence[str] | None = None
    ) -> list[Exposure]:
        rows = [
            row
            for row in self._rows("exposure")
            if (workflow is None or row["workflow"] == workflow)
            and (customers is None or row["customer"] in customers)
        ]
        return [EXPOSURE.value(row) for row in page(rows, ("at", "run", "split"), None, None)]


class RunWriting(RunReading, Recording):
    """What is written of runs. It remembers at which transition it read each of them."""

    def __init__(self, tables: Tables) -> None:
        super().__init__(tables)
        self._seen: dict[str, int] = {}

    def _read(self, row: Columns) -> Run:
        self._seen[row["id"]] = row["seq"]
        return super()._read(row)

    def _write_runs(self, runs: Mapping[str, Run]) -> None:
        for run in runs.values():
            row = run_row(run)
            self._record_run(run, run.id not in self._seen)
            if run.id not in self._seen:
                self._add("run", run.id, row, "a run")
            elif self._table("run")[run.id]["seq"] == self._seen[run.id]:
                self._edit("run")[run.id] = row
            else:
                raise StoreError(f"a run has moved since it was loaded: {run.id!r}")
            self._seen[run.id] = run.seq

    def _write_goals(self, goals: Sequence[GoalReached]) -> None:
        for goal in goals:
            row = self._table("run").get(goal.run)
            if row is not None and row["goal_at"] is None:
                self._edit("run")[goal.run] = {**row, "goal_at": goal.at}

    def _write_attempts(self, attempts: Sequence[StepAttempt]) -> None:
        rows = [ATTEMPT.row(attempt) for attempt in attempts]
        for row in rows:
            self._add("step_attempt", (row["run"], row["seq"], row["attempt"]), row, "this attempt at a step")
        self._record_attempts(attempts, rows)

    def _customer_of(self, run: str) -> str | None:
        row = self._table("run").get(run)
        return None if row is None else row["customer"]

    def _write_exposures(self, exposures: Sequence[Exposure]) -> None:
        for exposure in exposures:
            key = (exposure.run, exposure.split)
            self._add("exposure", key, EXPOSURE.row(exposure), "this run's exposure")
