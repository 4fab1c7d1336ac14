"""Activity: how much happened when, and where what is open stands; counted, or without what is not asked."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import msgspec

from engine.model.values import Micros
from engine.store.records import DecisionTally, RunTally


class SpanCount(msgspec.Struct, frozen=True):
    """How much of a kind (an outcome, a status) there was in the span that begins at `at`."""

    at: Micros
    kind: str
    number: int


class OpenRun(msgspec.Struct, frozen=True):
    """Where an open run stands: the step it is at, in the definition that it began with or was moved to."""

    customer: str
    id: str
    workflow: str
    definition: str
    path: str


class ActivityReader(Protocol):
    """What may be asked of it."""

    def tally_decisions(self, start: Micros, end: Micros) -> list[DecisionTally]:
        """Count the decisions of a span that are kept, by (rule, outcome)."""
        ...

    def tally_runs(self, start: Micros, end: Micros) -> list[RunTally]:
        """Count the runs that began in a span by how they stand now, by (workflow, status)."""
        ...

    def decision_spans(self, rule: str, bounds: Sequence[Micros]) -> list[SpanCount]:
        """Count the kept decisions of a rule from each bound to before the next, by (span, outcome)."""
        ...

    def run_spans(self, workflow: str, bounds: Sequence[Micros]) -> list[SpanCount]:
        """Count the runs of a workflow that began from each bound to before the next, by (span, status)."""
        ...

    def open_run_page(self, after: tuple[str, str] | None, limit: int) -> list[OpenRun]:
        """Page where the open runs stand, by (customer, id)."""
        ...
