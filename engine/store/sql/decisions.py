"""Decisions in SQL."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from engine.decisions.decision import Decision
from engine.model.values import Micros
from engine.store.activity import QUARTER, QuarterCount
from engine.store.recording import Recording
from engine.store.records import DecisionCount, DecisionTally
from engine.store.rows import decision_of, decision_row
from engine.store.sql.transaction import SqlTransaction
from engine.store.statements import decisions as sql


class DecisionReading(SqlTransaction):
    """What is asked about decisions."""

    def decision(self, id: str) -> Decision | None:
        row = self._row(sql.decision_by_id(), id=id)
        return None if row is None else decision_of(row)

    def decisions(
        self,
        *,
        rule: str | None = None,
        customers: Sequence[str] | None = None,
        outcome: str | None = None,
        start: Micros | None = None,
        end: Micros | None = None,
        after: tuple[Micros, str] | None = None,
        limit: int = 100,
        newest: bool = False,
    ) -> list[Decision]:
        page = sql.decision_page(rule, customers, outcome, start, end, after, limit, newest)
        return [decision_of(row) for row in self._rows(page)]

    def count_decisions(
        self,
        *,
        rule: str | None = None,
        customers: Sequence[str] | None = None,
        outcome: str | None = None,
        start: Micros | None = None,
        end: Micros | None = None,
    ) -> int:
        return int(self._scalar(sql.count_decisions(rule, customers, outcome, start, end)))

    def tally_decisions(self, start: Micros, end: Micros) -> list[DecisionTally]:
        return [DecisionTally(**row) for row in self._rows(sql.tally_decisions(), start=start, end=end)]

    def decision_quarters(self, rule: str, start: Micros, end: Micros) -> list[QuarterCount]:
        rows = self._rows(sql.decision_quarters(), rule=rule, start=start, end=end)
        return [QuarterCount(row["quarter"] * QUARTER, row["kind"], row["number"]) for row in rows]

    def decision_counts(
        self, *, rule: str | None = None, start: Micros | None = None, end: Micros | None = None
    ) -> list[DecisionCount]:
        return [DecisionCount(**row) for row in self._rows(sql.decision_counts(rule, start, end))]


class DecisionWriting(DecisionReading, Recording):
    """What is written of decisions."""

    def _write_decisions(self, decisions: Sequence[Decision]) -> None:
        rows = [decision_row(decision) for decision in decisions]
        self._add(sql.insert_decision(), rows, "a decision", "id")
        self._record_decisions(decisions, rows)

    def _write_counts(self, counts: Mapping[tuple[str, Micros, str], int]) -> None:
        self._change(
            sql.add_to_decision_count(self._insert),
            [
                {
                    "rule": rule,
                    "hour": hour,
                    "outcome": outcome,
                    "stripe": self._habits.stripe,
                    "number": number,
                }
                for (rule, hour, outcome), number in sorted(counts.items())
            ],
        )
