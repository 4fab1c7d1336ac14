"""Importing the past: events that count for facts and fire nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import Any

import msgspec

from engine.runtime.crashpoint import crashpoint
from engine.runtime.intake import Posted, take_in
from engine.runtime.rebuild import Progress, settle_all, silently
from engine.runtime.shell import Shell
from engine.runtime.tick import prepare

CHUNK = 1000


class Imported(msgspec.Struct, frozen=True, kw_only=True):
    """What became of imported events."""

    accepted: int = 0
    duplicates: int = 0
    conflicts: tuple[dict[str, Any], ...] = ()
    quarantined: tuple[dict[str, Any], ...] = ()


def chunks(raws: Iterable[object]) -> Iterator[tuple[int, list[object]]]:
    """Give events in portions of one commit, each with the number of its first."""
    iterator, first = iter(raws), 0
    while chunk := list(islice(iterator, CHUNK)):
        yield first, chunk
        first += len(chunk)


def import_past(
    shell: Shell,
    call: Callable[[Callable[[], Any]], Any],
    raws: Iterable[object],
    source: str,
    progress: Progress = silently,
) -> Imported:
    """Take past events in, then make the facts of everybody concerned anew; nothing fires.

    Nobody else decides anything meanwhile. Interrupted anywhere, whoever writes next makes the facts
    anew of those for whom that was left to do.
    """
    with shell.store.alone():
        call(lambda: _mark(shell, "yes"))
        crashpoint("import_begun")
        total = Imported()
        for first, chunk in chunks(raws):
            posted = Posted(raws=chunk, source=source, may_grant=True, cause="history")
            answer = call(lambda posted=posted: take_in(shell, [posted], past=True))[0]  # type: ignore[misc]
            total = added(total, answer, first)
            crashpoint("import_accepted")
            progress("importing events", first + len(chunk), 0)
        call(lambda: _finish(shell, progress))
        return total


def finish_import(shell: Shell, progress: Progress = silently) -> None:
    """Make the facts anew that an interrupted import left to do."""
    if not _unfinished(shell):
        return
    # One that is still on its way is waited for.
    with shell.store.alone():
        if _unfinished(shell):
            _finish(shell, progress)


def _unfinished(shell: Shell) -> bool:
    with shell.store.reader() as reader:
        return bool(reader.marks().importing)


def _finish(shell: Shell, progress: Progress) -> None:
    shell.finishing = True
    try:
        now = shell.instants.take()
        settle_all(shell, now, "import", progress)
        shell.figures.include_past(now)
        prepare(shell, now)
    finally:
        shell.finishing = False
    crashpoint("import_settled")
    _mark(shell, None)


def _mark(shell: Shell, value: str | None) -> None:
    with shell.store.begin() as writer:
        writer.mark("importing", value)


def added(total: Imported, answer: Any, first: int) -> Imported:
    """Add the answer for a portion whose first event has that number."""
    return Imported(
        accepted=total.accepted + answer.accepted,
        duplicates=total.duplicates + answer.duplicates,
        conflicts=(*total.conflicts, *_from(answer.conflicts, first)),
        quarantined=(*total.quarantined, *_from(answer.quarantined, first)),
    )


def _from(entries: Iterable[dict[str, Any]], first: int) -> Iterator[dict[str, Any]]:
    for entry in entries:
        yield entry | {"index": first + entry["index"]}
