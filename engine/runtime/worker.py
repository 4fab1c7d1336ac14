"""The worker of one process: plays what falls due and delivers, and sleeps until the next of it."""

from __future__ import annotations

import threading

import structlog

from engine.errors import StoreError
from engine.model.values import SECOND, Micros
from engine.runtime.drive import Drive

BUDGET = 1000
"""Customers played between two looks at the outbox."""

_log = structlog.get_logger("holdfast.worker")


class Worker:
    """A thread that drives the engine until it is closed."""

    def __init__(self, drive: Drive) -> None:
        self._drive = drive
        self._woken = threading.Event()
        self._stopped = False
        self._thread = threading.Thread(target=self._run, name="holdfast-worker", daemon=True)

    def start(self) -> None:
        """Begin to work."""
        self._thread.start()

    def wake(self) -> None:
        """Look again: something has changed that may be due."""
        self._woken.set()

    def close(self) -> None:
        """Finish what is under way, then end."""
        self._stopped = True
        self._woken.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._stopped:
            self._woken.clear()
            wait = self._step()
            if not self._stopped:
                self._drive.clock.wait(wait, self._woken)

    def _step(self) -> Micros | None:
        """Do what there is to do; give the instant of the next, None for none."""
        try:
            # What is due this very instant waits until it has passed: events received at the same
            # instant go first, as they do in a backtest.
            now = self._drive.clock.now()
            while self._drive.advance(now - 1, BUDGET) and not self._stopped:
                now = self._drive.clock.now()
            self._drive.beat()
            due = self._drive.next_due()
            if due is None:
                return None
            # What was overdue before that pass and was not played in it has been set aside.
            return due + 1 if due >= now else now + SECOND
        except StoreError as error:
            _log.error("store_error", error=type(error).__name__)
            return self._drive.clock.now() + SECOND
        except Exception as error:
            _log.error("worker_error", error=type(error).__name__, exc_info=error)
            return self._drive.clock.now() + SECOND
