"""Clocks: the only places where the engine learns what time it is."""

from __future__ import annotations

import threading
import time
from typing import Protocol

from engine.model.values import Micros


class Clock(Protocol):
    """Something that tells the time and can be waited on."""

    def now(self) -> Micros:
        """Give the instant, in microseconds since 1970 UTC."""
        ...

    def wait(self, until: Micros | None, woken: threading.Event) -> None:
        """Return when `until` has come (None: never by itself) or `woken` is set."""
        ...


class SystemClock:
    """The machine's own clock."""

    LONGEST_WAIT = 1.0
    """Seconds; a clock that is set while somebody waits is noticed at the latest then."""

    def now(self) -> Micros:
        """Give the machine's idea of the instant."""
        return time.time_ns() // 1000

    def wait(self, until: Micros | None, woken: threading.Event) -> None:
        """Sleep, for at most `LONGEST_WAIT` seconds at a time."""
        seconds = self.LONGEST_WAIT
        if until is not None:
            seconds = min(seconds, max(0.0, (until - self.now()) / 1_000_000))
        woken.wait(seconds)


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
