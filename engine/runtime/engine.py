"""The engine: what the doors, the command line and tests talk to."""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future
from contextlib import suppress
from copy import copy
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar

from engine.audit.actor import Actor
from engine.audit.checkpoints import Verifier
from engine.customers.event import Cause
from engine.decisions.decision import Decision
from engine.errors import StoreError, UnauthenticatedError
from engine.model.values import Micros
from engine.model.workspace import Workspace
from engine.runtime import operating
from engine.runtime.accesses import Access, Accesses
from engine.runtime.actions import Actions
from engine.runtime.audit.exporting import export
from engine.runtime.audit.replaying import Replayed, replay
from engine.runtime.callers.keys import ANYWHERE, GRACE, Bounds, NewKey, holds, make_key
from engine.runtime.callers.refusals import Refusals
from engine.runtime.calls import Call, Called, decide_calls
from engine.runtime.clock import Clock
from engine.runtime.course import Course, Imported, Refused, nobody
from engine.runtime.drive import Drive
from engine.runtime.intake import Posted, take_in
from engine.runtime.meters import Meters
from engine.runtime.past import import_past
from engine.runtime.people.acting import Acting
from engine.runtime.people.scoring import Calibrations
from engine.runtime.pokes import Listener, Poker, checked
from engine.runtime.rebuild import Progress, silently
from engine.runtime.releases.changing import Changing
from engine.runtime.releasing import catch_up
from engine.runtime.repeating import Once, act_once
from engine.runtime.reports import spreading, standings
from engine.runtime.reports.activity import Activities
from engine.runtime.reports.backtesting import Backtests
from engine.runtime.reports.comparing import Reports
from engine.runtime.reports.explaining import Explainer
from engine.runtime.reports.keeping import Keeper
from engine.runtime.reports.measures import Measures
from engine.runtime.reports.recounting import Recounts
from engine.runtime.reports.showing import Showing
from engine.runtime.sealing import note_export, sign_now
from engine.runtime.shell import Shell
from engine.runtime.startup import start
from engine.runtime.worker import Heart, Worker
from engine.runtime.writer import LARGEST_BATCH, IngestAnswer, Together, Writer
from engine.store.audit import CheckpointRow
from engine.store.interface import Store
from engine.store.lock import LockInfo
from engine.store.records import KeyRow
from engine.store.sessions import SessionRow
from engine.store.sqlite import SqliteStore
from engine.timeline.ruleset import Ruleset

T = TypeVar("T")


