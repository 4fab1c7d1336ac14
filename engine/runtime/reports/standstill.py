"""Standing still: which runs should have moved and have not, and why not; which workflows fell silent."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import msgspec

from engine.model.actions import BuiltInEvent
from engine.model.reasons import OverdueReason
from engine.model.values import DAY, MINUTE, Micros
from engine.runs.run import Run
from engine.runtime.definitions import Definitions
from engine.store.interface import Reader
from engine.store.records import OutboxRow, OverdueRow
from engine.timeline.ruleset import BASE
from engine.timeline.silence import WEEKS
from engine.timeline.world import ALL

OVERDUE: Micros = 5 * MINUTE
"""What should have moved so long ago and has not is overdue."""

REMEMBERED: Micros = 7 * WEEKS * DAY
"""A silence that was told so long ago is the usual by now."""


class Overdue(msgspec.Struct, frozen=True, kw_only=True):
    """A run that stands still `since` an instant, and why; with the effect that it waits for.

    `again` is when it is tried again, where that is known.
    """

    run: Run
    since: Micros
    because: OverdueReason
    effect: OutboxRow | None = None
    again: Micros | None = None


def overdue(
    reader: Reader,
    now: Micros,
    after: tuple[Micros, str] | None = None,
    limit: int = 100,
    aside: Mapping[str, Micros] | None = None,
) -> list[Overdue]:
    """Page what is overdue at `now`, by (since, run), as the database tells it.

    `aside` are the customers that a process has set aside, with their next try: each knows of its own
    alone, and another one says so in its log.
    """
    paused = reader.marks().paused
    return [_told(row, paused, aside or {}) for row in reader.overdue(now - OVERDUE, after, limit)]


def _told(row: OverdueRow, paused: frozenset[str], aside: Mapping[str, Micros]) -> Overdue:
    run, again = row.run, None
    if row.effect is not None:
        because = _of_effect(row.effect)
    elif run.customer in aside:
        because, again = OverdueReason.SET_ASIDE, aside[run.customer]
    elif ALL in paused or run.workflow in paused:
        because = OverdueReason.PAUSED
    else:
        because = OverdueReason.NOT_PLAYED
    return Overdue(run=run, since=row.since, because=because, effect=row.effect, again=again)


def _of_effect(effect: OutboxRow) -> OverdueReason:
    if effect.state == "settled":
        return OverdueReason.UNCERTAIN if effect.outcome == "uncertain" else OverdueReason.DEAD_LETTER
    return OverdueReason.NOT_SENT if effect.state == "ready" else OverdueReason.SENDER_GONE


def with_definitions(found: Iterable[Overdue], plans: Definitions) -> list[Overdue]:
    """Say besides of which runs the definition can no longer be read."""
    return [
        one
        if plans.workflow(one.run.workflow, one.run.definition) is not None
        else msgspec.structs.replace(one, because=OverdueReason.DEFINITION_GONE)
        for one in found
    ]


def silent_workflows(reader: Reader, now: Micros) -> list[str]:
    """Give the workflows whose silence was told lately and that have not started since, by name."""
    told: dict[str, Micros] = {}
    for event in reader.events_of([BASE], start=now - REMEMBERED):
        if event.name == BuiltInEvent.WORKFLOW_SILENT.value:
            told[str(event.properties["workflow"])] = event.received_at
    return sorted(name for name, at in told.items() if not reader.starts(name, at, None, 1))
