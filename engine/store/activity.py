"""Activity: how much happened when, and where what is open stands; counted, or without what is not asked."""

from __future__ import annotations

from typing import Protocol

import msgspec

from engine.model.values import MINUTE, Micros

QUARTER: Micros = 15 * MINUTE
"""A quarter of an hour: in every zone the days begin with one."""


class QuarterCount(msgspec.Struct, frozen=True):
    """How much of a kind (an outcome, a status) there was in the quarter of an hour that begins at `at`."""

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

    def decision_quarters(self, rule: str, start: Micros, end: Micros) -> list[QuarterCount]:
        """Count the kept decisions of a rule in a span, by (quarter of an hour, outcome)."""
        ...

    def run_quarters(self, workflow: str, start: Micros, end: Micros) -> list[QuarterCount]:
        """Count the runs of a workflow that began in a span, by (quarter of an hour, status now)."""
        ...

    def open_run_page(self, after: tuple[str, str] | None, limit: int) -> list[OpenRun]:
        """Page where the open runs stand, by (customer, id)."""
        ...