class Engine(Acting, Changing, Showing):
    """One engine on one database. Every method may be called from any thread.

    What changes something gives a `concurrent.futures.Future` that is resolved after the commit
    (`asyncio.wrap_future` makes it awaitable); its exception is a `RequestError`, or a `StoreError`
    where the fault is ours.
    """

    def __init__(self, shell: Shell, folder: Path, clock: Clock, *, work: bool) -> None:
        self.clock = clock
        self._shell = shell
        self._folder = folder
        self._closed = False
        self._calibrations = Calibrations()
        self._spreads = Recounts(spreading.spread, spreading.FRESH)
        self._activities = Activities()
        self._backtests = Backtests()
        self._standings = Recounts(standings.standings, standings.FRESH)
        self._reports = Reports()
        self._once: Once | None = None
        self._explainer = Explainer(shell.store, lambda: shell.ruleset)
        self._writer = Writer(lambda: catch_up(shell))
        self._take_in: Together[Posted, IngestAnswer] = lambda requests: take_in(shell, requests)
        self._decide_calls: Together[Call, Called] = lambda calls: decide_calls(shell, calls)
        self._writer.start()
        shell.meters.watch_store(shell.store, clock.now)
        shell.meters.watch(
            "holdfast_intake_queue", "Requests that wait for the writer.", lambda: self._writer.waiting
        )
        shell.meters.watch(
            "holdfast_set_aside", "Customers that the core failed on.", lambda: len(shell.set_aside)
        )
        self._drive = Drive(shell, clock, lambda job: self._writer.call(job).result())
        self._worker = Worker(self._drive) if work else None
        if self._worker is not None:
            shell.expect = self._worker.expect
            self._worker.start()
        self._beside: list[Poker | Listener | Heart | Keeper | Accesses | Refusals] = []
        self._accesses = Accesses(shell.store, self._now_do)
        self._go_beside(self._accesses)
        self._refusals = Refusals(shell, self._now_do)
        self._go_beside(self._refusals)
        self.measures = Measures(shell, clock.now, self._now_do)
        if work:
            self._go_beside(Keeper(shell, clock.now, lambda: self._drive.leads, self._now_do))

    def stay_known(self) -> None:
        """Say again and again that this process runs, and follow releases, where no worker of it does."""
        if self._worker is None and self.store.shared:
            self._go_beside(Heart(self._drive))

    def connect(self, redis_url: str) -> None:
        """Poke workers over Redis from now on, and where this process works itself, hear of pokes.

        Redis need not be there: it costs latency only. A `StoreError` where that is no URL of one.
        """
        url = checked(redis_url)
        poker = Poker(url)
        self._shell.stir = poker.poke
        self._go_beside(poker)
        if self._worker is not None:
            self._go_beside(Listener(url, self._worker.poke))

    def _go_beside(self, thread: Poker | Listener | Heart | Keeper | Accesses | Refusals) -> None:
        self._beside.append(thread)
        thread.start()

    @classmethod
    def open(
        cls,
        folder: Path,
        database_url: str,
        clock: Clock | None = None,
        *,
        actions: Actions | None = None,
        work: bool = True,
        role: str = "serve",
        progress: Progress = silently,
    ) -> Self:
        """Open the engine of a workspace; facts are made anew first where its files have changed.

        Without `work` nothing happens by itself: `run_until` and `tick` make it go on. `actions`
        stand in for those of holdfast.yaml. With the `role` of a worker, or of a command on a shared
        database, the files are those that are live there. Raises `AuthoringError`, `StoreError`,
        `SecretError`.
        """
        shell, kept = start(folder, database_url, clock, actions, progress, role=role)
        return cls(shell, folder, kept, work=work)

    def close(self) -> None:
        """Finish what is under way, take leave, and give the database back; once is enough."""
        if self._closed:
            return
        self._closed = True
        try:
            if self._worker is not None:
                self._worker.close()
            self._drive.close()
            # Others are still poked for what was handed back; a Redis that does not answer delays nothing.
            for each in self._beside:
                each.close()
            self._spreads.close()
            self._standings.close()
            self._reports.close()
            self._backtests.close()
            self._writer.close()
            with suppress(StoreError), self.store.begin() as writer:
                writer.end_process(self._shell.process)
        finally:
            self._shell.store.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def store(self) -> Store:
        """The database, for reading."""
        return self._shell.store

    @property
    def ruleset(self) -> Ruleset:
        """The live rules, compiled."""
        return self._shell.ruleset

    @property
    def workspace(self) -> Workspace:
        """The live files, as models."""
        return self._shell.ruleset.workspace

    @property
    def folder(self) -> Path:
        """Where the workspace's files are."""
        return self._folder

    def ingest(
        self,
        raws: Sequence[object],
        *,
        source: str,
        may_grant: bool = False,
        received: Micros | None = None,
        cause: Cause = "sent",
        registers: str | None = None,
    ) -> Future[IngestAnswer]:
        """Take events in: decoded JSON objects, or `Unreadable` ones.

        `may_grant` tells whether the sender may set protected traits. `received` stands in for the
        clock. `registers` is who lets ids in that were erased. The answer comes once they are on the disk and
        decided.
        """
        posted = Posted(
            raws=raws, source=source, may_grant=may_grant, received=received, cause=cause, registers=registers
        )
        # A batch has one instant, so that a request with its own goes alone.
        size = len(raws) if received is None else LARGEST_BATCH
        return self._writer.join(posted, self._take_in, size, name="intake")

    def import_events(
        self,
        raws: Iterable[object],
        *,
        source: str,
        history: bool = False,
        name: str | None = None,
        refused: Refused = nobody,
        progress: Progress = silently,
    ) -> Imported:
        """Import events, and wait for it. As `history` they count for facts and fire nothing.

        Interrupted, and begun again under the same `name`, it goes on where it was; `raws` are then
        looked through from their beginning, twice where they turn out to be other ones.
        """
        course = Course(self.store, self._now_do, name, refused)
        if history:
            return import_past(self._shell, self._now_do, raws, source, course, progress)
        for portion in course.portions(raws):
            posted = Posted(raws=portion, source=source, may_grant=True, cause="import", note=course.note)
            joined = self._writer.join(posted, self._take_in, len(portion), name="intake")
            course.advance(joined.result())
            progress("importing events", course.done.rows, 0)
        course.end()
        return course.done

    def trigger(
        self,
        rule: str,
        customer: str,
        event: dict[str, Any],
        *,
        key: str | None = None,
        dry_run: bool = False,
    ) -> Future[Decision]:
        """Decide a rule for a customer now. `key` makes the call one of a kind; a dry run does nothing.

        `NotFoundError` for a rule that is not live, `RequestError` for one that is not called,
        `ConflictError` for a call that was made before.
        """
        if dry_run:
            return _done(lambda: operating.preview(self._shell, self.clock.now(), rule, customer, event))
        call = key or secrets.token_hex(12)
        once = Call(rule=rule, customer=customer, event=event, key=call, once=self._once)
        return self._writer.join(once, self._decide_calls, name="calls")

    @property
    def meters(self) -> Meters:
        """What is counted of this process, and how the work stands."""
        return self._shell.meters

    def checkpoint(self) -> Future[CheckpointRow | None]:
        """Seal and sign the audit record as it is now; None while it is empty."""
        return self._writer.call(lambda: sign_now(self._shell))

    def export_audit(
        self, start: Micros | None, end: Micros | None, who: str, key: str | None = None
    ) -> Iterator[bytes]:
        """Give the audit record of a period as a file, in pieces; that somebody took it is in it too."""
        self._now_do(lambda: note_export(self._shell, who, key))
        with self.store.reader() as reader:
            yield from export(reader, self._shell.signer, start, end, self.clock.now())

    def replay_audit(self, start: Micros | None = None, end: Micros | None = None) -> Replayed:
        """Decide every recorded decision of a period again, and hold the two against one another."""
        return replay(self.store, self._explainer, start, end)

    @property
    def verifier(self) -> Verifier:
        """The public key that the audit record's checkpoints are checked with."""
        return self._shell.signer.verifier

    def doctor(self) -> dict[str, Any]:
        """Hold the counters against the rows; `balanced` says that nothing was lost."""
        return operating.doctor(self.store, self.clock.now())

    def ready(self) -> Future[None]:
        """Look whether the writer works and the database can be read; a `StoreError` where not."""
        return self._writer.call(lambda: operating.look(self._shell))

    def create_key(
        self,
        role: str,
        owner: str,
        label: str = "",
        expires_at: Micros | None = None,
        *,
        bounds: Bounds = ANYWHERE,
        by: Actor | None = None,
    ) -> NewKey:
        """Make an API key; its text is shown once and nowhere kept.

        A `ForbiddenError` where who makes it, if that is told, may not give that role.
        """
        made = make_key(role, owner, label, self.clock.now(), expires_at, bounds)
        return self._do(lambda: operating.add_key(self._shell, made, by)).result()

    def rotate_key(self, id: str, grace: Micros = GRACE, by: Actor | None = None) -> NewKey:
        """Make a successor of a key, which ends after `grace`; raises `NotFoundError`, `ConflictError`."""
        return self._do(lambda: operating.rotate_key(self._shell, id, grace, by)).result()

    def first_admin_key(self) -> NewKey | None:
        """Make an admin key where there is no key at all yet, None where there is one."""
        with self.store.reader() as reader:
            if reader.list_keys():
                return None
        made = make_key("admin", "admin", "made at first start", self.clock.now())
        return made if self._now_do(lambda: operating.add_first_key(self._shell, made.row)) else None

    def find_key(self, id: str) -> KeyRow | None:
        """Give the row of a key, also one that is no longer good."""
        with self.store.reader() as reader:
            return reader.find_key(id)

    def list_keys(self) -> list[KeyRow]:
        """Give the rows of all keys."""
        with self.store.reader() as reader:
            return reader.list_keys()

    def revoke_key(self, id: str, by: Actor | None = None) -> bool:
        """Make a key useless from now on; False when there is none or it was before."""
        return bool(self._now_do(lambda: operating.revoke_key(self._shell, id, by)))

    def touch_key(self, id: str, address: str | None = None) -> Future[None]:
        """Keep that a key was used just now, and from where."""
        now = self.clock.now()
        return self._writer.call(lambda: operating.touch_key(self._shell, id, now, address))

    def has_key(self, owner: str, role: str) -> bool:
        """Tell whether a human has a key of a role that is good."""
        with self.store.reader() as reader:
            return holds(reader.list_keys(), owner, role, self.clock.now())

    def find_session(self, hash: str) -> SessionRow | None:
        """Give a person's session, also one that is over."""
        with self.store.reader() as reader:
            return reader.find_session(hash)

    def add_session(self, session: SessionRow) -> None:
        """Keep a person's new session, and forget those that are long over."""
        self._now_do(lambda: operating.add_session(self._shell, session))

    def end_session(self, hash: str) -> None:
        """End a person's session."""
        self._now_do(lambda: operating.end_session(self._shell, hash))

    def note_access(self, access: Access) -> None:
        """Let it be kept that somebody read personal data; at once, and kept within a second."""
        self._accesses.note(access)

    def flush_accesses(self) -> int:
        """Keep the readings that wait; give how many that were."""
        return self._accesses.flush()

    def note_refusal(self, refused: UnauthenticatedError) -> None:
        """Let it be counted and kept that somebody was not let in; within a minute."""
        self._shell.meters.sign_in_refused(refused.because)
        self._refusals.note(refused)

    def flush_refusals(self) -> None:
        """Keep the refusals that wait."""
        self._refusals.flush()

    def tick(self, budget: int = 1000, shard: int | None = None) -> int:
        """Make one pass, over one shard where one is given; 0 when there was nothing to do.

        What is due until now is played, then what is due is delivered.
        """
        return self._drive.advance(self.clock.now(), budget, shard)

    def run_until(self, instant: Micros) -> None:
        """Move a virtual clock to an instant, playing and delivering everything due on the way."""
        self._drive.run_until(instant)

    def next_due(self) -> Micros | None:
        """Give the instant at which there is something to do next, None for never."""
        return self._drive.next_due()

    def announce(self, address: str, token: str) -> None:
        """Say in the database's lock file how commands of this machine reach this engine."""
        if isinstance(self.store, SqliteStore):
            self.store.write_lock_info(LockInfo(os.getpid(), address, token))

    def acting_once(self, once: Once) -> Self:
        """Give this engine for one request, which acts once: its answer is kept with its effect.

        Futures may then raise `AnsweredBefore`.
        """
        twin = copy(self)
        twin._once = once
        return twin

    def _do(self, work: Callable[[], T]) -> Future[T]:
        once = self._once
        return self._woken(
            self._writer.call(work if once is None else lambda: act_once(self._shell, once, work))
        )

    def _now_do(self, work: Callable[[], T]) -> T:
        done: T = self._writer.call(work).result()
        return done

    def _woken(self, future: Future[T]) -> Future[T]:
        worker = self._worker
        if worker is not None:
            future.add_done_callback(lambda _: worker.wake())
        return future


def _done(work: Callable[[], T]) -> Future[T]:
    future: Future[T] = Future()
    try:
        future.set_result(work())
    except Exception as error:
        future.set_exception(error)
    return future
