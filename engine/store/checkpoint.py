"""Moving what SQLite's log holds into the file beside the writer, so that no commit waits for it."""

from __future__ import annotations

import sqlite3
import threading
from contextlib import closing, suppress
from pathlib import Path

PAUSE = 0.5
"""Seconds between two looks, while something is committed."""


class Checkpointer:
    """A thread that moves pages from a log (WAL) into its file; it begins with the first commit.

    It waits for nobody and nobody waits for it. What it cannot move, the writer does itself when the
    log has grown too long.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._committed = threading.Event()
        self._closed = threading.Event()
        self._thread: threading.Thread | None = None

    def committed(self) -> None:
        """Say that there is something to move."""
        if self._thread is None and not self._closed.is_set():
            self._thread = threading.Thread(target=self._run, name="holdfast-checkpoint", daemon=True)
            self._thread.start()
        self._committed.set()

    def close(self) -> None:
        """Finish what is under way, then end."""
        self._closed.set()
        self._committed.set()
        if self._thread is not None:
            self._thread.join()

    def _run(self) -> None:
        with closing(sqlite3.connect(self._path, isolation_level=None)) as connection:
            connection.execute("PRAGMA synchronous = FULL")
            while self._committed.wait() and not self._closed.is_set():
                self._committed.clear()
                move(connection)
                self._closed.wait(PAUSE)


def move(connection: sqlite3.Connection) -> None:
    """Move what can be moved without waiting; where that fails, all of it stays in the log."""
    # A full disk, or another checkpoint under way.
    with suppress(sqlite3.Error):
        connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchall()
