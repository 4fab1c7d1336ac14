"""The kill switch: which workflows an operator has paused, kept over a restart."""

from __future__ import annotations

import os
from pathlib import Path

import msgspec

from engine.runtime.secret import FOLDER
from engine.timeline.world import ALL


class Pauses:
    """The paused workflows, `*` standing for all of them; kept in a file of the workspace's own."""

    def __init__(self, workspace: Path) -> None:
        self._path = workspace / FOLDER / "paused.json"
        self.now: frozenset[str] = frozenset()
        if self._path.exists():
            self.now = frozenset(msgspec.json.decode(self._path.read_bytes(), type=list[str]))

    def pause(self, workflow: str | None) -> None:
        """Pause a workflow, all of them without one; on the disk before this returns."""
        self._set(self.now | {workflow or ALL})

    def resume(self, workflow: str | None) -> None:
        """Let a workflow go on; without one, all of them."""
        self._set(frozenset() if workflow is None else self.now - {workflow})

    def _set(self, paused: frozenset[str]) -> None:
        self._path.parent.mkdir(mode=0o700, exist_ok=True)
        draft = self._path.with_suffix(".tmp")
        with draft.open("wb") as file:
            file.write(msgspec.json.encode(sorted(paused)))
            file.flush()
            os.fsync(file.fileno())
        os.replace(draft, self._path)
        self.now = paused
