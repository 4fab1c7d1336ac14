"""Leading: duties that one process of all has at a time, by a lease under the database's own clock."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import msgspec
import structlog

from engine.errors import TransientStoreError
from engine.model.values import DAY, HOUR, MINUTE, SECOND, Micros
from engine.runtime.repeating import KEPT
from engine.runtime.sealing import seal, sign
from engine.runtime.shell import Shell
from engine.store.interface import Writer

LEAD = "lead"
LEASE: Micros = 30 * SECOND
"""A leader that is not heard of for so long is followed by another."""

REMEMBERED: Micros = 7 * DAY
"""How long a process that has ended is still listed."""

_log = structlog.get_logger("holdfast.leading")


class Duty(msgspec.Struct, frozen=True):
    """Something that one process does `every` so often; `do` works in a transaction of its own."""

    name: str
    every: Micros
    do: Callable[[Shell, Writer, Micros], Any]


def tidy(shell: Shell, writer: Writer, now: Micros) -> None:
    """Forget answers and processes that nobody asks for any more."""
    writer.drop_answers(now - KEPT)
    writer.drop_processes(now - REMEMBERED)


DUTIES: Sequence[Duty] = (Duty("tidy", HOUR, tidy), Duty("checkpoint", MINUTE, sign))
SEALING = Duty("seal", SECOND // 2, seal)
"""Done between the others, and again while anything waits."""


class Leader:
    """Does the duties in this process while the lease is its own; each is checked in its own commit.

    Who was cut off and comes back finds another fence, and changes nothing.
    """

    def __init__(self, shell: Shell, duties: Sequence[Duty] = DUTIES) -> None:
        self._shell = shell
        self._duties = duties
        self._fence: int | None = None
        self._renew: Micros = 0
        self._done: dict[str, Micros] = {}

    @property
    def leads(self) -> bool:
        """Tell whether this process had the lease when it last looked."""
        return self._fence is not None

    def lead(self, now: Micros) -> None:
        """Take or keep the lease where that is time, and do the duties whose time has come."""
        if now >= self._renew:
            self._take(now)
        if self._fence is None:
            return
        for duty in self._duties:
            if now - self._done.get(duty.name, 0) >= duty.every:
                self._do(duty, now, self._fence)

    def seal(self, now: Micros) -> None:
        """Seal what waits where that is time, while this process leads."""
        while self._fence is not None and now - self._done.get(SEALING.name, 0) >= SEALING.every:
            if self._do(SEALING, now, self._fence):
                del self._done[SEALING.name]

    def _take(self, now: Micros) -> None:
        shell = self._shell
        with shell.store.begin() as writer:
            fence = writer.take_lease(LEAD, shell.process, now, now + LEASE)
        if fence != self._fence:
            _log.info("leads" if fence is not None else "follows", fence=fence)
            # Whoever begins to lead does not know when a duty was last done.
            self._done = {}
        self._fence = fence
        self._renew = now + LEASE // 3

    def _do(self, duty: Duty, now: Micros, fence: int) -> Any:
        shell = self._shell
        try:
            with shell.store.begin() as writer:
                if not writer.holds_lease(LEAD, shell.process, fence):
                    self._fence, self._renew = None, now
                    _log.warning("deposed", duty=duty.name)
                    return None
                done = duty.do(shell, writer, now)
        except TransientStoreError:
            return None
        self._done[duty.name] = now
        return done
