"""The server under test, in a process of its own: the product's, under a clock that is moved from outside."""

from __future__ import annotations

import os
import threading
from contextlib import suppress
from multiprocessing.connection import Connection
from pathlib import Path

from api.serve import serve
from engine.model.values import Micros
from engine.runtime.clock import VirtualClock
from tests.crash.deaths import Death, arm
from tests.crash.shop import database_of


class SteeredClock(VirtualClock):
    """A clock that also knows whether the worker, which waits on it, has nothing left to do."""

    def __init__(self, start: Micros) -> None:
        super().__init__(start)
        self._changed = threading.Condition()
        self._passes = 0
        self._worker: threading.Event | None = None

    def wait(self, until: Micros | None, woken: threading.Event) -> None:
        with self._changed:
            self._passes += 1
            self._worker = woken
            self._changed.notify_all()
        super().wait(until, woken)

    def settle(self) -> None:
        """Return when the worker has made a whole pass since this was called."""
        # The pass under way may have begun before; the one after it has not.
        for _ in range(2):
            with self._changed:
                passes = self._passes
                if self._worker is not None:
                    self._worker.set()
                self._changed.wait_for(lambda passes=passes: self._passes > passes)  # type: ignore[misc]


def run(folder: Path, at: Micros, death: Death | None, control: Connection) -> None:
    """Serve a workspace until a signal; says over `control` where, then moves its clock as it is told.

    An instant that is received moves the clock there; it is answered once the worker is at rest.
    """
    log = os.open(folder / "server.log", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.dup2(log, 1)
    os.dup2(log, 2)
    clock = SteeredClock(at)
    if death is not None:
        arm(death)

    def steer() -> None:
        with suppress(EOFError, OSError):
            while True:
                clock.move_to(control.recv())
                clock.settle()
                control.send(clock.now())

    def say(line: str) -> None:
        if " on http://" in line:
            control.send(line.rpartition(" ")[2])
            threading.Thread(target=steer, daemon=True).start()

    serve(folder, database_of(folder), port=0, clock=clock, say=say)
