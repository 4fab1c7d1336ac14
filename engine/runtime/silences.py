"""Silences: looks now and then whether a workflow that used to start does so no more."""

from __future__ import annotations

import structlog

from engine.model.values import DAY, MINUTE, Micros
from engine.runtime.shell import Shell
from engine.store.interface import Reader
from engine.timeline.ruleset import BASE, Ruleset
from engine.timeline.silence import ENOUGH, LENGTHS, Silence, alert, record, silence_of

EVERY: Micros = 10 * MINUTE
"""How often it is worth looking."""

_log = structlog.get_logger("holdfast.silences")


def check_starts(shell: Shell, now: Micros) -> list[Silence]:
    """Record an alert of each workflow whose starts fell to zero by `now`; give those not told before.

    One silence, from its last start on, is told once, whichever process looks. Drafts and what is off
    are not looked at. Each look is a few short reads of an index.
    """
    with shell.store.reader() as reader:
        found = [(one, _last_start(reader, one, now)) for one in _silences(reader, shell.ruleset, now)]
        told = [alert(one, since, now) for one, since in found]
        new = [event for event in told if reader.event(event.source, event.message_id) is None]
    if not new:
        return []
    recorded = set()
    with shell.turn(now) as turn:
        # Held before the second look: whoever else looks waits here, and then finds it told.
        turn.cast.get(BASE, "account")
        for event in new:
            if turn.writer.event(event.source, event.message_id) is None:
                record(turn.world, turn.cast, turn.changes, event, now)
                recorded.add(event.properties["workflow"])
    fresh = [one for one, _ in found if one.workflow in recorded]
    for one in fresh:
        _log.warning("workflow_silent", workflow=one.workflow, days=one.days, usual=round(one.usual))
    return fresh


def _silences(reader: Reader, ruleset: Ruleset, now: Micros) -> list[Silence]:
    earliest = now - (max(LENGTHS) + 1) * DAY
    outages = [each for each in reader.outages() if each.ended > earliest]
    found = []
    for name, program in ruleset.workflows.items():
        if program.workflow.status in ("draft", "off"):
            continue
        silence = silence_of(
            name,
            ruleset.zone,
            now,
            lambda start, end, name=name: len(reader.starts(name, start, end, ENOUGH)),  # type: ignore[misc]
            lambda start, end: not any(each.began < end and each.ended > start for each in outages),
        )
        if silence is not None:
            found.append(silence)
    return found


def _last_start(reader: Reader, silence: Silence, now: Micros) -> Micros:
    """Give when a silent workflow started last; there were starts in the weeks before."""
    (last,) = reader.starts(silence.workflow, 0, now, 1)
    return last
