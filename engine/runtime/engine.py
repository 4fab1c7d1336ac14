"""The engine: what the doors, the command line and tests talk to."""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import Future
from contextlib import suppress
from copy import copy
from decimal import Decimal
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, Self, TypeVar

from engine.authoring.outcomes.calibration import Calibration
from engine.authoring.why import Explanation
from engine.customers.event import Cause
from engine.decisions.decision import Decision
from engine.errors import StoreError
from engine.escalation.case import Case
from engine.loyalty.figures import Liability
from engine.loyalty.statement import Statement
from engine.model.values import Micros
from engine.model.workspace import Workspace
from engine.runs.run import AskItem, Coupon, Run
from engine.runtime import casework, granting, mending, operating, points, reaching, reading, scoring
from engine.runtime.actions import Actions
from engine.runtime.actions.unsubscribe import Unsubscription, read_token
from engine.runtime.clock import Clock
from engine.runtime.connectors import shown
from engine.runtime.drive import Drive
from engine.runtime.experiments import Listed, Plan, Report, listed, plan, report
from engine.runtime.explaining import Explainer
from engine.runtime.intake import Posted, take_in
from engine.runtime.keeping import Keeper
from engine.runtime.keys import NewKey, make_key
from engine.runtime.measures import Measures
from engine.runtime.meters import Meters
from engine.runtime.past import Imported, added, chunks, import_past
from engine.runtime.pokes import Listener, Poker, checked
from engine.runtime.rebuild import Progress, silently
from engine.runtime.releasing import catch_up
from engine.runtime.repeating import Once, act_once
from engine.runtime.shell import Shell
from engine.runtime.standstill import Overdue, overdue, with_definitions
from engine.runtime.startup import start
from engine.runtime.worker import Heart, Worker
from engine.runtime.writer import LARGEST_BATCH, IngestAnswer, Writer
from engine.store.interface import Store
from engine.store.lock import LockInfo
from engine.store.records import KeyRow, OutboxRow, SuppressionRow
from engine.store.sqlite import SqliteStore
from engine.timeline.ruleset import Ruleset

T = TypeVar("T")


