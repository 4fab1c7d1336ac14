"""Plans, proposals and the record of changes in SQL."""

from __future__ import annotations

from engine.model.values import Micros
from engine.store.proposing import ChangeRow, PlanRow, ProposalRow
from engine.store.recording import Recording
from engine.store.rows import PLAN, PROPOSAL, columns_of
from engine.store.sql.transaction import SqlTransaction
from engine.store.statements import proposing as sql

_EVER: Micros = 2**62


class ProposalReading(SqlTransaction):
    """What is asked about changes of the files."""

    def plan(self, token: str) -> PlanRow | None:
        row = self._row(sql.plan(), token=token)
        return None if row is None else PLAN.value(row)

    def proposal(self, number: int) -> ProposalRow | None:
        row = self._row(sql.proposal(), number=number)
        return None if row is None else PROPOSAL.value(row)

    def proposals(self) -> list[ProposalRow]:
        return [PROPOSAL.value(row) for row in self._rows(sql.proposals())]

    def changes(
        self,
        *,
        start: Micros | None = None,
        end: Micros | None = None,
        release: int | None = None,
        after: int | None = None,
        limit: int | None = None,
    ) -> list[ChangeRow]:
        rows = self._rows(
            sql.changes(),
            start=start or 0,
            end=_EVER if end is None else end,
            release=-1 if release is None else release,
            after=after or 0,
            limit=_EVER if limit is None else limit,
        )
        return [ChangeRow(**row) for row in rows]

    def count_changes(self, *, start: Micros | None = None, end: Micros | None = None) -> int:
        return int(self._scalar(sql.count_changes(), start=start or 0, end=_EVER if end is None else end))

    def customer_ids(self) -> list[str]:
        return [row[0] for row in self._tuples(sql.customer_ids())]

    def open_runs(self) -> dict[str, int]:
        return {workflow: number for workflow, number in self._tuples(sql.open_runs())}

    def event_names(self) -> set[str]:
        return {row[0] for row in self._tuples(sql.event_names())}


class ProposalWriting(ProposalReading, Recording):
    """What is written of them."""

    def save_plan(self, plan: PlanRow) -> None:
        self._change(sql.put_plan(self._insert), [PLAN.row(plan)])

    def drop_plans(self, before: Micros) -> int:
        return self._change(sql.delete_plans(), [{"before": before}])

    def save_proposal(self, proposal: ProposalRow) -> None:
        self._change(sql.put_proposal(self._insert), [PROPOSAL.row(proposal)])

    def add_change(self, change: ChangeRow) -> None:
        row = columns_of(change)
        del row["id"]
        self._change(sql.insert_change(), [row])
        self._record_change(change)

    def approve_emergency(self, number: int, approver: str) -> None:
        self._change(sql.approve_emergency(), [{"b_number": number, "approver": approver}])
