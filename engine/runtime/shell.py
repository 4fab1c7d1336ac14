"""The shell: what one engine holds, and its writing transactions around the core."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Mapping
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from threading import Lock
from time import perf_counter
from typing import Any

import msgspec

from engine.audit.signing import Signer
from engine.contact.budgets import counter_of, period_of
from engine.contact.suppressions import Suppressions
from engine.errors import ConflictError, TransientStoreError
from engine.model.values import FOR_EVER, SECOND, Micros
from engine.model.workflow import Do
from engine.model.workspace import Settings
from engine.runs.asking import periods_of
from engine.runs.changes import Changes
from engine.runs.stage import Budgets, Counter, Member
from engine.runtime import tracing
from engine.runtime.actions import Actions, known_actions
from engine.runtime.actions.shipped import ready
from engine.runtime.crashpoint import crashpoint
from engine.runtime.definitions import Definitions
from engine.runtime.erasures import Erasures
from engine.runtime.figures import Figures
from engine.runtime.instants import Instants
from engine.runtime.members import Members, saved
from engine.runtime.meters import Meters, Tally
from engine.runtime.people.questions import closed
from engine.store.interface import Reader, Store, Writer
from engine.store.records import Marks
from engine.store.rows import shard_of
from engine.timeline.cast import Cast
from engine.timeline.due import next_due
from engine.timeline.ruleset import Ruleset
from engine.timeline.world import Outage, World

SOON: Micros = SECOND
"""What is due within that time is worth waking somebody for."""


class Equip:
    """What a process brings to any release: the actions that it knows, and how they are made ready.

    `given` actions stand in for those that a workspace's settings ask for.
    """

    def __init__(self, folder: Path, given: Actions | None = None) -> None:
        self.folder = folder
        self._given = given
        self.known = known_actions() if given is None else given.specs()

    def actions(self, settings: Settings) -> Actions:
        """Give the actions of a workspace; raises `SecretError`."""
        return self._given or ready(settings, self.folder)


class ReleaseMovedError(TransientStoreError):
    """Another release has gone live, or is on its way: this process goes on once it works by it."""


class Turn:
    """One writing transaction: the cast that it loads, and what playing changes in it.

    `result` is what whoever asked for the work is told, where that is to be kept with it. `stirred`
    are the shards in which something is to be done soon, once this is committed, and `soonest` when the
    first of all that it leaves to do is due. `registered` are ids of erased customers that are somebody
    new's from now on. `passing` tells that it goes over many customers, who need not be kept in memory.
    """

    def __init__(self, shell: Shell, writer: Writer, now: Micros, marks: Marks) -> None:
        self.writer = writer
        self.now = now
        self.ruleset = shell.ruleset
        self.world = shell.world(writer, now, marks)
        self.tally = Tally()
        self._runs: set[str] = set()
        # Not by a method of this turn: each would keep the other, and all whom it loaded, for the collector.
        self.cast = Cast(partial(_loaded, shell, writer, self._runs))
        self.changes = Changes()
        self.gone: set[str] = set()
        self.stirred: set[int] = set()
        self.soonest: Micros | None = None
        self.registered: set[str] = set()
        self.passing = False
        self.shared = shell.store.shared
        self.result: Any = None
        self.shell = shell
        self._removed: set[str] = set()

    def count(self, **outcomes: int) -> None:
        """Add to what intake has counted."""
        self.writer.count(**outcomes)
        self.tally.events.update(outcomes)

    def hold(self, names: Iterable[str]) -> Mapping[str, str]:
        """Load whom these names mean, so that nobody else changes them or gives a name away.

        Gives the id that each goes by.
        """
        asked = list(dict.fromkeys(names))
        goes_by = self.writer.resolve(asked)
        while True:
            self.cast.preload(goes_by.values())
            again = self.writer.resolve(asked) if self.shared else goes_by
            if again == goes_by:
                return goes_by
            goes_by = again

    def come_after(self) -> bool:
        """Move to where the customers loaded so far have been played to, by a process that is ahead.

        What is received then is not received before what was decided. Tells whether the turn moved.
        """
        latest = max((member.standing.played_to for member in self.cast.members.values()), default=0)
        if latest <= self.now:
            return False
        self.now = self.shell.instants.take(latest)
        return True

    def is_erased(self, name: str) -> bool:
        """Tell whether a name is that of somebody who was erased, and may not come in."""
        return self.shell.erasures.holds(name) and name not in self.registered

    def customer(self, name: str) -> str:
        """Hold a customer, and give the id that they go by; `ConflictError` for one who was erased."""
        if self.is_erased(name):
            raise ConflictError("this customer was erased, and there is nothing left of them", code="erased")
        return self.hold([name])[name]

    def remove(self, customer: str) -> None:
        """Let a customer's row go when the turn is written: they go by another id now."""
        self._removed.add(customer)

    def let_go(self, customers: Iterable[str]) -> None:
        """Forget customers whose rows were taken away otherwise in this transaction."""
        for id in customers:
            self.cast.members.pop(id, None)
            self.changes.customers.pop(id, None)
            self.gone.add(id)

    def flush(self) -> None:
        """Write what has changed so far, so that it can be read in this very transaction."""
        if self.shell.erasures:
            self._leave_out_erased()
        changes, self.changes = self.changes, Changes()
        changes.asks += closed(self.writer, changes)
        tracing.decided(effect.key for effect in changes.effects)
        self.tally.take(changes, self._runs)
        table = self.ruleset.facts
        staying = [self.cast.members[id] for id in changes.customers if id not in self._removed]
        saves = [saved(member, table, self._due(member), self.now) for member in staying]
        self.writer.save(saves)
        self.writer.write(changes)
        ended = [run.id for run in changes.runs.values() if not run.open]
        if ended:
            self.tally.settled["cancelled"] += len(self.writer.cancel_effects(ended, self.now, "run_ended"))
        self.stirred.update(shard_of(effect.customer) for effect in changes.effects)
        dues = [save.row.next_due for save in saves if save.row.next_due is not None]
        dues += [effect.due for effect in changes.effects]
        if self.soonest is not None:
            dues.append(self.soonest)
        self.soonest = min(dues, default=None)
        soon = self.now + SOON
        self.stirred.update(
            shard_of(save.row.id)
            for save in saves
            if save.row.next_due is not None and save.row.next_due <= soon
        )
        if self._removed:
            self.writer.remove(self._removed)
            for id in self._removed:
                self.cast.members.pop(id, None)
                self.gone.add(id)
            self._removed.clear()

    def _leave_out_erased(self) -> None:
        """Keep nothing of somebody who was erased, and whom another customer's event or run names."""
        new = [id for id, member in self.cast.members.items() if member.created]
        erased = {id for id in new if self.is_erased(id)}
        if erased:
            self.changes.leave_out(erased)
            for id in erased:
                del self.cast.members[id]

    def _due(self, member: Member) -> Micros | None:
        # A customer whose time has not begun yet, in the middle of an import, is never due.
        return next_due(self.world, member) if member.standing.played_to else None


