"""Questions to people: closed once they are answered, timed out, or their run has ended."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from engine.model.values import Micros
from engine.runs.changes import Changes
from engine.runs.run import AskItem
from engine.store.interface import Reader


def closed(reader: Reader, changes: Changes) -> list[AskItem]:
    """Give the open questions that changes leave nobody waiting for, each as it is to be kept.

    One that timed out has the choice of `else` and no `by`; one whose run has ended has no answer.
    """
    endings = list(_endings(changes))
    open_ = reader.open_asks(id for id, *_ in endings)
    found = []
    for id, answer, by, at in endings:
        if (ask := open_.get(id)) is not None:
            found.append(msgspec.structs.replace(ask, answer=answer, by=by, answered_at=at))
    return found


def _endings(changes: Changes) -> Iterator[tuple[str, str | None, str | None, Micros]]:
    for attempt in changes.attempts:
        if attempt.verb == "ask" and "choice" in attempt.answers:
            choice, by = attempt.answers["choice"], attempt.answers.get("by")
            yield f"{attempt.run}:{attempt.path}:0", choice, by or None, attempt.at
    for run in changes.runs.values():
        if run.ended_at is not None:
            yield f"{run.id}:{run.path}:0", None, None, run.ended_at
