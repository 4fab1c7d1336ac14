"""The shell: what one engine holds, and its writing transactions around the core."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable
from contextlib import contextmanager
from decimal import Decimal
from typing import Any

from engine.contact.budgets import period_of
from engine.model.values import Micros
from engine.runs.changes import Changes
from engine.runs.stage import Budgets, Member
from engine.runtime.actions import Actions
from engine.runtime.definitions import Definitions
from engine.runtime.figures import Figures
from engine.runtime.instants import Instants
from engine.runtime.members import Members, saved
from engine.runtime.pauses import Pauses
from engine.runtime.questions import closed
from engine.store.interface import Reader, Store, Writer
from engine.timeline.cast import Cast
from engine.timeline.due import next_due
from engine.timeline.ruleset import Ruleset
from engine.timeline.world import Outage, World


class Turn:
    """One writing transaction: the cast that it loads, and what playing changes in it.

    `result` is what whoever asked for the work is told, where that is to be kept with it.
    """

    def __init__(self, shell: Shell, writer: Writer, now: Micros) -> None:
        self.writer = writer
        self.now = now
        self.ruleset = shell.ruleset
        self.world = shell.world(writer, now)
        self.cast = Cast(lambda ids: shell.members.load(writer, ids))
        self.changes = Changes()
        self._removed: set[str] = set()
        self.gone: set[str] = set()
        self.result: Any = None

    def remove(self, customer: str) -> None:
        """Let a customer's row go when the turn is written: they go by another id now."""
        self._removed.add(customer)

    def flush(self) -> None:
        """Write what has changed so far, so that it can be read in this very transaction."""
        changes, self.changes = self.changes, Changes()
        changes.asks += closed(self.writer, changes)
        self.writer.write(changes)
        ended = [run.id for run in changes.runs.values() if not run.open]
        if ended:
            self.writer.cancel_effects(ended, self.now, "run_ended")
        table = self.ruleset.facts
        staying = [self.cast.members[id] for id in changes.customers if id not in self._removed]
        self.writer.save([saved(member, table, self._due(member), self.now) for member in staying])
        if self._removed:
            self.writer.remove(self._removed)
            for id in self._removed:
                self.cast.members.pop(id, None)
                self.gone.add(id)
            self._removed.clear()

    def _due(self, member: Member) -> Micros | None:
        # A customer whose time has not begun yet, in the middle of an import, is never due.
        return next_due(self.world, member) if member.standing.played_to else None


class Shell:
    """What one engine holds while it is open. Only the writer thread opens turns.

    `set_aside` are customers that the core failed on, with the instant of the next try. `keep_answer`
    is called in the turn that has a result, while a request is done that may come again.
    """

    def __init__(
        self,
        *,
        store: Store,
        ruleset: Ruleset,
        actions: Actions,
        instants: Instants,
        definitions: Definitions,
        pauses: Pauses,
        outages: Iterable[Outage],
        coupon_secret: str,
        link_secret: bytes,
    ) -> None:
        self.store = store
        self.ruleset = ruleset
        self.actions = actions
        self.instants = instants
        self.definitions = definitions
        self.pauses = pauses
        self.outages = tuple(outages)
        self.coupon_secret = coupon_secret
        self.link_secret = link_secret
        self.members = Members()
        self.set_aside: dict[str, Micros] = {}
        self.keep_answer: Callable[[Writer, Any], None] | None = None
        self.figures = Figures(store, ruleset)

    def world(self, reader: Reader, now: Micros) -> World:
        """Give the core's world as it is in this transaction."""
        return World(
            self.ruleset,
            self.figures.at,
            outages=self.outages,
            paused=self.pauses.now,
            budgets=Budgets(self._spent(reader, now)),
            definition=self.definitions.workflow,
            secret=self.coupon_secret,
        )

    def _spent(self, reader: Reader, now: Micros) -> dict[tuple[str, str], Decimal]:
        day = self.ruleset.zone.day_of(now)
        policy = self.ruleset.workspace.policy
        # What is due may belong to the period before, if it is played late.
        periods = {
            (name, period_of(budget, each))
            for name, budget in policy.budgets.items()
            for each in (day, day - 1)
        }
        return reader.budgets(sorted(periods)) if periods else {}

    @contextmanager
    def turn(self, now: Micros) -> Generator[Turn]:
        """Open the writing transaction for work at `now`; everything is committed at its end, or nothing."""
        turn: Turn | None = None
        try:
            with self.store.begin() as writer:
                turn = Turn(self, writer, now)
                yield turn
                turn.flush()
                if turn.result is not None and self.keep_answer is not None:
                    self.keep_answer(writer, turn.result)
                writer.heartbeat(max(now, self.instants.reached))
        except BaseException:
            if turn is not None:
                self.members.forget(turn.cast.members)
                self.members.forget(turn.gone)
            raise
        if turn.result is not None:
            self.keep_answer = None
        self.members.forget(turn.gone)
        self.members.keep(turn.cast.members)
