"""What may be written into a store: the one transaction of a process."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Protocol

from engine.audit.actor import Actor
from engine.customers.event import Event
from engine.model.values import Micros
from engine.runs.changes import Changes, Settled
from engine.store.audit import AuditWriter
from engine.store.personal import PersonalWriter
from engine.store.proposing import ProposalWriter
from engine.store.reading import Reader
from engine.store.records import (
    Answer,
    BaseRow,
    Claim,
    ConnectorRow,
    FigureRow,
    GoalRow,
    KeyRow,
    MemberSave,
    ProcessRow,
    QuarantinedEvent,
    Receipt,
    ReleaseRow,
    Request,
)
from engine.store.sessions import SessionRow


class Writer(PersonalWriter, Reader, AuditWriter, ProposalWriter, Protocol):
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

    def settle_quarantined(self, id: int, at: Micros, by: str, outcome: str) -> bool:
        """Write down that somebody replayed an event, and what became of it; False where one has before."""
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
        erased: int = 0,
        quarantine_erased: int = 0,
    ) -> None:
        """Add to the counters."""
        ...

    def hold(self, ids: Iterable[str]) -> dict[str, int]:
        """Keep customers to this transaction until it ends; give the versions of those stored.

        Those that are not stored are held too: nobody else makes them. Waits for who holds them.
        """
        ...

    def hold_free(self, ids: Iterable[str]) -> set[str]:
        """Keep those stored customers that nobody else holds right now, and give which; never waits."""
        ...

    def claim_due(self, now: Micros, limit: int, shard: int | None = None) -> list[str]:
        """Hold customers who have something due at `now` or before, in the order (next due, id).

        Those that others hold right now are passed over. Persons and accounts never come together.
        """
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

    def claim_effects(self, keys: Iterable[str], now: Micros, lease_until: Micros) -> list[Claim]:
        """Lease those of these effects that are due or whose lease has run out, in the order (due, key).

        Their customers are held before. Those that others claim right now are passed over.
        """
        ...

    def extend_effects(self, held: Mapping[str, int], until: Micros) -> int:
        """Lease claims, each given by key and fence, until a later instant; give how many still held."""
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
        """Settle as cancelled what runs have waiting and has surely not been taken; give the keys.

        What is being sent, or may have been taken before, stays until it is known or checked again.
        """
        ...

    def revive_effect(self, key: str, due: Micros) -> bool:
        """Put a dead letter back to be claimed at `due`; False when it is none."""
        ...

    def close_dead_letter(self, settled: Settled) -> bool:
        """Settle a dead letter as a person says, so that it is one no more; False when it is none."""
        ...

    def hold_connectors(self, names: Iterable[str]) -> dict[str, ConnectorRow]:
        """Give what is known of connectors, and keep them to this transaction until it ends.

        Waits for who holds them. One of which nothing is known yet has failed never.
        """
        ...

    def save_connector(self, row: ConnectorRow) -> None:
        """Write what is known of a connector that this transaction holds."""
        ...

    def spend(self, budget: str, period: str, amount: Decimal, at_most: Decimal | None = None) -> bool:
        """Take from a budget's period, or give back (a negative amount).

        False, and nothing taken, when more than `at_most` would then be spent. Take from several in
        the order of (budget, period).
        """
        ...

    def remove_suppression(self, id: int, at: Micros, by: str, note: str) -> bool:
        """Let a suppression hold no more; False when there is none or it was removed before."""
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

    def add_figure(self, figure: FigureRow) -> None:
        """Keep a version of a closed period's figure; a `StoreError` when it is kept already."""
        ...

    def save_goal(self, goal: GoalRow) -> None:
        """Freeze something of a goal: its baseline, or besides what was measured at the deadline.

        What is frozen already stays.
        """
        ...

    def add_key(self, key: KeyRow, by: Actor | None = None) -> None:
        """Keep a new API key; `by` is who made it, as of the next ones who revoked or rotated it."""
        ...

    def revoke_key(self, id: str, at: Micros, by: Actor | None = None) -> bool:
        """Make a key useless from now on; False when there is none or it was revoked before."""
        ...

    def touch_key(self, id: str, at: Micros, address: str | None = None) -> None:
        """Record that a key was used, and from which address."""
        ...

    def hand_over_key(
        self, id: str, successor: str, until: Micros, at: Micros, by: Actor | None = None
    ) -> bool:
        """Let a key end when its successor has taken over; False when it has one, or was revoked."""
        ...

    def add_session(self, session: SessionRow) -> None:
        """Keep a person's new session."""
        ...

    def end_session(self, hash: str, at: Micros) -> bool:
        """End a session; False when there is none or it has ended before."""
        ...

    def drop_sessions(self, before: Micros) -> int:
        """Forget sessions that expired before an instant; give how many."""
        ...

    def save_answer(self, request: Request, answer: Answer) -> None:
        """Keep an answer in the transaction of its effect; a `StoreError` when there is one."""
        ...

    def drop_answers(self, before: Micros) -> int:
        """Forget answers given before an instant; give how many."""
        ...

    def add_process(self, process: ProcessRow) -> None:
        """Make a process known."""
        ...

    def heartbeat(self, process: str, now: Micros, release: int) -> None:
        """Say that a process runs, and by which release."""
        ...

    def drop_processes(self, before: Micros) -> None:
        """Forget processes last heard of before an instant, but for the one last heard of."""
        ...

    def end_process(self, process: str) -> None:
        """Say that a process ends in order: it has no pid any more, and no duties."""
        ...

    def mark(self, name: str, value: str | None) -> None:
        """Set one of `Marks` as it is written, or take it away."""
        ...

    def own_mark(self, name: str, value: str) -> str:
        """Keep a value under a name that has none yet; give what stands there now."""
        ...

    def take_lease(self, name: str, holder: str, now: Micros, until: Micros) -> int | None:
        """Take a duty, or keep it longer; give the fence, None where another process has it.

        The fence counts up whenever the holder changes.
        """
        ...

    def holds_lease(self, name: str, holder: str, fence: int) -> bool:
        """Tell whether a duty is still this holder's, and keep it so until this transaction ends."""
        ...

    def add_outage(self, began: Micros, ended: Micros) -> None:
        """Record that no engine ran."""
        ...
