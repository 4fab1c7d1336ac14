"""One storage interface: what SQLite, the in-memory double and any later database all do.

A `Store` gives transactions. A `Reader` sees one snapshot and never waits for the writer. There is
one `Writer` at a time; it sees what it has written, everything of it is committed together when its
block ends, and nothing is when the block raises. Every failure of the database is a `StoreError`.

Times are microseconds since 1970 UTC. Spans are half-open: `start` is inside, `end` is not; None
means no bound. Lists that page take `after`, the key of the last item of the page before, and give
at most `limit` items.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager
from decimal import Decimal
from typing import Protocol

from engine.customers.event import Event
from engine.decisions.decision import Decision
from engine.escalation.case import Case
from engine.experiments.assignment import Exposure
from engine.loyalty.ledger import Posting
from engine.model.reasons import RunStatus
from engine.model.values import Day, Micros
from engine.runs.changes import Changes, Settled
from engine.runs.run import AskItem, Coupon, Run, StepAttempt
from engine.store.records import (
    Alias,
    Answer,
    BaseRow,
    Census,
    Claim,
    Counters,
    DecisionCount,
    KeyRow,
    MemberRow,
    MemberSave,
    MembershipRow,
    Outage,
    OutboxRow,
    QuarantinedEvent,
    Receipt,
    ReleaseRow,
    Request,
    Resolution,
    StoredEvent,
)


class Reader(Protocol):
    """One snapshot of everything that is remembered."""

    # Customers

    def load(self, ids: Iterable[str]) -> dict[str, MemberRow]:
        """Give the customers that are stored under these very ids, with all their chunks."""
        ...

    def customer(self, id: str) -> MemberRow | None:
        """Give one customer with all chunks."""
        ...

    def members(self, after: str | None, limit: int, *, chunks: bool = True) -> list[MemberRow]:
        """Page all customers by id; without their chunks where they are not asked for."""
        ...

    def members_of_account(self, account: str) -> list[str]:
        """Give the ids of the persons tied to an account, sorted."""
        ...

    def resolve(self, ids: Iterable[str]) -> Resolution:
        """Give for each id the one that it goes by now: itself, unless it was bound to another."""
        ...

    def aliases_of(self, *survivors: str) -> list[Alias]:
        """Give every name bound to these customers, over several steps too, in the order of binding."""
        ...

    def due_customers(self, now: Micros, limit: int) -> list[str]:
        """Give who has something due at `now` or before, in the order (next due, id)."""
        ...

    def earliest_due(self) -> Micros | None:
        """Give when anything of any customer is due next."""
        ...

    # Events

    def event(self, source: str, message_id: str) -> StoredEvent | None:
        """Give the event that was accepted under this source and message id."""
        ...

    def events_of(
        self,
        customers: Iterable[str],
        *,
        start: Micros | None = None,
        end: Micros | None = None,
        after: tuple[Micros, int] | None = None,
        limit: int | None = None,
    ) -> list[Event]:
        """Give the events sent under these very ids, the engine's own too, by (received, seq)."""
        ...

    def events(
        self,
        *,
        start: Micros | None = None,
        end: Micros | None = None,
        after: tuple[Micros, int] | None = None,
        limit: int = 1000,
    ) -> list[Event]:
        """Page everybody's events by (received, seq), the engine's own too."""
        ...

    def pending_events(self, limit: int) -> list[Event]:
        """Give accepted events that nobody has decided yet, by seq."""
        ...

    def quarantine_list(self, after: int | None = None, limit: int = 100) -> list[QuarantinedEvent]:
        """Page what could not be accepted, by id."""
        ...

    # Decisions

    def decision(self, id: str) -> Decision | None:
        """Give one decision."""
        ...

    def decisions(
        self,
        *,
        rule: str | None = None,
        customers: Sequence[str] | None = None,
        outcome: str | None = None,
        start: Micros | None = None,
        end: Micros | None = None,
        after: tuple[Micros, str] | None = None,
        limit: int = 100,
        newest: bool = False,
    ) -> list[Decision]:
        """Page decisions by (at, id); the newest first where that is asked."""
        ...

    def decision_counts(
        self, *, rule: str | None = None, start: Micros | None = None, end: Micros | None = None
    ) -> list[DecisionCount]:
        """Give what was counted instead of kept, by (rule, hour, outcome)."""
        ...

    # Runs and their effects

    def run(self, id: str) -> Run | None:
        """Give one run."""
        ...

    def load_runs(self, customers: Iterable[str]) -> list[Run]:
        """Give the open runs of these customers, by (started, id)."""
        ...

    def runs(
        self,
        *,
        workflow: str | None = None,
        customers: Sequence[str] | None = None,
        status: RunStatus | None = None,
        start: Micros | None = None,
        end: Micros | None = None,
        after: tuple[Micros, str] | None = None,
        limit: int = 100,
        newest: bool = False,
    ) -> list[Run]:
        """Page runs by (started, id); `start` and `end` bound when they started."""
        ...

    def overdue_runs(self, before: Micros, limit: int = 100) -> list[Run]:
        """Give the open runs that were due before an instant and have not moved, by due."""
        ...

    def attempts(self, run: str) -> list[StepAttempt]:
        """Give what a run has attempted, in the order in which it was written."""
        ...

    def effects(self, run: str) -> list[OutboxRow]:
        """Give a run's external effects, by (created, key)."""
        ...

    def effect(self, key: str) -> OutboxRow | None:
        """Give one external effect."""
        ...

    def earliest_effect_due(self) -> Micros | None:
        """Give when the next effect may be claimed: its due, or the end of a lease."""
        ...

    def dead_letters(self, after: str | None = None, limit: int = 100) -> list[OutboxRow]:
        """Page the effects that failed for good or are uncertain, by key."""
        ...

    def exposures(
        self, *, workflow: str | None = None, customers: Sequence[str] | None = None
    ) -> list[Exposure]:
        """Give who reached a workflow's start, and the arm, by (at, run)."""
        ...

    def coupons(self, customers: Sequence[str]) -> list[Coupon]:
        """Give the coupons issued to customers, by (issued, code)."""
        ...

    # People's part, lists and points

    def ask(self, id: str) -> AskItem | None:
        """Give one question to a person."""
        ...

    def asks(self, *, answered: bool = False, after: str | None = None, limit: int = 100) -> list[AskItem]:
        """Page the questions that are open, or those that were answered, by id."""
        ...

    def case(self, id: str) -> Case | None:
        """Give one case."""
        ...

    def cases(
        self,
        *,
        status: str | None = None,
        customers: Sequence[str] | None = None,
        after: str | None = None,
        limit: int = 100,
    ) -> list[Case]:
        """Page cases by id."""
        ...

    def postings(self, customers: Sequence[str], *, program: str | None = None) -> list[Posting]:
        """Give the points booked for customers, in the order of booking."""
        ...

    def members_of(
        self, segment: str, *, at: Micros | None = None, after: str | None = None, limit: int = 1000
    ) -> list[str]:
        """Page by id who is in a segment now, or who was at an instant."""
        ...

    def memberships_of(self, customer: str) -> list[MembershipRow]:
        """Give every membership that a customer has or had, in the order of entering."""
        ...

    def budgets(self, periods: Iterable[tuple[str, str]]) -> dict[tuple[str, str], Decimal]:
        """Give what was spent of each (budget, first day of the period); nothing spent is left out."""
        ...

    # Definitions, figures, keys and the record of the engine itself

    def definition(self, sha256: str) -> str | None:
        """Give a definition's text by its hash."""
        ...

    def releases(self) -> list[ReleaseRow]:
        """Give every release, the first one first."""
        ...

    def release_at(self, at: Micros) -> ReleaseRow | None:
        """Give the release that was live at an instant."""
        ...

    def load_base(self, day: Day) -> BaseRow | None:
        """Give the base-wide figures of the midnight that begins a day."""
        ...

    def latest_base(self, day: Day) -> BaseRow | None:
        """Give the newest base-wide figures of that day or one before."""
        ...

    def find_key(self, id: str) -> KeyRow | None:
        """Give an API key, also one that has expired or was revoked."""
        ...

    def list_keys(self) -> list[KeyRow]:
        """Give every API key, in the order in which they were made."""
        ...

    def find_answer(self, request: Request) -> Answer | None:
        """Give the answer that a request with this Idempotency-Key has already had."""
        ...

    def last_heartbeat(self) -> Micros | None:
        """Give when an engine last said that it runs."""
        ...

    def outages(self) -> list[Outage]:
        """Give the times in which no engine ran, in order."""
        ...

    def counters(self) -> Counters:
        """Give what intake has counted since the beginning."""
        ...

    def census(self, overdue_before: Micros) -> Census:
        """Count the rows themselves: what `holdfast doctor` holds against the counters."""
        ...


