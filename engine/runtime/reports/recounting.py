"""Recounting: figures that are counted over everybody, remembered for some minutes."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from threading import Event, Lock, Thread
from typing import Generic, Protocol, TypeVar

from engine.errors import HoldfastError
from engine.model.values import Micros
from engine.runtime.shell import Shell


class Counted(Protocol):
    """What was counted, as of an instant."""

    @property
    def as_of(self) -> Micros:
        """When it was counted."""
        ...


C = TypeVar("C", bound=Counted)

Count = Callable[[Shell, str, Micros, Callable[[], bool]], C]
"""Counts something of a name as of an instant, as long as it may go on."""


class Recounts(Generic[C]):
    """Remembers what was counted. What has grown old is given once more while it is counted anew."""

    def __init__(self, count: Count[C], fresh: Micros) -> None:
        self._count = count
        self._fresh = fresh
        self._lock = Lock()
        self._known: dict[tuple[str, str], C] = {}
        self._counting: Thread | None = None
        self._closing = Event()

    def find(self, shell: Shell, name: str, now: Micros) -> C:
        """Give what is counted of a name, as of now or of some minutes ago; raises what counting raises."""
        key = shell.ruleset.hash, name
        with self._lock:
            known = self._known.get(key)
            if known is None:
                known = self._known[key] = self._count(shell, name, now, lambda: True)
            elif not known.as_of <= now < known.as_of + self._fresh and not self._busy():
                self._counting = Thread(
                    target=self._anew, args=(shell, key, now), name="holdfast-recount", daemon=True
                )
                self._counting.start()
            return known

    def close(self) -> None:
        """Count nothing more."""
        self._closing.set()
        if self._counting is not None:
            self._counting.join()

    def _busy(self) -> bool:
        return self._counting is not None and self._counting.is_alive()

    def _anew(self, shell: Shell, key: tuple[str, str], now: Micros) -> None:
        # Where it cannot be counted now, what is known stays until somebody asks again.
        with suppress(HoldfastError):
            found = self._count(shell, key[1], now, lambda: not self._closing.is_set())
            if not self._closing.is_set():
                self._known[key] = found
