"""Refusals: sign-ins that were refused, in the audit record, however many there are.

Whoever tries keys writes as many refusals as they like, and an entry stays for ever. So they are gathered
by why, and one process writes one entry a minute at most. Of a process that is killed (kill -9, a power
cut) those of the last minute are lost.
"""

from __future__ import annotations

import secrets
import threading
from collections import Counter
from collections.abc import Callable
from typing import Any

import structlog

from engine.audit.leaves import ChangeLeaf
from engine.errors import HoldfastError, UnauthenticatedError
from engine.runtime.shell import Shell

EVERY = 60.0
"""Seconds between two entries, while somebody is refused."""

NAMED = 5
"""So many keys an entry names: those that were good once, or elsewhere."""

NOT_TRIED = "missing"
"""Who sends no key at all, as every crawler does, has not tried to sign in."""

_log = structlog.get_logger("holdfast.refusals")


class Refusals:
    """Gathers the refusals of one process and keeps them in the writer's turn."""

    def __init__(self, shell: Shell, call: Callable[[Callable[[], Any]], Any]) -> None:
        self._shell = shell
        self._call = call
        self._guard = threading.Lock()
        self._counts: Counter[str] = Counter()
        self._keys: set[str] = set()
        self._woken = threading.Event()
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._run, name="holdfast-refusals", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def note(self, refused: UnauthenticatedError) -> None:
        """Let a refusal be kept; never waits. What was sent is not kept, and cannot be."""
        if refused.because == NOT_TRIED:
            return
        with self._guard:
            self._counts[refused.because] += 1
            if refused.key is not None and len(self._keys) <= NAMED:
                self._keys.add(refused.key)
        self._woken.set()

    def flush(self) -> None:
        """Keep what waits now, as one entry."""
        with self._guard:
            counts, keys = self._counts, self._keys
            self._counts, self._keys = Counter(), set()
        if not counts:
            return
        try:
            self._call(lambda: keep(self._shell, counts, keys))
        except HoldfastError:
            with self._guard:
                self._counts.update(counts)
                self._keys |= keys
            raise

    def close(self) -> None:
        """Keep what waits, then end."""
        self._closing.set()
        self._woken.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._closing.is_set():
            self._woken.wait()
            self._woken.clear()
            self._try()
            self._closing.wait(EVERY)
        self._try()

    def _try(self) -> None:
        try:
            self.flush()
        except HoldfastError as error:
            _log.error("refusals_wait", number=self._counts.total(), error=type(error).__name__)
            self._woken.set()


def keep(shell: Shell, counts: Counter[str], keys: set[str]) -> None:
    """Write one entry of refusals: how many of each kind, and of which keys that are known."""
    at = shell.instants.take()
    told = ", ".join(f"{number} {because}" for because, number in sorted(counts.items()))
    named = " ".join(sorted(keys)[:NAMED]) + (" and others" if len(keys) > NAMED else "")
    with shell.store.begin() as writer:
        writer.record(
            ChangeLeaf(
                what="sign_ins_refused",
                ref=f"refused:{secrets.token_hex(8)}",
                at=at,
                detail=told,
                key=named or None,
            )
        )
