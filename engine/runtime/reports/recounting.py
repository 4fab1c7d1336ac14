"""Recounting: figures of everybody, counted now and then in a thread, so that nobody waits for them.

What takes no time to count is counted each time that it is asked for.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import nullcontext, suppress
from itertools import chain, repeat
from threading import Event, Lock, Thread, current_thread
from typing import Any, Generic, Protocol, TypeVar

import msgspec

from engine.errors import HoldfastError, StoreError
from engine.model.values import HOUR, SECOND, Micros
from engine.runtime.shell import Shell

PATIENCE = 0.05
"""Seconds that whoever asks first waits for the count: a small base is counted by then."""

QUICK = 0.04
"""Seconds: what was counted in less the last time is counted anew each time that it is asked for."""

TIMES = 20
"""What took longer is good for so many times as long as it took: counting takes a twentieth of the time."""

OLDEST: Micros = HOUR // 4
"""What is older than this is not given any more to who waits for a count: the new one is waited for."""

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


class _Known(msgspec.Struct, frozen=True):
    """What was counted under the rules of a hash, and how many seconds that took."""

    of: str
    value: Any
    took: float


class Recounts(Generic[C]):
    """Remembers what was counted. What has grown old is given once more while it is counted anew.

    Of those that share a `turn` one is counted at a time, but for what is quick; with `closing` they end.
    """

    def __init__(
        self, count: Count[C], fresh: Micros, turn: Lock | None = None, closing: Event | None = None
    ) -> None:
        self._count = count
        self._fresh = fresh
        self._turn = turn
        self._lock = Lock()
        self._known: _Known | None = None
        self._under_way: tuple[str, Future[C]] | None = None
        self._threads: set[Thread] = set()
        self._closing = closing or Event()

    def find(self, shell: Shell, now: Micros) -> C | None:
        """Give what was counted, of now or of some time ago; None while it is counted first."""
        known = self._of(shell)
        if known is None or not self._good_for(known, now, self._fresh):
            first = self._under_way is None
            begun = self._begin(shell, now)
            if known is None and first:
                with suppress(HoldfastError, TimeoutError):
                    begun.result(PATIENCE)
        known = self._of(shell)
        return None if known is None else known.value

    def ask(self, shell: Shell, now: Micros) -> Future[C]:
        """Give what is counted now, or what was counted lately where that takes long; nobody waits here.

        The future's exception is that of the count, or a `StoreError` once nothing is counted any more.
        """
        known = self._of(shell)
        if known is None:
            return self._begin(shell, now)
        if known.took < QUICK:
            return self._begin(shell, now, alone=True)
        counting = None
        if not self._good_for(known, now, min(self._fresh, int(known.took * TIMES * SECOND))):
            counting = self._begin(shell, now)
        if counting is not None and not self._good_for(known, now, OLDEST):
            return counting
        told: Future[C] = Future()
        told.set_result(known.value)
        return told

    def settle(self) -> None:
        """Wait for what is being counted."""
        for thread in list(self._threads):
            thread.join()

    def close(self) -> None:
        """Count nothing more."""
        self._closing.set()
        self.settle()

    def _of(self, shell: Shell) -> _Known | None:
        known = self._known
        return known if known is not None and known.of == shell.ruleset.hash else None

    @staticmethod
    def _good_for(known: _Known, now: Micros, length: Micros) -> bool:
        as_of: Micros = known.value.as_of
        return as_of <= now < as_of + length

    def _begin(self, shell: Shell, now: Micros, *, alone: bool = False) -> Future[C]:
        """Begin to count; give the count that is under way already unless it is to be one `alone`."""
        with self._lock:
            of = shell.ruleset.hash
            if self._under_way is not None and self._under_way[0] == of and not alone:
                return self._under_way[1]
            begun: Future[C] = Future()
            # Whoever goes away, as a request that is cut off does, takes the count from nobody else.
            begun.set_running_or_notify_cancel()
            if not alone:
                self._under_way = of, begun
            thread = Thread(
                target=self._anew, args=(shell, now, begun, alone), name="holdfast-recount", daemon=True
            )
            self._threads.add(thread)
            thread.start()
            return begun

    def _anew(self, shell: Shell, now: Micros, begun: Future[C], alone: bool) -> None:
        of = shell.ruleset.hash
        # Nobody is held up by the first page.
        breaths = chain((0.0,), repeat(BREATH))
        try:
            with nullcontext() if alone or self._turn is None else self._turn:
                self._go_on()
                began = time.perf_counter()
                found = self._count(shell, now, lambda: not self._closing.wait(next(breaths)))
                took = time.perf_counter() - began
                self._go_on()
        except Exception as error:
            # What is known stays until somebody asks again.
            self._end(begun, None)
            begun.set_exception(error)
            return
        self._end(begun, _Known(of, found, took))
        begun.set_result(found)

    def _go_on(self) -> None:
        if self._closing.is_set():
            raise StoreError("nothing is counted any more, for the engine is being closed; ask again")

    def _end(self, begun: Future[C], known: _Known | None) -> None:
        with self._lock:
            if self._under_way is not None and self._under_way[1] is begun:
                self._under_way = None
            self._threads.discard(current_thread())
            # One that was asked for later may have been counted sooner.
            older = self._known
            if known is not None and (
                older is None or older.of != known.of or older.value.as_of <= known.value.as_of
            ):
                self._known = known
