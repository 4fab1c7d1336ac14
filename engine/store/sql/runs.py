"""Runs in SQL: each transition compared and set, each attempt appended."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TypeAlias

from sqlalchemy import Connection, Executable

from engine.errors import StoreError
from engine.experiments.assignment import Exposure
from engine.model.reasons import RunStatus
from engine.model.values import Micros
from engine.runs.changes import GoalReached
from engine.runs.run import Run, StepAttempt
from engine.store.activity import OpenRun, SpanCount
from engine.store.documents import Row
from engine.store.overdue import OverdueReading, Place
from engine.store.recording import Recording
from engine.store.records import OverdueRow, RunTally
from engine.store.rows import ATTEMPT, EXPOSURE, RUN, Columns, open_run, outbox_row, run_row
from engine.store.sql.transaction import Habits, SqlTransaction, portions, some_of
from engine.store.statements import runs as sql


class RunReading(OverdueReading, SqlTransaction):
    """What is asked about runs."""

    def _read(self, row: Row) -> Run:
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

    def tally_runs(self, start: Micros, end: Micros) -> list[RunTally]:
        return [RunTally(**row) for row in self._rows(sql.tally_runs(), start=start, end=end)]

    def run_spans(self, workflow: str, bounds: Sequence[Micros]) -> list[SpanCount]:
        return self._spans(sql.run_kinds(), bounds, workflow=workflow)

    def open_run_page(self, after: tuple[str, str] | None, limit: int) -> list[OpenRun]:
        customer, id = after or ("", "")
        rows = self._rows(sql.open_run_page(), customer=customer, id=id, limit=limit)
        return [open_run(row) for row in rows]

    def starts(self, workflow: str, start: Micros, end: Micros | None, limit: int) -> list[Micros]:
        bound = {} if end is None else {"end": end}
        rows = self._tuples(sql.starts(end is not None), workflow=workflow, start=start, limit=limit, **bound)
        return [at for (at,) in rows]

    def _late(self, before: Micros, after: Place, limit: int) -> list[OverdueRow]:
        rows = self._rows(sql.overdue_runs(), before=before, since=after[0], run=after[1], limit=limit)
        return [OverdueRow(self._read(row), row["due"]) for row in rows]

    def _unsent(self, before: Micros, after: Place, limit: int) -> list[OverdueRow]:
        return self._standing_still(sql.unsent(), "claimable_at", before, after, limit)

    def _given_up(self, before: Micros, after: Place, limit: int) -> list[OverdueRow]:
        return self._standing_still(sql.given_up(), "settled_at", before, after, limit)

    def _standing_still(
        self, statement: Executable, since: str, before: Micros, after: Place, limit: int
    ) -> list[OverdueRow]:
        rows = self._rows(statement, before=before, since=after[0], run=after[1], limit=limit)
        runs = {
            row["id"]: self._read(row)
            for some in portions(row["run"] for row in rows)
            for row in self._rows(sql.runs_by_id(), ids=some)
        }
        return [OverdueRow(runs[row["run"]], row[since], outbox_row(row)) for row in rows]

    def attempts(self, run: str) -> list[StepAttempt]:
        return [ATTEMPT.value(row) for row in self._rows(sql.attempts_of(), run=run)]

    def exposures(
        self, *, workflow: str | None = None, customers: Sequence[str] | None = None
    ) -> list[Exposure]:
        return [EXPOSURE.value(row) for row in self._rows(sql.exposures(workflow, customers))]


_Whose: TypeAlias = tuple[str, str | None]


def _whose(row: Row) -> _Whose:
    return row["customer"], row["open_for"]


class RunWriting(RunReading, Recording):
    """What is written of runs. It remembers at which transition it read each of them, and whose it was."""

    def __init__(self, connection: Connection, habits: Habits) -> None:
        super().__init__(connection, habits)
        self._seen: dict[str, tuple[int, _Whose]] = {}

    def _read(self, row: Row) -> Run:
        self._seen[row["id"]] = row["seq"], _whose(row)
        return super()._read(row)

    def _write_runs(self, runs: Mapping[str, Run]) -> None:
        new: list[Columns] = []
        moved: list[Columns] = []
        changed: list[Columns] = []
        for run in runs.values():
            row = run_row(run)
            seen = self._seen.get(run.id)
            if seen is None:
                new.append(row)
            else:
                row["b_id"], row["b_expected"] = run.id, seen[0]
                (moved if _whose(row) == seen[1] else changed).append(row)
            self._seen[run.id] = run.seq, _whose(row)
            self._record_run(run, seen is None)
        self._add(sql.insert_run(), new, "a run", "id")
        self._move(sql.move_run(), moved)
        self._move(sql.update_run(), changed)

    def _move(self, statement: Executable, rows: Sequence[Columns]) -> None:
        if self._change(statement, rows) != len(rows):
            stale = some_of([row["id"] for row in rows])
            raise StoreError(f"a run has moved since it was loaded; it is one of {stale}")

    def _write_goals(self, goals: Sequence[GoalReached]) -> None:
        self._change(sql.reach_goal(), [{"b_id": goal.run, "goal_at": goal.at} for goal in goals])

    def _write_attempts(self, attempts: Sequence[StepAttempt]) -> None:
        rows = [ATTEMPT.row(attempt) for attempt in attempts]
        self._add(sql.insert_attempt(), rows, "this attempt at a step", "run")
        self._record_attempts(attempts, rows)

    def _customer_of(self, run: str) -> str | None:
        if run not in self._seen and self.run(run) is None:
            return None
        return self._seen[run][1][0]

    def _write_exposures(self, exposures: Sequence[Exposure]) -> None:
        rows = [EXPOSURE.row(exposure) for exposure in exposures]
        self._add(sql.insert_exposure(), rows, "this run's exposure", "run")
