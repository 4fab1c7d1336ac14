"""Clocks: the only places where the engine learns what time it is."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Protocol

from engine.errors import StoreError
from engine.model.values import Micros


class Clock(Protocol):
    """Something that tells the time and can be waited on."""

    def now(self) -> Micros:
        """Give the instant, in microseconds since 1970 UTC."""
        ...

    def wait(self, until: Micros | None, woken: threading.Event) -> None:
        """Return when `until` has come (None: never by itself) or `woken` is set."""
        ...


LONGEST_WAIT = 1.0
"""Seconds; a clock that is set while somebody waits is noticed at the latest then."""


class SystemClock:
    """The machine's own clock."""

    def now(self) -> Micros:
        """Give the machine's idea of the instant."""
        return time.time_ns() // 1000

    def wait(self, until: Micros | None, woken: threading.Event) -> None:
        """Sleep, for at most `LONGEST_WAIT` seconds at a time."""
        seconds = LONGEST_WAIT
        if until is not None:
            seconds = min(seconds, max(0.0, (until - self.now()) / 1_000_000))
        woken.wait(seconds)


class DatabaseClock(SystemClock):
    """The clock of a database that several machines share, so that none of them lives by its own.

    It is read every few seconds and carried on by the machine's monotonic clock in between: a machine
    whose own clock is wrong, or is set, changes nothing.
    """

    READ_EVERY: Micros = 10_000_000

    def __init__(self, read: Callable[[], Micros]) -> None:
        self._read = read
        self._lock = threading.Lock()
        self._ahead, self._looked = 0, 0
        self._look()

    def now(self) -> Micros:
        """Give the database's idea of the instant."""
        passed = time.monotonic_ns() // 1000
        if passed - self._looked > self.READ_EVERY and self._lock.acquire(blocking=False):
            try:
                # While the database cannot be asked, the last answer is carried on.
                with suppress(StoreError):
                    self._look()
            finally:
                self._lock.release()
        return passed + self._ahead

    def _look(self) -> None:
        before = time.monotonic_ns() // 1000
        now = self._read()
        after = time.monotonic_ns() // 1000
        self._ahead, self._looked = now - (before + after) // 2, after


class VirtualClock:
    """A clock that stands still until it is moved: for tests, demonstrations and injected time."""

    def __init__(self, start: Micros) -> None:
        self._now = start
        self._lock = threading.Lock()
        self._waiting: set[threading.Event] = set()

    def now(self) -> Micros:
        """Give the instant it was last moved to."""
        return self._now

    def move_to(self, instant: Micros) -> None:
        """Move it forward to `instant`; it never goes back."""
        with self._lock:
            self._now = max(self._now, instant)
            waiting = list(self._waiting)
        for woken in waiting:
            woken.set()

    def wait(self, until: Micros | None, woken: threading.Event) -> None:
        """Return when it has come, when the clock has been moved, or when `woken` is set."""
        with self._lock:
            if until is not None and self._now >= until:
                return
            self._waiting.add(woken)
        woken.wait()
        with self._lock:
            self._waiting.discard(woken)