class Writer(Reader, Protocol):
    """The one transaction that may write. What it reads includes what it has written."""

    def add_events(
        self, events: Sequence[Event], digests: Sequence[str], *, decided_at: Micros | None = None
    ) -> list[Receipt]:
        """Take events in, in this order, each with the hash of its content; give a receipt for each.

        An event is known by (source, message id), also inside one call. `decided_at` says that this
        very transaction decides them; without it they stay pending until `decide_events`.
        """
        ...

    def add_engine_events(self, events: Sequence[Event]) -> list[Event]:
        """Keep events that the engine or a run caused; give them with their seq.

        One that is stored already is a `StoreError`: the same effect would happen twice.
        """
        ...

    def decide_events(self, seqs: Sequence[int], at: Micros) -> None:
        """Mark accepted events as decided."""
        ...

    def discard_events(self, seqs: Sequence[int]) -> None:
        """Take back events that the core could not decide; they belong into quarantine."""
        ...

    def quarantine(self, entries: Sequence[QuarantinedEvent]) -> None:
        """Keep what could not be accepted, with the reason."""
        ...

    def count(
        self,
        *,
        received: int = 0,
        accepted: int = 0,
        duplicates: int = 0,
        conflicts: int = 0,
        quarantined: int = 0,
        decided: int = 0,
    ) -> None:
        """Add to the counters."""
        ...

    def save(self, saves: Sequence[MemberSave]) -> None:
        """Write customers; a `StoreError` when one is no longer at its expected version."""
        ...

    def remove(self, ids: Iterable[str]) -> None:
        """Delete customers' rows and chunks, after they were merged into others; events stay."""
        ...

    def bind_alias(self, id: str, survivor: str, at: Micros, cause: str) -> None:
        """Make `id` another name of `survivor` for good; a `StoreError` when it is bound already."""
        ...

    def write(self, changes: Changes) -> None:
        """Write everything that playing has changed, besides the customers' own rows.

        Runs compare and set their seq: a run that was stored before has to be loaded in this very
        transaction. A `StoreError` when a decision, a run or an internal effect under the same key
        is stored already. An effect put again (a retry) is ready again, unless it has settled.
        """
        ...

    def claim_effects(self, now: Micros, limit: int, lease_until: Micros) -> list[Claim]:
        """Lease effects that are due, or whose lease has run out, in the order (due, key)."""
        ...

    def holds_effect(self, key: str, fence: int) -> bool:
        """Tell whether a claim still holds: nobody has claimed or settled the effect since."""
        ...

    def release_effect(self, key: str, fence: int, due: Micros) -> bool:
        """Give a claim back, to be claimed again at `due`; False when it no longer held."""
        ...

    def settle_effect(self, settled: Settled, fence: int) -> bool:
        """End a claim with an outcome; False when it no longer held."""
        ...

    def cancel_effects(self, runs: Iterable[str], at: Micros, reason: str) -> list[str]:
        """Settle as cancelled what runs have waiting and nobody is sending; give the keys."""
        ...

    def revive_effect(self, key: str, due: Micros) -> bool:
        """Put a dead letter back to be claimed at `due`; False when it is none."""
        ...

    def spend(self, budget: str, period: str, amount: Decimal, at_most: Decimal | None = None) -> bool:
        """Take from a budget's period, or give back (a negative amount).

        False, and nothing taken, when more than `at_most` would then be spent. Take from several in
        the order of (budget, period).
        """
        ...

    def save_definition(self, sha256: str, text: str) -> None:
        """Keep a definition under its hash; what is stored is never changed."""
        ...

    def save_release(self, release: ReleaseRow) -> None:
        """Record what went live."""
        ...

    def save_base(self, base: BaseRow) -> None:
        """Keep base-wide figures; those of a day are computed once."""
        ...

    def add_key(self, key: KeyRow) -> None:
        """Keep a new API key."""
        ...

    def revoke_key(self, id: str, at: Micros) -> bool:
        """Make a key useless from now on; False when there is none or it was revoked before."""
        ...

    def touch_key(self, id: str, at: Micros) -> None:
        """Record that a key was used."""
        ...

    def save_answer(self, request: Request, answer: Answer) -> None:
        """Keep an answer in the transaction of its effect; a `StoreError` when there is one."""
        ...

    def drop_answers(self, before: Micros) -> int:
        """Forget answers given before an instant; give how many."""
        ...

    def heartbeat(self, now: Micros) -> None:
        """Say that the engine runs."""
        ...

    def add_outage(self, began: Micros, ended: Micros) -> None:
        """Record that no engine ran."""
        ...


class Store(Protocol):
    """A database, opened."""

    def begin(self) -> AbstractContextManager[Writer]:
        """Open the writing transaction; waits until the one before has ended."""
        ...

    def reader(self) -> AbstractContextManager[Reader]:
        """Open a snapshot for reading only."""
        ...

    def close(self) -> None:
        """Give everything back; the store cannot be used after."""
        ...
