"""What the store takes and gives besides the core's own values: rows, answers, counts."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Literal, TypeAlias

import msgspec

from engine.contact.suppressions import Scope
from engine.customers.event import Event
from engine.model.values import FOR_EVER, Day, Micros
from engine.runs.run import Effect, Run


class MemberRow(msgspec.Struct, kw_only=True):
    """A customer as it is kept: a hot row, and bucket chunks by month.

    `version` counts its changes, 0 while it has never been saved. `hot` and `standing` are the
    core's own bytes; the store does not look into them. `next_due` is the earliest instant at which
    anything of the customer is due, None when nothing is.
    """

    id: str
    kind: str = "person"
    version: int = 0
    account: str | None = None
    created_at: Micros
    next_due: Micros | None = None
    erased_at: Micros | None = None
    hot: bytes = b""
    standing: bytes = b""
    chunks: dict[int, bytes] = {}


class MemberSave(msgspec.Struct, frozen=True):
    """A customer to write, if its stored version is still `expected` (0: it is not stored yet).

    Of the chunks only those in `touched` are written; a touched month without a chunk is deleted.
    `words` are those that they are found by besides their id, None where these are as they were.
    """

    row: MemberRow
    expected: int
    touched: frozenset[int] = frozenset()
    words: frozenset[str] | None = None


class Accepted(msgspec.Struct, frozen=True):
    """The event is new; `seq` is its place in the order of acceptance."""

    seq: int


class Duplicate(msgspec.Struct, frozen=True):
    """The same event was accepted before, as `seq`."""

    seq: int


class Conflict(msgspec.Struct, frozen=True):
    """Another event was accepted before under the same source and message id, as `seq`."""

    seq: int


Receipt: TypeAlias = Accepted | Duplicate | Conflict


class StoredEvent(msgspec.Struct, frozen=True):
    """An event with what the store knows of it: the hash of its content, and when it was decided."""

    event: Event
    digest: str
    decided_at: Micros | None


class QuarantinedEvent(msgspec.Struct, frozen=True, kw_only=True):
    """An event that could not be accepted; `id` is given by the store, 0 before it is stored.

    `outcome` is `accepted` or `duplicate` once it was replayed: what became of it then.
    """

    id: int = 0
    received_at: Micros
    source: str
    message_id: str | None
    customer: str | None
    code: str
    detail: str
    body: bytes
    replayed_at: Micros | None = None
    replayed_by: str | None = None
    outcome: str | None = None


class QuarantineFilter(msgspec.Struct, frozen=True, kw_only=True):
    """Which entries of the quarantine: `replayed` ones, or those that still wait; None for both."""

    code: str | None = None
    source: str | None = None
    customer: str | None = None
    replayed: bool | None = None
    start: Micros | None = None
    end: Micros | None = None


EVERYTHING_REFUSED = QuarantineFilter()


class Alias(msgspec.Struct, frozen=True):
    """From `at` on, `id` is another name of `survivor`; `cause` says who joined them."""

    id: str
    survivor: str
    at: Micros
    cause: str


class MembershipRow(msgspec.Struct, frozen=True):
    """A customer was in a segment from `valid_from` to `valid_to` (None: still is)."""

    segment: str
    customer: str
    valid_from: Micros
    valid_to: Micros | None
    cause: str


class DecisionCount(msgspec.Struct, frozen=True):
    """How often a rule gave an outcome that is not kept as a row, in the hour that begins at `hour`."""

    rule: str
    hour: Micros
    outcome: str
    number: int


OutboxState = Literal["ready", "leased", "settled"]

PARKED = FOR_EVER
"""The due of an effect that its run will put again by itself."""


class OutboxRow(msgspec.Struct, frozen=True, kw_only=True):
    """An external effect and where it stands. `attempts` counts claims, `fence` never goes back.

    `dead` tells that it is a dead letter, which waits for a person.
    """

    effect: Effect
    state: OutboxState
    attempts: int
    fence: int
    lease_until: Micros | None
    settled_at: Micros | None
    outcome: str | None
    reason: str | None
    dead: bool

    @property
    def due(self) -> Micros | None:
        """Give when it is due, None while its run holds it back."""
        return None if self.effect.due >= PARKED else self.effect.due


class OverdueRow(msgspec.Struct, frozen=True):
    """An open run that stands still `since` an instant; the effect that it waits for, where it is that."""

    run: Run
    since: Micros
    effect: OutboxRow | None = None


class Claim(msgspec.Struct, frozen=True, kw_only=True):
    """An effect leased to be delivered. `attempt` counts from 1 since it was put or replayed.

    `lapsed` says that an earlier claim ran out of its lease: nobody knows whether it was sent.
    """

    effect: Effect
    attempt: int
    fence: int
    lapsed: bool


class SuppressionRow(msgspec.Struct, frozen=True, kw_only=True):
    """A suppression as it is kept; one that was removed tells when, by whom and why."""

    id: int
    scope: Scope
    target: str
    channel: str
    reason: str
    at: Micros
    source: str
    by: str | None = None
    note: str | None = None
    removed_at: Micros | None = None
    removed_by: str | None = None
    removed_note: str | None = None


class BudgetRow(msgspec.Struct, frozen=True):
    """A period of a budget: what it took, and what of that is spent for good."""

    budget: str
    period: str
    spent: Decimal
    committed: Decimal


class BaseRow(msgspec.Struct, frozen=True):
    """The base-wide figures computed at the midnight that begins `day`; `hash` is over `figures`."""

    day: Day
    figures: bytes
    hash: str


class ReleaseRow(msgspec.Struct, frozen=True, kw_only=True):
    """What went live at an instant: each file's path and SHA-256, and why.

    `closures` are the hashes of its workflows' closures, by which runs are pinned to them; a release
    that an older program made has none. `cause` is a `ReleaseCause`. `author` wrote it, `actor` made it
    live, and `approver` said yes to it; `token` is the hash that this was said to, `of` the release whose
    files it goes back to.
    """

    number: int
    hash: str
    at: Micros
    files: dict[str, str]
    facts_hash: str
    cause: str
    closures: dict[str, str] = {}
    author: str = "local"
    actor: str = "local"
    approver: str | None = None
    token: str | None = None
    of: int | None = None
    note: str | None = None


class KeyRow(msgspec.Struct, frozen=True, kw_only=True):
    """An API key; of its secret only the hash is kept.

    It may be used from `addresses` only, networks separated by spaces; all its events come from `source`;
    `successor` is the key that it was rotated into.
    """

    id: str
    role: str
    owner: str
    label: str
    hash: str
    created_at: Micros
    expires_at: Micros | None = None
    revoked_at: Micros | None = None
    last_used_at: Micros | None = None
    addresses: str | None = None
    source: str | None = None
    successor: str | None = None
    last_used_from: str | None = None


class Request(msgspec.Struct, frozen=True):
    """What an Idempotency-Key belongs to: who sent it, and where to."""

    key_id: str
    method: str
    path: str
    key: str


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """The answer to a request, for whoever sends it again; `body_hash` is the request's body's."""

    body_hash: str
    status: int
    body: bytes
    at: Micros


class Outage(msgspec.Struct, frozen=True):
    """No engine ran from `began` to `ended`."""

    began: Micros
    ended: Micros


class Counters(msgspec.Struct, frozen=True, kw_only=True):
    """What intake has counted: received = accepted + duplicates + conflicts + quarantined.

    `erased` of the accepted and `quarantine_erased` of the quarantined have been taken away since.
    """

    received: int = 0
    accepted: int = 0
    duplicates: int = 0
    conflicts: int = 0
    quarantined: int = 0
    decided: int = 0
    erased: int = 0
    quarantine_erased: int = 0


class ConnectorRow(msgspec.Struct, frozen=True, kw_only=True):
    """What all processes know of a connector: its failures in a row, until when it is left alone.

    `tat` is the theoretical arrival time of its next call: from when on its rate allows one.
    """

    name: str
    failures: int = 0
    open_until: Micros | None = None
    tat: Micros = 0


class ProcessRow(msgspec.Struct, frozen=True, kw_only=True):
    """A process of the engine: what it does, where, and when it was last heard of.

    `release` is the number of the release that it works by. One that has ended in order has the pid 0.
    """

    id: str
    role: str
    host: str
    pid: int
    version: str
    started_at: Micros
    heartbeat_at: Micros
    release: int


class FigureRow(msgspec.Struct, frozen=True, kw_only=True):
    """A figure of a closed period as it was computed at an instant; version 1 is the first.

    `seq` is the last event that had been accepted then, `why` a `Restatement`. The store does not look
    into `figure`. `grouping` is empty for everybody.
    """

    metric: str
    start: Micros
    end: Micros
    grouping: str = ""
    version: int
    computed_at: Micros
    why: str
    seq: int
    figure: bytes


class GoalRow(msgspec.Struct, frozen=True, kw_only=True):
    """What was frozen of a goal: its baseline, and what was measured at the deadline, once that has come.

    `terms` is the hash of what the goal says. The store does not look into the two.
    """

    goal: str
    terms: str
    created_at: Micros
    baseline: bytes
    settled: bytes | None = None


class LeaseRow(msgspec.Struct, frozen=True, kw_only=True):
    """A duty that one process has at a time, and until when; `fence` counts the changes of holder."""

    name: str
    holder: str
    fence: int
    until: Micros


class Marks(msgspec.Struct, frozen=True, kw_only=True):
    """What every transaction has to know before it begins.

    `release` is the number of the live release (0: there is none yet). `releasing` is one that is
    being settled, as JSON; `importing` tells that an import of the past is under way. Whoever finds
    one of the two, and nobody at it, has to finish it first. `paused` holds the paused workflows,
    `*` for all of them; it is written as a list in JSON. `erasures` changes whenever erased ids do.
    """

    release: int = 0
    releasing: str | None = None
    importing: bool = False
    paused: frozenset[str] = frozenset()
    erasures: str | None = None

    @property
    def unfinished(self) -> ReleaseRow | None:
        """The release that is being settled."""
        return None if self.releasing is None else msgspec.json.decode(self.releasing, type=ReleaseRow)


def marks_of(release: int, written: Mapping[str, str]) -> Marks:
    """Read the marks from what is written under their names."""
    return Marks(
        release=release,
        releasing=written.get("releasing"),
        importing="importing" in written,
        paused=frozenset(msgspec.json.decode(written.get("paused", "[]"), type=list[str])),
        erasures=written.get("erasures"),
    )


class Census(msgspec.Struct, frozen=True, kw_only=True):
    """What the tables hold, counted row by row: the other side of `Counters`.

    `accepted` are the events that came from outside, `pending` those not decided yet.
    """

    accepted: int
    pending: int
    quarantined: int
    customers: int
    open_runs: int
    overdue_runs: int
    waiting_effects: int
    dead_letters: int


class CaseFilter(msgspec.Struct, frozen=True, kw_only=True):
    """Which cases are looked for; None is no matter. `overdue_by`: whose clock has run out by then."""

    ladder: str | None = None
    who: str | None = None
    breached: bool | None = None
    exhausted: bool | None = None
    overdue_by: Micros | None = None


EVERY_CASE = CaseFilter()


class DecisionTally(msgspec.Struct, frozen=True):
    """How many kept decisions of a rule had an outcome."""

    rule: str
    outcome: str
    number: int


class RunTally(msgspec.Struct, frozen=True):
    """How many runs of a workflow stand alike."""

    workflow: str
    status: str
    number: int


class NamedCustomer(msgspec.Struct, frozen=True, kw_only=True):
    """A customer as found by a name: their own id, or one that was bound to them."""

    name: str
    customer: str


class CaseCount(msgspec.Struct, frozen=True):
    """How many open cases of a ladder stand alike."""

    ladder: str
    status: str
    paused: bool
    breached: bool
    exhausted: bool
    number: int


class Pulse(msgspec.Struct, frozen=True, kw_only=True):
    """How the work stands, from indexes alone, so that it may be asked for every few seconds.

    `oldest_due` and `oldest_effect` are when the first of what waits was due, of customers and of the
    outbox; None where nothing waits. `dead_letters` count the `uncertain` ones too.
    """

    pending: int
    open_runs: int
    overdue_runs: int
    waiting_effects: int
    dead_letters: int
    uncertain: int
    oldest_due: Micros | None
    oldest_effect: Micros | None


Resolution: TypeAlias = Mapping[str, str]
"""From each id that was asked about to the id that it goes by now."""