class Aside(msgspec.Struct, frozen=True):
    """A customer on which the core has failed so many times: it is tried again at an instant."""

    again: Micros
    tries: int


def _loaded(shell: Shell, writer: Writer, runs: set[str], ids: list[str]) -> dict[str, Member]:
    """Load customers, and note which runs of theirs were open."""
    found = shell.load(writer, ids)
    for member in found.values():
        runs.update(member.runs)
    return found


class Shell:
    """What one engine holds while it is open. Only the writer thread opens turns.

    `process` is what this process is known by, `release` the number of the release that it works by,
    `files_wait` whether its folder has others, `ends_at` when that goes back by itself, if it is an
    emergency that nobody has approved; `finishing` tells that it finishes an import of the past, `going`
    how many customers of how many have come over to a release that goes live. `set_aside` are customers
    that the core failed on; `planning` is held while a plan is made. `keep_answer` is called in the turn
    that has a result, while a request is done that may come again. `stir` is told the shards in
    which a commit has left something to do soon, `expect` when the first is due of what it has left to
    do. `erasures` are ids that may not come in.
    """

    def __init__(
        self,
        *,
        store: Store,
        ruleset: Ruleset,
        actions: Actions,
        instants: Instants,
        definitions: Definitions,
        outages: Iterable[Outage],
        coupon_secret: str,
        link_secret: bytes,
        signer: Signer,
        process: str,
        equip: Equip,
        erasures: Erasures,
    ) -> None:
        self.store = store
        self.ruleset = ruleset
        self.actions = actions
        self.instants = instants
        self.definitions = definitions
        self.outages = tuple(outages)
        self.coupon_secret = coupon_secret
        self.link_secret = link_secret
        self.signer = signer
        self.process = process
        self.equip = equip
        self.erasures = erasures
        self.release = 0
        self.ends_at: Micros | None = None
        self.files_wait = False
        self.planning = Lock()
        self.going: tuple[int, int] | None = None
        self.finishing = False
        self.members = Members()
        self.set_aside: dict[str, Aside] = {}
        self.keep_answer: Callable[[Writer, Any], None] | None = None
        self.stir: Callable[[frozenset[int]], object] = len
        self.expect: Callable[[Micros], object] = int
        self._calm_until: Micros = 0
        self.figures = Figures(store, ruleset)
        self.meters = Meters()

    def adopt(self, ruleset: Ruleset, definitions: Definitions, actions: Actions) -> None:
        """Work by another release from now on."""
        self.ruleset, self.definitions, self.actions = ruleset, definitions, actions
        self.figures = Figures(self.store, ruleset)
        self.members.clear()

    def due_by(self, until: Micros) -> bool:
        """Tell whether a customer is due then; asked only where this engine alone writes.

        What is written passes through here, so that the database is asked only where somebody may be.
        """
        if until >= self._calm_until:
            with self.store.reader() as reader:
                earliest = reader.earliest_due()
            self._calm_until = FOR_EVER if earliest is None else earliest
        return until >= self._calm_until

    def load(self, writer: Writer, ids: list[str]) -> dict[str, Member]:
        """Load customers for a turn; where others write too, they are held until it ends."""
        return self.members.load(writer, ids, writer.hold(ids) if self.store.shared else None)

    def world(self, reader: Reader, now: Micros, marks: Marks | None = None) -> World:
        """Give the core's world as it is in this transaction."""
        self.figures.look_again()
        return World(
            self.ruleset,
            self.figures.at,
            outages=self.outages,
            paused=(marks or reader.marks()).paused,
            budgets=Budgets(reader.budgets, lambda: self._usual(now)),
            suppressions=Suppressions(partial(self._suppressed, reader)),
            definition=self.definitions.workflow,
            secret=self.coupon_secret,
        )

    def _suppressed(self, reader: Reader, channel: str, address: str) -> str | None:
        """Give why nothing is sent to an address; one of an erased customer stands there hidden."""
        reason = reader.suppressed(channel, address)
        if reason is None and self.erasures:
            return reader.suppressed(channel, self.erasures.hidden(address))
        return reason

    def _usual(self, now: Micros) -> set[Counter]:
        """Give the counters that work at `now` asks for as a rule: held in one order, nobody waits twice."""
        day, workspace = self.ruleset.zone.day_of(now), self.ruleset.workspace
        starts = workspace.settings.week_starts
        found = {
            (counter_of(name, budget, workflow), period_of(budget, each, starts))
            for name, budget in workspace.policy.budgets.items()
            if budget.per != "customer"
            for workflow in (self.spenders(budget.of) if budget.per == "workflow" else ("",))
            # What is due may belong to the period before, if it is played late.
            for each in (day, day - 1)
        }
        found.update(pair for each in (day, day - 1) for pair in periods_of(workspace.settings, each))
        return found

    def spenders(self, action: str) -> list[str]:
        """Give the live workflows that do an action."""
        return [
            name
            for name, program in self.ruleset.workflows.items()
            if any(
                isinstance(each.step, Do) and each.step.do == action for each in program.instructions.values()
            )
        ]

    def _check(self, marks: Marks, now: Micros) -> None:
        if marks.release != self.release:
            raise ReleaseMovedError(f"release {self.release} is no longer the live one")
        if marks.releasing is not None:
            raise ReleaseMovedError("a release was not finished")
        if self.ends_at is not None and now >= self.ends_at:
            raise ReleaseMovedError("the time of an emergency is over")
        if marks.importing and not self.finishing:
            raise ReleaseMovedError("an import of the past was not finished")

    def answer(self, writer: Writer, result: Any) -> None:
        """Keep the answer to the request that is being done, in the transaction of its effect."""
        if self.keep_answer is not None:
            self.keep_answer(writer, result)

    @contextmanager
    def turn(self, now: Micros, *, settling: bool = False) -> Generator[Turn]:
        """Open the writing transaction for work at `now`; everything is committed at its end, or nothing.

        Raises `ReleaseMovedError` where this process works by a release that is no longer live, or
        where a release or an import was not finished, or an emergency has not gone back, unless this
        is part of `settling` it.
        """
        turn: Turn | None = None
        began = perf_counter()
        try:
            with ExitStack() as committing, self.store.begin() as writer:
                marks = writer.marks()
                if not settling:
                    self._check(marks, now)
                if marks.erasures != self.erasures.version:
                    # What is kept of them in memory goes too: somebody new may come under the same id.
                    self.erasures.load(writer, marks.erasures)
                    self.members.clear()
                turn = Turn(self, writer, now, marks)
                crashpoint("turn_opened")
                yield turn
                crashpoint("before_flush")
                turn.flush()
                if turn.result is not None:
                    self.answer(writer, turn.result)
                writer.heartbeat(self.process, max(now, self.instants.reached), self.release)
                crashpoint("before_commit")
                committing.enter_context(tracing.child("commit"))
            crashpoint("after_commit")
        except BaseException:
            if turn is not None:
                self.members.forget(turn.cast.members)
                self.members.forget(turn.gone)
            raise
        self.meters.committed(turn.tally, perf_counter() - began)
        if turn.result is not None:
            self.keep_answer = None
        self.members.forget(turn.gone)
        self.members.keep(turn.cast.members, passing=turn.passing)
        if turn.stirred:
            self.stir(frozenset(turn.stirred))
        if turn.soonest is not None:
            self._calm_until = min(self._calm_until, turn.soonest)
            self.expect(turn.soonest)
