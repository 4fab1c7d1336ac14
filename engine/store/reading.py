"""What may be asked of a store: one snapshot of everything that is remembered."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Protocol

from engine.customers.event import Event
from engine.decisions.decision import Decision
from engine.experiments.assignment import Exposure
from engine.experiments.revenue import Spending
from engine.loyalty.ledger import Account, Posting
from engine.model.reasons import RunStatus
from engine.model.values import Day, Micros
from engine.runs.run import Coupon, Run, StepAttempt
from engine.store.activity import ActivityReader
from engine.store.audit import AuditReader
from engine.store.comparing import ArmCount, Exposed, ExposedWorkflow, Spent
from engine.store.letters import EVERY_LETTER, LetterFilter
from engine.store.people import PeopleReader
from engine.store.personal import PersonalReader
from engine.store.proposing import ProposalReader
from engine.store.records import (
    EVERYTHING_REFUSED,
    Alias,
    Answer,
    BaseRow,
    BudgetRow,
    Census,
    ConnectorRow,
    Counters,
    DecisionCount,
    FigureRow,
    GoalRow,
    KeyRow,
    LeaseRow,
    Marks,
    MemberRow,
    MembershipRow,
    NamedCustomer,
    Outage,
    OutboxRow,
    OverdueRow,
    ProcessRow,
    Pulse,
    QuarantinedEvent,
    QuarantineFilter,
    ReleaseRow,
    Request,
    Resolution,
    StoredEvent,
    SuppressionRow,
)
from engine.store.sessions import SessionRow


class Reader(PersonalReader, AuditReader, ProposalReader, ActivityReader, PeopleReader, Protocol):
    """One snapshot of everything that is remembered."""

    # Customers

    def load(self, ids: Iterable[str], *, chunks: bool = True) -> dict[str, MemberRow]:
        """Give the customers that are stored under these very ids, with all their chunks if asked for."""
        ...

    def customer(self, id: str) -> MemberRow | None:
        """Give one customer with all chunks."""
        ...

    def members(self, after: str | None, limit: int, *, chunks: bool = True) -> list[MemberRow]:
        """Page all customers by id; without their chunks where they are not asked for."""
        ...

    def customers_named(self, prefix: str, after: str | None, limit: int) -> list[NamedCustomer]:
        """Page the customers of whom a name begins so, by that name; not those that were erased."""
        ...

    def found_by(
        self, words: Sequence[str], after: tuple[str, str] | None, limit: int
    ) -> list[tuple[str, str]]:
        """Page by (word, name) the customers of whom each of these begins an id or a word of theirs.

        `word` is what the first of them begins: of several the first in order. `name` is their id, or an
        old one. Words are folded as `naming` does it.
        """
        ...

    def how_common(self, word: str, most: int) -> int:
        """Count ids and words that begin so, up to `most` of each."""
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
        named: Iterable[str] | None = None,
        newest: bool = False,
    ) -> list[Event]:
        """Give the events sent under these very ids, the engine's own too, only those `named`.

        By (received, seq); with `newest` by (received backwards, seq).
        """
        ...

    def history_accepted(self, customers: Iterable[str]) -> dict[int, Micros]:
        """Give when each event of imported history that was sent under these very ids was accepted, by its
        seq: it is received earlier.
        """
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

    def quarantine_list(
        self,
        wanted: QuarantineFilter = EVERYTHING_REFUSED,
        *,
        after: int | None = None,
        limit: int = 100,
    ) -> list[QuarantinedEvent]:
        """Page what could not be accepted, by id."""
        ...

    def quarantined(self, id: int) -> QuarantinedEvent | None:
        """Give one event that could not be accepted."""
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

    def count_decisions(
        self,
        *,
        rule: str | None = None,
        customers: Sequence[str] | None = None,
        outcome: str | None = None,
        start: Micros | None = None,
        end: Micros | None = None,
    ) -> int:
        """Count the decisions that paging them would give."""
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

    def starts(self, workflow: str, start: Micros, end: Micros | None, limit: int) -> list[Micros]:
        """Give when the latest runs of a workflow began in a span, the newest first; not refused ones."""
        ...

    def overdue(
        self, before: Micros, after: tuple[Micros, str] | None = None, limit: int = 100
    ) -> list[OverdueRow]:
        """Page the open runs that should have moved before an instant, by (since, run).

        Those that were due, those whose effect could have been sent, and those whose effect was given up.
        """
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

    def claimable_effects(self, now: Micros, limit: int, shard: int | None = None) -> list[tuple[str, str]]:
        """Give key and customer of effects that are due or whose lease has run out, by (due, key)."""
        ...

    def dead_letters(
        self, wanted: LetterFilter = EVERY_LETTER, *, after: str | None = None, limit: int = 100
    ) -> list[OutboxRow]:
        """Page the effects that failed for good or are uncertain, by key."""
        ...

    def connectors(self) -> dict[str, ConnectorRow]:
        """Give what is known of the connectors of which anything is, by name."""
        ...

    def exposures(
        self, *, workflow: str | None = None, customers: Sequence[str] | None = None
    ) -> list[Exposure]:
        """Give who reached a workflow's start or a split, and the arm, by (at, run, split)."""
        ...

    def reached(self, rules: Sequence[str], start: Micros, end: Micros) -> int:
        """Count the customers whom rules fired for in a span, or would have, being in shadow."""
        ...

    def exposed_workflows(self) -> list[ExposedWorkflow]:
        """Give which workflows have exposures to their holdout, by name."""
        ...

    def arm_counts(self, exposed: Exposed, measured_before: Micros) -> list[ArmCount]:
        """Count customers by the arm they came to first, by (design, arm, conflicting).

        Customers go by the name that they have now. `measured` counts who started before an instant.
        """
        ...

    def spending(self, exposed: Exposed, designs: Sequence[str], spent: Spent) -> dict[str, Spending]:
        """Sum what customers spent, by the arm they came to first under one of these designs.

        Those in conflict are left out. Events sent under any of a customer's names count.
        """
        ...

    def coupons(self, customers: Sequence[str]) -> list[Coupon]:
        """Give the coupons issued to customers, by (issued, code)."""
        ...

    def coupon(self, code: str) -> Coupon | None:
        """Give one coupon."""
        ...

    def suppressed(self, channel: str, address: str) -> str | None:
        """Give why nothing is sent to an address on a channel, None where something may be."""
        ...

    def suppression(self, id: int) -> SuppressionRow | None:
        """Give one suppression, also one that was removed."""
        ...

    def suppressions(
        self,
        *,
        targets: Sequence[str] | None = None,
        channel: str | None = None,
        removed: bool = False,
        after: int | None = None,
        limit: int = 100,
    ) -> list[SuppressionRow]:
        """Page the suppressions that hold, or those that were `removed`, by id."""
        ...

    # Lists and points

    def postings(self, customers: Sequence[str], *, program: str | None = None) -> list[Posting]:
        """Give the points booked for customers, in the order of booking."""
        ...

    def posting(self, program: str, key: str) -> Posting | None:
        """Give one booking."""
        ...

    def points_of(self, program: str, *, closed: bool = False) -> dict[Account, int]:
        """Sum what all lots of a program hold by account, or those of which nothing is left."""
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
        """Give what was spent of each (budget, first day of the period); nothing spent is left out.

        A writer holds what it asks for, until it ends.
        """
        ...

    def budget_rows(self, periods: Iterable[tuple[str, str]]) -> list[BudgetRow]:
        """Give how each (budget, first day of the period) stands; one that took nothing yet is left out.

        Nothing is held: it is for showing.
        """
        ...

    # Definitions, figures, keys and the record of the engine itself

    def definition(self, sha256: str) -> str | None:
        """Give a definition's text by its hash."""
        ...

    def release(self, number: int) -> ReleaseRow | None:
        """Give one release."""
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

    def find_session(self, hash: str) -> SessionRow | None:
        """Give a person's session, also one that has expired or ended."""
        ...

    def list_keys(self) -> list[KeyRow]:
        """Give every API key, in the order in which they were made."""
        ...

    def find_answer(self, request: Request) -> Answer | None:
        """Give the answer that a request with this Idempotency-Key has already had."""
        ...

    def marks(self) -> Marks:
        """Give what a transaction has to know before it begins."""
        ...

    def kept_mark(self, name: str) -> str | None:
        """Give what was kept under a name for good, None where nothing was."""
        ...

    def last_heartbeat(self) -> Micros | None:
        """Give when any process last said that it runs."""
        ...

    def processes(self) -> list[ProcessRow]:
        """Give the processes that are known, the one last heard of first."""
        ...

    def holder_of(self, name: str, now: Micros) -> str | None:
        """Give the process whose duty that is at an instant, None for nobody."""
        ...

    def outages(self) -> list[Outage]:
        """Give the times in which no engine ran, in order."""
        ...

    def last_seq(self) -> int:
        """Give the place of the newest event in the order of acceptance, 0 where there is none."""
        ...

    def earliest_occurred(self, after_seq: int) -> Micros | None:
        """Give when the earliest of the events occurred that were accepted after one, None for none."""
        ...

    def figures(self, start: Micros, end: Micros, metric: str | None = None) -> list[FigureRow]:
        """Give the kept figures of exactly this period, by (metric, grouping, version)."""
        ...

    def goal(self, goal: str, terms: str) -> GoalRow | None:
        """Give what was frozen of a goal that says this, None where nothing was yet."""
        ...

    def counters(self) -> Counters:
        """Give what intake has counted since the beginning."""
        ...

    def leases(self) -> list[LeaseRow]:
        """Give the duties that processes have or had, by name."""
        ...

    def pulse(self, overdue_before: Micros) -> Pulse:
        """Give how the work stands, cheaply."""
        ...

    def census(self, overdue_before: Micros) -> Census:
        """Count the rows themselves: what `holdfast doctor` holds against the counters."""
        ...
