"""Importing the past: events that count for facts and fire nothing."""

from __future__ import annotations

from collections.abc import Iterable

from engine.runtime.course import Course, Do, Imported
from engine.runtime.crashpoint import crashpoint
from engine.runtime.intake import Posted, take_in
from engine.runtime.rebuild import Progress, settle_all, silently
from engine.runtime.shell import Shell
from engine.runtime.tick import prepare


def import_past(
    shell: Shell,
    call: Do,
    raws: Iterable[object],
    source: str,
    course: Course,
    progress: Progress = silently,
) -> Imported:
    """Take past events in, then make the facts of everybody concerned anew; nothing fires.

    Nobody else decides anything meanwhile. Interrupted anywhere, whoever writes next makes the facts
    anew of those for whom that was left to do.
    """
    with shell.store.alone():
        call(lambda: _mark(shell, "yes"))
        crashpoint("import_begun")
        for portion in course.portions(raws):
            posted = Posted(raws=portion, source=source, may_grant=True, cause="history", note=course.note)
            course.advance(call(lambda posted=posted: take_in(shell, [posted], past=True))[0])  # type: ignore[misc]
            crashpoint("import_accepted")
            progress("importing events", course.done.rows, 0)
        call(lambda: _finish(shell, progress))
        course.end()
        return course.done


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
