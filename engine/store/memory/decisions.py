"""Decisions in memory."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from engine.decisions.decision import Decision
from engine.model.values import Micros
from engine.store.activity import SpanCount
from engine.store.memory.tables import MemoryTransaction, page, spans, within
from engine.store.recording import Recording
from engine.store.records import DecisionCount, DecisionTally
from engine.store.rows import decision_of, decision_row


class DecisionReading(MemoryTransaction):
    """What is asked about decisions."""

    def decision(self, id: str) -> Decision | None:
        row = self._table("decision").get(id)
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
        rows = [
            row
            for row in self._rows("decision")
            if (rule is None or row["rule"] == rule)
            and (customers is None or row["customer"] in customers)
            and (outcome is None or row["outcome"] == outcome)
            and within(row["at"], start, end)
        ]
        return [decision_of(row) for row in page(rows, ("at", "id"), after, limit, newest)]

    def count_decisions(
        self,
        *,
        rule: str | None = None,
        customers: Sequence[str] | None = None,
        outcome: str | None = None,
        start: Micros | None = None,
        end: Micros | None = None,
    ) -> int:
        every = len(self._table("decision"))
        return len(
            self.decisions(rule=rule, customers=customers, outcome=outcome, start=start, end=end, limit=every)
        )

    def tally_decisions(self, start: Micros, end: Micros) -> list[DecisionTally]:
        rows = (row for row in self._rows("decision") if start <= row["at"] < end)
        counted = Counter((row["rule"], row["outcome"]) for row in rows)
        return [DecisionTally(*kind, number) for kind, number in sorted(counted.items())]

    def decision_spans(self, rule: str, bounds: Sequence[Micros]) -> list[SpanCount]:
        rows = [row for row in self._rows("decision") if row["rule"] == rule]
        return spans(rows, "at", "outcome", bounds)

    def decision_counts(
        self, *, rule: str | None = None, start: Micros | None = None, end: Micros | None = None
    ) -> list[DecisionCount]:
        rows = [
            row
            for row in self._rows("decision_count")
            if (rule is None or row["rule"] == rule) and within(row["hour"], start, end)
        ]
        return [DecisionCount(**row) for row in page(rows, ("rule", "hour", "outcome"), None, None)]


class DecisionWriting(DecisionReading, Recording):
    """What is written of decisions."""

    def _write_decisions(self, decisions: Sequence[Decision]) -> None:
        rows = [decision_row(decision) for decision in decisions]
        for row in rows:
            self._add("decision", row["id"], row, "a decision")
        self._record_decisions(decisions, rows)

    def _write_counts(self, counts: Mapping[tuple[str, Micros, str], int]) -> None:
        if not counts:
            return
        table = self._edit("decision_count")
        for (rule, hour, outcome), number in counts.items():
            before = table[rule, hour, outcome]["number"] if (rule, hour, outcome) in table else 0
            table[rule, hour, outcome] = {
                "rule": rule,
                "hour": hour,
                "outcome": outcome,
                "number": before + number,
            }
