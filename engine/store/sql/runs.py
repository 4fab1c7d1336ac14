"""Runs in SQL: each transition compared and set, each attempt appended."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from sqlalchemy import Connection, RowMapping

from engine.errors import StoreError
from engine.experiments.assignment import Exposure
from engine.model.reasons import RunStatus
from engine.model.values import Micros
from engine.runs.run import Run, StepAttempt
from engine.store.rows import ATTEMPT, EXPOSURE, RUN, run_row
from engine.store.sql.transaction import SqlTransaction, portions, some_of
from engine.store.statements import Insert
from engine.store.statements import runs as sql


class RunReading(SqlTransaction):
    """What is asked about runs."""

    def _read(self, row: RowMapping) -> Run:
        return RUN.value(row)

    def run(self, id: str) -> Run | None:
        row = self._row(sql.run_by_id(), id=id)
        return None if row is None else self._read(row)

    def load_runs(self, customers: Iterable[str]) -> list[Run]:
        found = [
            self._read(row)
            for some in portions(customers)
            for row in self._rows(sql.open_runs_of(), ids=some)
        ]
        found.sort(key=lambda run: (run.started_at, run.id))
        return found

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
        wanted = status.value if status is not None else None
        page = sql.run_page(workflow, customers, wanted, start, end, after, limit, newest)
        return [self._read(row) for row in self._rows(page)]

    def overdue_runs(self, before: Micros, limit: int = 100) -> list[Run]:
        return [self._read(row) for row in self._rows(sql.overdue_runs(), before=before, limit=limit)]

    def attempts(self, run: str) -> list[StepAttempt]:
        return [ATTEMPT.value(row) for row in self._rows(sql.attempts_of(), run=run)]

    def exposures(
        self, *, workflow: str | None = None, customers: Sequence[str] | None = None
    ) -> list[Exposure]:
        return [EXPOSURE.value(row) for row in self._rows(sql.exposures(workflow, customers))]


class RunWriting(RunReading):
    """What is written of runs. It remembers at which transition it read each of them."""

    def __init__(self, connection: Connection, insert: Insert) -> None:
        super().__init__(connection, insert)
        self._seen: dict[str, int] = {}

    def _read(self, row: RowMapping) -> Run:
        self._seen[row["id"]] = row["seq"]
        return super()._read(row)

    def _write_runs(self, runs: Mapping[str, Run]) -> None:
        new = [run_row(run) | {"fence": 0} for run in runs.values() if run.id not in self._seen]
        moved = [
            run_row(run) | {"b_id": run.id, "b_expected": self._seen[run.id]}
            for run in runs.values()
            if run.id in self._seen
        ]
        self._add(sql.insert_run(), new, "a run under this trigger key", "trigger_key")
        if self._change(sql.update_run(), moved) != len(moved):
            stale = some_of([row["id"] for row in moved])
            raise StoreError(f"a run has moved since it was loaded; it is one of {stale}")
        self._seen.update({run.id: run.seq for run in runs.values()})

    def _write_attempts(self, attempts: Sequence[StepAttempt]) -> None:
        rows = [ATTEMPT.row(attempt) for attempt in attempts]
        self._add(sql.insert_attempt(), rows, "this attempt at a step", "run")

    def _write_exposures(self, exposures: Sequence[Exposure]) -> None:
        rows = [EXPOSURE.row(exposure) for exposure in exposures]
        self._add(sql.insert_exposure(), rows, "this run's exposure", "run")
