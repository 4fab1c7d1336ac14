"""Watching a workspace: check again on each save, and tell what is new and what is mended."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from pathlib import Path

from api.cli.terminal import BAD, FAINT, GOOD, Terminal
from engine.authoring.folder import ROOMS, SETTINGS
from engine.errors import Finding

EVERY = 0.5
"""Seconds between two looks at the folder."""

Snapshot = dict[Path, tuple[int, int]]


def wait() -> None:
    """Wait until it is time to look again."""
    time.sleep(EVERY)


def watch(
    folder: Path,
    check: Callable[[], tuple[Finding, ...]],
    terminal: Terminal,
    pause: Callable[[], None] = wait,
) -> int:
    """Check now and after every change until interrupted; give the exit code of the last check.

    `check` gives all findings, `pause` returns when it is time to look again, and raises
    KeyboardInterrupt to end.
    """
    seen, found = snapshot(folder), check()
    for finding in found:
        terminal.say(str(finding), BAD)
    terminal.say(f"{_count(found)}; watching {folder}, Ctrl-C ends", GOOD if not found else BAD)
    try:
        while True:
            pause()
            now = snapshot(folder)
            if now == seen:
                continue
            before, found = found, check()
            while (later := snapshot(folder)) != now:
                # It was still being written when it was noticed: told once, as it is in the end.
                now, found = later, check()
            changed, seen = _changed(seen, now), now
            _tell(terminal, folder, changed, before, found)
    except KeyboardInterrupt:
        # Nothing more is said: what was being said when it came would be said again.
        pass
    return 1 if any(finding.severity == "error" for finding in found) else 0


def snapshot(folder: Path) -> Snapshot:
    """Give when each file of a workspace was last written, and how long it is."""
    rooms = [path for room in ROOMS for path in sorted((folder / room).rglob("*"))]
    taken: Snapshot = {}
    for path in [folder / SETTINGS, *rooms]:
        try:
            state = path.stat()
        except OSError:
            continue  # gone since it was listed
        if path.is_file():
            taken[path] = (state.st_mtime_ns, state.st_size)
    return taken


def _changed(before: Snapshot, after: Snapshot) -> list[Path]:
    return sorted(path for path in before.keys() | after.keys() if before.get(path) != after.get(path))


def _tell(
    terminal: Terminal,
    folder: Path,
    changed: Iterable[Path],
    before: tuple[Finding, ...],
    after: tuple[Finding, ...],
) -> None:
    names = ", ".join(path.relative_to(folder).as_posix() for path in changed)
    old, new = {str(finding) for finding in before}, {str(finding) for finding in after}
    for text in sorted(new - old):
        terminal.say(text, BAD)
    for text in sorted(old - new):
        terminal.say(f"mended: {text}", FAINT)
    terminal.say(f"{names}: {_count(after)}", GOOD if not after else BAD)


def _count(findings: tuple[Finding, ...]) -> str:
    number = len(findings)
    return f"{number or 'no'} finding{'' if number == 1 else 's'}"
