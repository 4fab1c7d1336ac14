"""What of a transaction goes into the audit record, and how that is sealed; the same for every store.

What is recorded waits until the transaction is about to be committed. Then each entry is written, with
the subject of its customer and the commitment to what is stored. Where nobody else writes, it is sealed
at once; where others do, it is queued, and one process gives out the numbers (`seal`).
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterable, Mapping, Sequence
from typing import Protocol

import msgspec

from engine.audit.actor import Actor
from engine.audit.leaves import (
    ACTS,
    AnyLeaf,
    ChangeLeaf,
    DecisionLeaf,
    EffectLeaf,
    EndLeaf,
    StartLeaf,
    StepLeaf,
    entry_of,
    kind_of,
    leaf_hash,
    reason_of,
)
from engine.audit.subjects import SECRET_LENGTH, commitment_of, content_of, salt_of
from engine.audit.tree import Edge, append
from engine.customers.event import Event
from engine.decisions.decision import Decision
from engine.errors import TransientStoreError
from engine.model.reasons import ChangeKind, ReleaseCause
from engine.model.values import Micros
from engine.runs.changes import Settled
from engine.runs.run import Run, StepAttempt
from engine.store.audit import SubjectRow
from engine.store.entries import kept, shortened
from engine.store.proposing import ChangeRow
from engine.store.records import KeyRow, Marks, ReleaseRow
from engine.store.rows import Columns, columns_of
from engine.store.sessions import BY_KEY, SessionRow

_encoder = msgspec.json.Encoder(order="deterministic")


class Recorded(msgspec.Struct, frozen=True):
    """A leaf of this transaction, whom it is about, and the document that it commits to."""

    leaf: AnyLeaf
    customer: str | None
    document: bytes | None


class Recording(Protocol):
    """Records what is to be accounted for; a store says how it keeps that."""

    _recorded: list[Recorded]

    def record(self, leaf: AnyLeaf, customer: str | None = None, document: bytes | None = None) -> None:
        """Put a leaf into the audit record, in this very transaction.

        With a `customer` it gets their subject, with a `document` besides the commitment to it.
        """
        self._recorded.append(Recorded(leaf, customer, document))

    def drop_subjects(self, customers: Iterable[str]) -> int:
        """Forget what customers are called and their secrets; give of how many.

        Nobody can tell from then on whom their entries are about, or open them.
        """
        self._write_recorded()
        return self._delete_subjects(list(dict.fromkeys(customers)))

    def seal(self, limit: int) -> int:
        """Give the first entries that wait their numbers; give how many. One process at a time does."""
        queued = self._take_queued(limit)
        self._seal(
            [row | {"entry": kept(**row)} for row in queued], [leaf_hash(row["entry"]) for row in queued]
        )
        return len(queued)

    def keep_record(self) -> None:
        """Write what was recorded: the last thing before the commit."""
        self._write_recorded()

    def _record_decisions(self, decisions: Sequence[Decision], rows: Sequence[Columns]) -> None:
        release = self._release() if decisions else 0
        for decision, row in zip(decisions, rows, strict=True):
            leaf = DecisionLeaf(
                ref=decision.id,
                at=decision.at,
                rule=decision.rule,
                outcome=decision.outcome.value,
                reason=reason_of(decision.reason),
                definition=decision.rule_hash,
                release=release,
            )
            self.record(leaf, decision.customer, row["document"])

    def _record_run(self, run: Run, new: bool) -> None:
        if new:
            self.record(
                StartLeaf(
                    ref=run.id,
                    at=run.started_at,
                    workflow=run.workflow,
                    definition=run.definition,
                    policy=run.policy,
                    status=run.status.value,
                    arm=run.arm,
                    decision=run.decision,
                    parent=run.parent,
                ),
                run.customer,
            )
        if not run.open:
            self.record(
                EndLeaf(
                    ref=f"{run.id}:{run.seq}",
                    run=run.id,
                    at=run.started_at if run.ended_at is None else run.ended_at,
                    workflow=run.workflow,
                    status=run.status.value,
                    reason=reason_of(run.reason),
                ),
                run.customer,
            )

    def _record_attempts(self, attempts: Sequence[StepAttempt], rows: Sequence[Columns]) -> None:
        for attempt, row in zip(attempts, rows, strict=True):
            leaf = StepLeaf(
                ref=f"{attempt.run}:{attempt.seq}:{attempt.attempt}",
                at=attempt.at,
                path=attempt.path,
                verb=attempt.verb,
                outcome=attempt.outcome.value,
                reason=reason_of(attempt.reason),
                effect=attempt.effect,
            )
            self.record(leaf, self._customer_of(attempt.run), row["document"])

    def _record_settled(self, settled: Settled) -> None:
        self.record(
            EffectLeaf(
                ref=settled.key, at=settled.at, outcome=settled.outcome, reason=reason_of(settled.reason)
            )
        )

    def _record_acts(self, accepted: Iterable[tuple[Event, Columns]]) -> None:
        """Record which of the accepted events are what a person did."""
        for event, row in accepted:
            if event.cause != "operator":
                continue
            by, recorded_by = (event.properties.get(name) for name in ("by", "recorded_by"))
            leaf = ChangeLeaf(
                what=event.name,
                ref=f"event:{row['seq']}",
                at=event.received_at,
                who=next((name for name in (recorded_by, by) if isinstance(name, str)), None),
                detail=f"for {by}" if isinstance(recorded_by, str) else None,
            )
            self.record(leaf, event.customer, row["properties"])

    def _record_by(self, by: Actor | None, what: str, ref: str, at: Micros, detail: str | None) -> None:
        who, key, role = (None, None, None) if by is None else (by.who, by.key, by.role)
        self.record(ChangeLeaf(what=what, ref=ref, at=at, who=who, detail=detail, key=key, role=role))

    def _record_key(self, key: KeyRow, by: Actor | None) -> None:
        self._record_by(by, "key_made", f"key:{key.id}", key.created_at, f"{key.role} for {key.owner}")

    def _record_revoked(self, id: str, at: Micros, by: Actor | None) -> None:
        self._record_by(by, "key_revoked", f"key:{id}:revoked", at, None)

    def _record_rotated(self, id: str, successor: str, at: Micros, by: Actor | None) -> None:
        self._record_by(by, "key_rotated", f"key:{id}:rotated", at, f"into {successor}")

    def _record_session(self, session: SessionRow) -> None:
        at = session.created_at
        detail = "with a key" if session.issuer == BY_KEY else f"at {session.issuer}"
        self._record_by(_person(session), "signed_in", f"session:{session.name}", at, detail)

    def _record_session_ended(self, session: SessionRow, at: Micros) -> None:
        self._record_by(_person(session), "signed_out", f"session:{session.name}:ended", at, None)

    def _record_release(self, release: ReleaseRow) -> None:
        """Record what went live; its list of files is kept as a definition, so that its hash resolves."""
        text = _encoder.encode(release).decode()
        manifest = hashlib.sha256(text.encode()).hexdigest()
        self.save_definition(manifest, text)
        self.record(
            ChangeLeaf(
                what="release",
                ref=f"release:{release.number}",
                at=release.at,
                who=None if release.cause == ReleaseCause.START.value else release.author,
                approver=release.approver,
                definition=manifest,
                detail=release.cause,
                emergency=release.cause == ReleaseCause.EMERGENCY.value,
            )
        )

    def _record_change(self, change: ChangeRow) -> None:
        """Record what a person did to a release; what a start made live is recorded as the release itself."""
        if change.kind in (ChangeKind.LIVE.value, ChangeKind.STARTED.value):
            return
        self.record(
            ChangeLeaf(
                what=f"release_{change.kind}",
                ref=f"release:{change.release}:{change.kind}:{change.at}",
                at=change.at,
                who=change.by,
                detail=change.hash,
                emergency=change.kind == ChangeKind.EMERGENCY.value,
            )
        )

    def _record_allowed(self, id: int, at: Micros, by: str) -> None:
        self.record(ChangeLeaf(what="suppression_removed", ref=f"suppression:{id}", at=at, who=by))

    def _release(self) -> int:
        """Give the number of the release that is live, or that this process is about to bring live."""
        marks = self.marks()
        going = marks.unfinished
        return marks.release if going is None else going.number

    def _write_recorded(self) -> None:
        recorded, self._recorded = self._recorded, []
        if not recorded:
            return
        leaves = self._committed(recorded)
        if self._seals_itself:
            rows = [_row(leaf, shortened(leaf)) for leaf in leaves]
            self._seal(rows, [leaf_hash(entry_of(leaf)) for leaf in leaves])
        else:
            self._queue([_row(leaf, entry_of(leaf)) for leaf in leaves])

    def _committed(self, recorded: Sequence[Recorded]) -> list[AnyLeaf]:
        """Give what was recorded, each with the subject it is about, and bound to what is stored."""
        called = self._called({one.customer: one.leaf.at for one in recorded if one.customer is not None})
        leaves: list[AnyLeaf] = []
        for one in recorded:
            leaf = one.leaf
            if one.customer is not None:
                subject = called[one.customer]
                commitment = leaf.commitment
                if one.document is not None:
                    salt = salt_of(subject.secret, f"{kind_of(leaf)}/{leaf.ref}")
                    commitment = commitment_of(salt, content_of(one.customer, one.document))
                leaf = msgspec.structs.replace(leaf, subject=subject.subject, commitment=commitment)
            leaves.append(leaf)
        return leaves

    def _called(self, customers: Mapping[str, Micros]) -> Mapping[str, SubjectRow]:
        """Give what customers are called, and call those something who have no name yet."""
        if not customers:
            return {}
        found = self.subjects(customers)
        missing = [
            SubjectRow(
                customer=customer,
                subject=secrets.token_hex(12),
                secret=secrets.token_bytes(SECRET_LENGTH),
                created_at=at,
            )
            for customer, at in customers.items()
            if customer not in found
        ]
        if missing:
            self._add_subjects(missing)
            # Somebody else may have been first.
            found = {**found, **self.subjects([row.customer for row in missing])}
        return found

    def _seal(self, rows: Sequence[Columns], hashes: Sequence[bytes]) -> None:
        """Number entries and grow the tree; a `TransientStoreError` where somebody else has meanwhile."""
        if not rows:
            return
        before = self.edge()
        after, tiles = append(before, hashes)
        if not self._move_edge(before.size, after):
            raise TransientStoreError("another process has sealed the audit record at the same time")
        self._add_leaves(
            [
                {
                    "number": number,
                    **row,
                    "act": row["kind"] if row["kind"] in ACTS else None,
                    "hash": hash,
                }
                for number, (row, hash) in enumerate(zip(rows, hashes, strict=True), before.size)
            ]
        )
        if tiles:
            self._add_tiles([columns_of(tile) for tile in tiles])

    @property
    def _seals_itself(self) -> bool: ...
    def marks(self) -> Marks: ...
    def subjects(self, customers: Iterable[str]) -> dict[str, SubjectRow]: ...
    def edge(self) -> Edge: ...
    def save_definition(self, sha256: str, text: str) -> None: ...
    def _customer_of(self, run: str) -> str | None: ...
    def _add_subjects(self, rows: Sequence[SubjectRow]) -> None: ...
    def _delete_subjects(self, customers: Sequence[str]) -> int: ...
    def _queue(self, rows: Sequence[Columns]) -> None: ...
    def _take_queued(self, limit: int) -> list[Columns]: ...
    def _add_leaves(self, rows: Sequence[Columns]) -> None: ...
    def _add_tiles(self, rows: Sequence[Columns]) -> None: ...
    def _move_edge(self, before: int, edge: Edge) -> bool: ...


def _row(leaf: AnyLeaf, entry: bytes) -> Columns:
    return {"kind": kind_of(leaf), "ref": leaf.ref, "at": leaf.at, "entry": entry}


def _person(session: SessionRow) -> Actor:
    return Actor(session.owner, session.person, session.roles or None)
