"""What makes the engine go on: due work and deliveries, as one pass that every driver repeats."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from engine.model.values import SECOND, Micros
from engine.runtime.clock import Clock, VirtualClock
from engine.runtime.delivery.outbox import Outbox
from engine.runtime.leading import Leader
from engine.runtime.releasing import catch_up
from engine.runtime.shell import Shell
from engine.runtime.silences import EVERY, check_starts
from engine.runtime.tick import tick
from engine.store.records import PARKED

BEAT: Micros = 5 * SECOND
"""How often an engine says that it runs, when nothing else is committed."""


class Drive:
    """Passes over the engine; the worker's thread, tests and demonstrations all use it."""

    def __init__(self, shell: Shell, clock: Clock, call: Callable[[Callable[[], Any]], Any]) -> None:
        self.clock = clock
        self._shell = shell
        self._call = call
        self._outbox = Outbox(shell, call)
        self._leader = Leader(shell)
        self._beat: Micros = 0
        self._looked: Micros = 0

    def advance(self, until: Micros, budget: int, shard: int | None = None, *, wait: bool = True) -> int:
        """Play what is due at `until` or before, then deliver what is due now; 0 for nothing to do.

        Without `wait` sending goes on when this has returned, and a later pass settles it.
        """
        played = self._call(lambda: self._play(until, budget, shard))
        return int(played) + self._outbox.deliver(shard, wait=wait)

    def _play(self, until: Micros, budget: int, shard: int | None) -> int:
        ends = self._shell.ends_at
        if ends is not None and ends <= until:
            # An emergency goes back where nothing else is due, too.
            catch_up(self._shell)
            return 1 + tick(self._shell, until, budget, shard)
        return tick(self._shell, until, budget, shard)

    @property
    def leads(self) -> bool:
        """Tell whether this process does what one process does for all."""
        return self._leader.leads

    @property
    def sending(self) -> bool:
        """Tell whether something is being sent, or was and is not settled yet."""
        return self._outbox.busy

    def when_sent(self, tell: Callable[[], object]) -> None:
        """Call `tell` from now on whenever something has been sent."""
        self._outbox.came_back = tell

    def beat(self) -> None:
        """Say that the engine runs, if it has not said so lately, and do what one process does for all."""
        now = self.clock.now()
        if now - self._beat >= BEAT:
            self._beat = now
            self._call(self._heartbeat)
            self._call(lambda: self._leader.lead(now))
        if self._shell.store.shared and self._leader.leads:
            self._call(lambda: self._leader.seal(now))
        if self._leader.leads and now - self._looked >= EVERY:
            self._looked = now
            self._call(lambda: check_starts(self._shell, self._shell.instants.take()))

    def _heartbeat(self) -> None:
        shell = self._shell
        if shell.store.shared:
            # A process with nothing to do hears of a release in this way.
            catch_up(shell)
        with shell.store.begin() as writer:
            writer.heartbeat(shell.process, shell.instants.take(), shell.release)

    def next_due(self) -> Micros | None:
        """Give the instant at which there is something to do again, None for never."""
        with self._shell.store.reader() as reader:
            dues = [
                reader.earliest_due(),
                reader.earliest_effect_due(),
                self._shell.figures.next_midnight,
                self._shell.ends_at,
            ]
        known = [due for due in dues if due is not None and due < PARKED]
        return min(known, default=None)

    def run_until(self, until: Micros) -> None:
        """Move a virtual clock to `until`, stopping wherever something is due to play and deliver it.

        What is due at `until` is played too; events received later are received after that instant.
        """
        while (due := self.next_due()) is not None and due <= until:
            self._move(due)
            if not self._everything(max(due, self.clock.now())):
                break
        self._move(until)
        self._everything(until)

    def _move(self, instant: Micros) -> None:
        if isinstance(self.clock, VirtualClock):
            self.clock.move_to(instant)

    def _everything(self, until: Micros) -> int:
        done = 0
        while more := self.advance(until, 10_000):
            done += more
        if done:
            self._call(lambda: self._shell.instants.close(until))
        return done

    def close(self) -> None:
        """Wait for what is being sent, for a while, and settle it."""
        self._outbox.close()
