"""Recounting: figures of everybody, counted now and then in a thread, so that nobody waits for them."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from itertools import chain, repeat
from threading import Event, Lock, Thread
from typing import Generic, Protocol, TypeVar

from engine.errors import HoldfastError
from engine.model.values import Micros
from engine.runtime.shell import Shell

PATIENCE = 0.05
"""Seconds that whoever asks first waits for the count: a small base is counted by then."""

BREATH = 0.06
"""Seconds between two pages, in which others work: a count takes no longer than it lets them."""


class Counted(Protocol):
    """What was counted, as of an instant."""

    @property
    def as_of(self) -> Micros:
        """When it was counted."""
        ...


C = TypeVar("C", bound=Counted)

Count = Callable[[Shell, Micros, Callable[[], bool]], C]
"""Counts as of an instant, as long as it may go on, which it asks between two pages."""


class Recounts(Generic[C]):
    """Remembers what was counted. What has grown old is given once more while it is counted anew."""

    def __init__(self, count: Count[C], fresh: Micros) -> None:
        self._count = count
        self._fresh = fresh
        self._lock = Lock()
        self._known: tuple[str, C] | None = None
        self._counting: Thread | None = None
        self._closing = Event()

    def find(self, shell: Shell, now: Micros) -> C | None:
        """Give what was counted, of now or of some time ago; None while it is counted first."""
        known = self._of(shell)
        if known is None or not known.as_of <= now < known.as_of + self._fresh:
            begun = self._begin(shell, now)
            if known is None and begun is not None:
                begun.join(PATIENCE)
        return self._of(shell)

    def close(self) -> None:
        """Count nothing more."""
        self._closing.set()
        if self._counting is not None:
            self._counting.join()

    def _of(self, shell: Shell) -> C | None:
        known = self._known
        return known[1] if known is not None and known[0] == shell.ruleset.hash else None

    def _begin(self, shell: Shell, now: Micros) -> Thread | None:
        """Begin to count, unless that is under way."""
        with self._lock:
            if self._counting is not None and self._counting.is_alive():
                return None
            self._counting = Thread(
                target=self._anew, args=(shell, now), name="holdfast-recount", daemon=True
            )
            self._counting.start()
            return self._counting

    def _anew(self, shell: Shell, now: Micros) -> None:
        # Where it cannot be counted now, what is known stays until somebody asks again.
        with suppress(HoldfastError):
            of = shell.ruleset.hash
            # Nobody is held up by the first page.
            breaths = chain((0.0,), repeat(BREATH))
            found = self._count(shell, now, lambda: not self._closing.wait(next(breaths)))
            if not self._closing.is_set():
                self._known = of, found