class Engine:
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
        self._calibrations = scoring.Calibrations()
        self._once: Once | None = None
        self._explainer = Explainer(shell.store, lambda: shell.ruleset)
        self._writer: Writer[Posted] = Writer(
            lambda requests: take_in(shell, requests), lambda: catch_up(shell)
        )
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
            self._worker.start()
        self._beside: list[Poker | Listener | Heart | Keeper] = []
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

    def _go_beside(self, thread: Poker | Listener | Heart | Keeper) -> None:
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
    ) -> Future[IngestAnswer]:
        """Take events in: decoded JSON objects, or `Unreadable` ones.

        `may_grant` tells whether the sender may set protected traits. `received` stands in for the
        clock. The answer comes once they are on the disk and decided.
        """
        posted = Posted(raws=raws, source=source, may_grant=may_grant, received=received, cause=cause)
        # A batch has one instant, so that a request with its own goes alone.
        size = len(raws) if received is None else LARGEST_BATCH
        return self._woken(self._writer.post(posted, size))

    def import_events(
        self, raws: Iterable[object], *, source: str, history: bool = False, progress: Progress = silently
    ) -> Imported:
        """Import events, and wait for it. As `history` they count for facts and fire nothing."""
        if history:
            return import_past(self._shell, self._now_do, raws, source, progress)
        total = Imported()
        for first, chunk in chunks(raws):
            answer = self.ingest(chunk, source=source, may_grant=True, cause="import").result()
            total = added(total, answer, first)
            progress("importing events", first + len(chunk), 0)
        return total

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
        return self._do(lambda: operating.call(self._shell, rule, customer, event, call))

    def unsubscribe(self, token: str) -> Future[Unsubscription]:
        """Let the reader of a message go; `NotFoundError` for a link that is not one of ours."""
        wanted = read_token(self._shell.link_secret, token)
        return self._do(lambda: operating.unsubscribe(self._shell, wanted))

    def read_unsubscribe(self, token: str) -> Unsubscription:
        """Read an unsubscribe link without following it; raises `NotFoundError`."""
        return read_token(self._shell.link_secret, token)

    def answer_ask(self, ask: str, choice: str, by: str) -> Future[AskItem]:
        """Answer a question; `ConflictError` when it no longer waits for an answer."""
        return self._do(lambda: operating.answer_ask(self._shell, ask, choice, by))

    def acknowledge_case(self, case: str, by: str) -> Future[Case]:
        """Take a case: nobody further up its ladder is told."""
        return self.act_on_case(case, "acknowledged", by)

    def resolve_case(self, case: str, by: str) -> Future[Case]:
        """Close a case as resolved."""
        return self.act_on_case(case, "resolved", by)

    def act_on_case(self, case: str, what: str, by: str, **said: str | None) -> Future[Case]:
        """Do something with a case; `what` and `said` are as in the event `case_<what>`.

        `ConflictError` where it cannot be done as the case stands, `RequestError` for a person, a
        priority or a time that there is not.
        """
        return self._do(lambda: casework.act(self._shell, case, f"case_{what}", by, said))

    def case(self, id: str) -> casework.KnownCase:
        """Give a case, its clocks, and what is known of its customer; raises `NotFoundError`."""
        return casework.look(self._shell, id, self.clock.now())

    def cancel_run(self, run: str, by: str) -> Future[Run]:
        """End a run; `ConflictError` when it has ended already."""
        return self._do(lambda: operating.cancel_run(self._shell, run, by))

    def act_on_points(
        self, customer: str, name: str, asked: Mapping[str, Any], by: str
    ) -> Future[points.Done]:
        """Redeem, reserve, commit, release or adjust points, as `engine.runs.acts` names it.

        `NotFoundError`, `ForbiddenError` for who may not decide, `ConflictError` where there are too few
        points or the key was used for something else.
        """
        return self._do(lambda: points.act(self._shell, customer, name, asked, by))

    def points(self, customer: str, program: str | None = None) -> points.Held:
        """Give what a customer has in a program; raises `NotFoundError`."""
        return points.held(self._shell, customer, program, self.clock.now())

    def statement(self, customer: str, program: str | None, start: Micros, end: Micros) -> Statement:
        """Give a member's statement of a period; raises `NotFoundError`."""
        return points.stated(self._shell, customer, program, start, end)

    def liability(self, program: str) -> Liability:
        """Give what a program owes its members; raises `NotFoundError`."""
        return points.liability(self._shell, program)

    def pause(self, workflow: str | None = None) -> Future[None]:
        """Hold back what a workflow (without one: every workflow) would do."""
        return self._do(lambda: operating.pause(self._shell, workflow))

    def resume(self, workflow: str | None = None) -> Future[None]:
        """Let a workflow go on; without one, all of them."""
        return self._do(lambda: operating.resume(self._shell, workflow))

    @property
    def paused(self) -> frozenset[str]:
        """The paused workflows; `*` stands for all of them."""
        with self.store.reader() as reader:
            return reader.marks().paused

    def merge_customers(self, into: str, other: str, by: str) -> Future[str]:
        """Make two customers one, for good, and give the surviving id.

        `NotFoundError`, or `ConflictError` when they are one.
        """
        return self._do(lambda: operating.merge_customers(self._shell, into, other, by))

    def score(self, score: str, customer: str) -> scoring.KnownScore:
        """Tell how a score of a customer stands, part by part; raises `NotFoundError`."""
        return scoring.score(self._shell, score, customer, self.clock.now())

    def calibration(self, score: str, outcome: str, within: Micros) -> Calibration:
        """Replay what is stored up to midnight and count outcomes by what a score was before.

        Raises `NotFoundError`.
        """
        return self._calibrations.find(self._shell, score, outcome, within, self.clock.now())

    def override_score(
        self, score: str, customer: str, value: Decimal, reason: str, until: Micros, by: str
    ) -> Future[scoring.KnownScore]:
        """Let a value count for a customer's score before `until`; `NotFoundError`, `RequestError`."""
        return self._do(lambda: scoring.override(self._shell, score, customer, value, reason, until, by))

    def end_score_override(self, score: str, customer: str, by: str) -> Future[scoring.KnownScore]:
        """End an override before its time; `ConflictError` where there is none."""
        return self._do(lambda: scoring.end_override(self._shell, score, customer, by))

    def retry_run(self, run: str, by: str) -> Future[Run]:
        """Let a failed run go on at its failed step; `ConflictError` when it has not failed."""
        return self._do(lambda: mending.retry_run(self._shell, run, by))

    def replay_dead_letter(self, key: str, by: str) -> Future[OutboxRow]:
        """Send an effect again that was given up; `ConflictError` when it is no dead letter."""
        return self._do(lambda: mending.replay(self._shell, key, by))

    def settle_dead_letter(
        self, key: str, outcome: Literal["executed", "failed"], note: str | None, by: str
    ) -> Future[OutboxRow]:
        """Write down how an effect ended after all; `ConflictError` when it is no dead letter."""
        return self._do(lambda: mending.settle(self._shell, key, outcome, note, by))

    def redeem_coupon(self, code: str, use: granting.Use) -> Future[Coupon]:
        """Use a coupon; `NotFoundError`, or `ConflictError` when it is good for nothing more."""
        return self._do(lambda: granting.redeem(self._shell, code, use))

    def void_coupon(self, code: str, reason: str, by: str) -> Future[Coupon]:
        """Make a coupon void; `ConflictError` when it has ended already."""
        return self._do(lambda: granting.void(self._shell, code, reason, by))

    def budgets(self) -> list[granting.BudgetNow]:
        """Give how the budgets stand in their present periods."""
        with self.store.reader() as reader:
            return granting.budgets(self._shell, reader, self.clock.now())

    def suppress(self, wanted: reaching.Wanted, by: str) -> Future[SuppressionRow]:
        """Suppress an address or a customer; `ConflictError` where it is so already."""
        return self._do(lambda: reaching.suppress(self._shell, wanted, by))

    def allow(self, suppression: int, reason: str, by: str) -> Future[SuppressionRow]:
        """Remove a suppression; raises `NotFoundError`."""
        return self._do(lambda: reaching.allow(self._shell, suppression, reason, by))

    def import_suppressions(self, text: str, by: str) -> Future[reaching.Imported]:
        """Add a list in CSV."""
        return self._do(lambda: reaching.import_list(self._shell, text, by))

    def record_consent(
        self, customer: str, said: reaching.Consent, by: str
    ) -> Future[list[reaching.ConsentNow]]:
        """Record what a customer said of consent; `RequestError` where the policy asks for none of it."""
        return self._do(lambda: reaching.record_consent(self._shell, customer, said, by))

    def consent(self, customer: str) -> tuple[list[reaching.ConsentNow], list[reaching.ConsentChange]]:
        """Give how a customer's consent stands, and everything that was said of it, the newest first."""
        return reaching.consent(self._shell, customer, self.clock.now())

    def connectors(self) -> list[dict[str, Any]]:
        """Give how the connectors stand that may fail: name, delivery, rate, state, failures, open_until."""
        with self.store.reader() as reader:
            return shown(self.workspace.settings.connectors, reader, self.clock.now())

    def customer(self, id: str) -> reading.KnownCustomer:
        """Give what is known of a customer, with each fact's age and source; raises `NotFoundError`."""
        return reading.customer(self._shell, id, self.clock.now())

    def timeline(self, id: str, *, before: Micros | None = None, limit: int = 100) -> list[reading.Entry]:
        """Give events, decisions, runs, messages and points of a customer, the newest first."""
        return reading.timeline(self._shell, id, before=before, limit=limit)

    def why(self, rule: str, customer: str, at: Micros) -> Explanation:
        """Tell what a rule saw and decided for a customer at an instant; raises `NotFoundError`."""
        return self._explainer.rule(rule, customer, at)

    def why_workflow(self, workflow: str, customer: str, at: Micros) -> Explanation:
        """Tell the same of the rules that start a workflow: the one that looked last."""
        return self._explainer.workflow(workflow, customer, at)

    def overdue(self, after: tuple[Micros, str] | None = None, limit: int = 100) -> list[Overdue]:
        """Page the runs that stand still, by (since, run), each with why."""
        shell = self._shell
        with shell.store.reader() as reader:
            aside = {customer: each.again for customer, each in shell.set_aside.items()}
            found = overdue(reader, self.clock.now(), after, limit, aside)
        return with_definitions(found, shell.definitions)

    def experiments(self) -> list[Listed]:
        """Give the workflows of which something is compared, by id."""
        with self.store.reader() as reader:
            return listed(self.workspace, reader, self.ruleset.zone, self.clock.now())

    def experiment(self, workflow: str) -> Report:
        """Compare the arms of a workflow as of now; raises `NotFoundError`."""
        with self.store.reader() as reader:
            zone, now = self.ruleset.zone, self.clock.now()
            return report(self.workspace, reader, zone, workflow, now)

    def detectable(self, workflow: str, customers: int | None = None, base: float | None = None) -> Plan:
        """Tell what a workflow could find; raises `NotFoundError`, `RequestError` without the numbers."""
        with self.store.reader() as reader:
            zone, now = self.ruleset.zone, self.clock.now()
            return plan(self.workspace, reader, zone, workflow, now, customers=customers, base=base)

    @property
    def meters(self) -> Meters:
        """What is counted of this process, and how the work stands."""
        return self._shell.meters

    def doctor(self) -> dict[str, Any]:
        """Hold the counters against the rows; `balanced` says that nothing was lost."""
        return operating.doctor(self.store, self.clock.now())

    def ready(self) -> Future[None]:
        """Look whether the writer works and the database can be read; a `StoreError` where not."""
        return self._writer.call(lambda: operating.look(self._shell))

    def create_key(self, role: str, owner: str, label: str = "", expires_at: Micros | None = None) -> NewKey:
        """Make an API key; its text is shown once and nowhere kept."""
        made = make_key(role, owner, label, self.clock.now(), expires_at)
        self._now_do(lambda: operating.add_key(self._shell, made.row))
        return made

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

    def revoke_key(self, id: str) -> bool:
        """Make a key useless from now on; False when there is none or it was before."""
        return bool(self._now_do(lambda: operating.revoke_key(self._shell, id)))

    def touch_key(self, id: str) -> Future[None]:
        """Keep that a key was used just now."""
        now = self.clock.now()
        return self._writer.call(lambda: operating.touch_key(self._shell, id, now))

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
