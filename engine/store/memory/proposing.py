"""Plans, proposals and the record of changes in memory."""

from __future__ import annotations

from collections import Counter

from engine.model.values import Micros
from engine.store.memory.tables import MemoryTransaction, page, within
from engine.store.proposing import ChangeRow, PlanRow, ProposalRow
from engine.store.recording import Recording
from engine.store.rows import PLAN, PROPOSAL, columns_of


class ProposalReading(MemoryTransaction):
    """What is asked about changes of the files."""

    def plan(self, token: str) -> PlanRow | None:
        row = self._table("plan").get(token)
        return None if row is None else PLAN.value(row)

    def proposal(self, number: int) -> ProposalRow | None:
        row = self._table("proposal").get(number)
        return None if row is None else PROPOSAL.value(row)

    def proposals(self) -> list[ProposalRow]:
        return [PROPOSAL.value(row) for row in page(self._rows("proposal"), ("number",), None, None)]

    def changes(
        self,
        *,
        start: Micros | None = None,
        end: Micros | None = None,
        release: int | None = None,
        after: int | None = None,
        limit: int | None = None,
    ) -> list[ChangeRow]:
        rows = [
            row
            for row in self._rows("change")
            if within(row["at"], start, end) and release in (None, row["release"])
        ]
        return [ChangeRow(**row) for row in page(rows, ("id",), after, limit)]

    def count_changes(self, *, start: Micros | None = None, end: Micros | None = None) -> int:
        return len(self.changes(start=start, end=end))

    def customer_ids(self) -> list[str]:
        return sorted(self._table("customer"))

    def open_runs(self) -> dict[str, int]:
        return Counter(row["workflow"] for row in self._rows("run") if row["open_for"] is not None)

    def event_names(self) -> set[str]:
        return {row["name"] for row in self._rows("event")}


class ProposalWriting(ProposalReading, Recording):
    """What is written of them."""

    def save_plan(self, plan: PlanRow) -> None:
        self._edit("plan")[plan.token] = PLAN.row(plan)

    def drop_plans(self, before: Micros) -> int:
        plans = self._edit("plan")
        old = [token for token, row in plans.items() if row["at"] < before]
        for token in old:
            del plans[token]
        return len(old)

    def save_proposal(self, proposal: ProposalRow) -> None:
        kept = self._edit("proposal")
        row = PROPOSAL.row(proposal)
        known = kept.get(proposal.number)
        kept[proposal.number] = row if known is None else known | {"state": proposal.state}

    def add_change(self, change: ChangeRow) -> None:
        id = self._next("change")
        self._edit("change")[id] = columns_of(change) | {"id": id}
        self._record_change(change)

    def approve_emergency(self, number: int, approver: str) -> None:
        releases = self._edit("release")
        if number in releases and releases[number]["approver"] is None:
            releases[number] = releases[number] | {"approver": approver}
