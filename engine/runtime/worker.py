"""The worker of one process: plays what falls due and delivers, and sleeps until the next of it."""

from __future__ import annotations

import threading

import structlog

from engine.errors import StoreError
from engine.model.values import FOR_EVER, SECOND, Micros
from engine.runtime.clock import LONGEST_WAIT
from engine.runtime.drive import BEAT, Drive

BUDGET = 1000
"""Customers played between two looks at the outbox."""

SWEEP: Micros = SECOND
"""How long anything may be due before every worker looks for it, poked or not."""

_log = structlog.get_logger("holdfast.worker")


class Heart:
    """A thread of a process that leaves the work to others: it stays known, and follows releases."""

    def __init__(self, drive: Drive) -> None:
        self._drive = drive
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._run, name="holdfast-heart", daemon=True)

    def start(self) -> None:
        """Begin to beat."""
        self._thread.start()

    def close(self) -> None:
        """Beat no more."""
        self._closing.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._closing.is_set():
            try:
                self._drive.beat()
            except StoreError as error:
                _log.error("store_error", error=type(error).__name__)
            except Exception as error:
                _log.error("worker_error", error=type(error).__name__, exc_info=error)
            self._drive.clock.wait(self._drive.clock.now() + BEAT, self._closing)


class Worker:
    """A thread that drives the engine until it is closed."""

    def __init__(self, drive: Drive) -> None:
        self._drive = drive
        self._woken = threading.Event()
        self._lock = threading.Lock()
        self._poked: set[int] = set()
        self._swept: Micros = 0
        self._soonest: Micros | None = None
        self._rests_until: Micros = 0
        self._stopped = False
        self._thread = threading.Thread(target=self._run, name="holdfast-worker", daemon=True)
        drive.when_sent(self._woken.set)

    def start(self) -> None:
        """Begin to work."""
        self._thread.start()

    def wake(self) -> None:
        """Look again: something has changed that may be due."""
        with self._lock:
            self._swept = 0
        self._woken.set()

    def expect(self, due: Micros) -> None:
        """Be awake when something is due that has just been written; that alone is no cause to look now."""
        with self._lock:
            if self._soonest is None or due < self._soonest:
                self._soonest = due
            early = due < self._rests_until
        if early:
            self.wake()

    def poke(self, shard: int) -> None:
        """Look into one shard: somebody has left something there that may be due."""
        with self._lock:
            self._poked.add(shard)
        self._woken.set()

    def close(self) -> None:
        """Finish what is under way, then end."""
        self._stopped = True
        self._woken.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._stopped:
            self._woken.clear()
            with self._lock:
                self._soonest = None
            wait = self._step()
            if not self._stopped:
                self._rest(self._until(wait))
            with self._lock:
                self._rests_until = 0

    def _until(self, wait: Micros | None) -> Micros | None:
        """Give until when to rest, which is not beyond what was written since the database was asked."""
        with self._lock:
            if self._soonest is not None:
                wait = self._soonest if wait is None else min(wait, self._soonest)
            self._rests_until = FOR_EVER if wait is None else wait
        return wait

    def _rest(self, until: Micros | None) -> None:
        """Sleep until an instant, or until there is something to do before it."""
        if not self._drive.sending:
            self._drive.clock.wait(until, self._woken)
            return
        # What is on its way wakes us when it is back. Only a worker that is at rest waits on the
        # clock: whoever steers one knows by that that all is done.
        seconds = LONGEST_WAIT
        if until is not None:
            seconds = min(seconds, max(0.0, (until - self._drive.clock.now()) / SECOND))
        self._woken.wait(seconds)

    def _step(self) -> Micros | None:
        """Do what there is to do; give the instant of the next, None for none."""
        try:
            looked = self._drain()
            self._drive.beat()
            now, due = self._drive.clock.now(), self._drive.next_due()
            if due is None:
                return None
            # What was due by that pass and was not played in it has been set aside, or is held by another
            # process. What has come due since is played at once.
            return due + 1 if due > looked else now + SECOND
        except StoreError as error:
            _log.error("store_error", error=type(error).__name__)
            return self._drive.clock.now() + SECOND
        except Exception as error:
            _log.error("worker_error", error=type(error).__name__, exc_info=error)
            return self._drive.clock.now() + SECOND

    def _drain(self) -> Micros:
        """Play and deliver in the shards that were poked, or everywhere when that was not done lately.

        Gives the instant up to which that was looked at last.
        """
        with self._lock:
            poked, self._poked = self._poked, set()
            now = self._drive.clock.now()
            everywhere = not poked or now - self._swept >= SWEEP or now < self._swept
            if everywhere:
                self._swept = now
        looked = now - 1
        for shard in [None] if everywhere else sorted(poked):
            more = True
            while more and not self._stopped:
                # What is due this very instant waits until it has passed: events received at the same
                # instant go first, as they do in a backtest.
                looked = self._drive.clock.now() - 1
                more = bool(self._drive.advance(looked, BUDGET, shard, wait=False))
        return looked
