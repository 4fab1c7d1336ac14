"""The rows of what the core gives, and what the core gets back from them; the same for every store."""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Sequence
from typing import Any, TypeAlias

import msgspec

from engine.audit.tree import HASH_LENGTH, Edge
from engine.customers.event import Event
from engine.decisions.decision import Decision
from engine.escalation.case import Case
from engine.experiments.assignment import Exposure
from engine.loyalty.ledger import ACCOUNTS, Posting
from engine.model.values import FOR_EVER, Micros
from engine.runs.changes import MembershipChange
from engine.runs.run import AskItem, Coupon, Effect, Run, StepAttempt
from engine.store.activity import OpenRun
from engine.store.documents import Row, Shape, pack, unpack
from engine.store.proposing import PlanRow, ProposalRow
from engine.store.records import Claim, MemberRow, OutboxRow, QuarantinedEvent, ReleaseRow, StoredEvent

Columns: TypeAlias = dict[str, Any]
"""A row to write."""

DECISION = Shape(
    Decision, "id", "trigger_key", "rule", "customer", "at", "outcome", hashes=("rule_hash", "base")
)
RUN = Shape(
    Run, "id", "workflow", "customer", "status", "started_at", "goal_at", "seq",
    hashes=("definition", "policy", "decision", "parent"),
)  # fmt: skip
ATTEMPT = Shape(StepAttempt, "run", "seq", "attempt")
EFFECT = Shape(Effect, "key", "run", "workflow", "customer", "created_at", "due", "unsure")
EXPOSURE = Shape(Exposure, "run", "split", "workflow", "customer", "at", "arm", "salt", "design")
COUPON = Shape(Coupon, "code", "customer", "issued_at", "status", "ended_at", "reference", "note", "by")
ASK = Shape(AskItem, "id", "run", "customer", "answered_at")
CASE = Shape(Case, "id", "customer", "status")
POSTING = Shape(Posting, "program", "key", "customer")
RELEASE = Shape(ReleaseRow, "number", "at", "cause", "author", "actor", "approver")
PLAN = Shape(PlanRow, "token", "at")
PROPOSAL = Shape(ProposalRow, "number", "state", "at", "token", "author")

SHARDS = 32
"""Customers are spread over so many shards; a poke names one of them."""


def shard_of(customer: str) -> int:
    """Give the shard of a customer: CRC-32 of the id, so that every process and release agrees."""
    return zlib.crc32(customer.encode()) % SHARDS


DEAD = frozenset(("failed", "uncertain", "dead"))
"""Outcomes that make an effect a dead letter: people have to look at it."""

OUTSIDE = ("sent", "import", "history", "operator")
"""Causes of events that came from outside and are counted; the others the engine makes itself."""


def event_row(event: Event, seq: int, digest: str, decided_at: Micros | None) -> Columns:
    """Give the row of an event that is accepted as `seq`."""
    return {
        "seq": seq,
        "source": event.source,
        "message_id": event.message_id,
        "customer": event.customer,
        "name": event.name,
        "occurred_at": event.occurred_at,
        "received_at": event.received_at,
        "sent_at": event.sent_at,
        "decided_at": decided_at,
        "account": event.account,
        "anonymous_id": event.anonymous_id,
        "cause": event.cause,
        "flags": " ".join(event.flags) or None,
        "digest": digest,
        "properties": pack(event.properties),
    }


def event_of(row: Row) -> Event:
    """Read an event."""
    return Event(
        source=row["source"],
        message_id=row["message_id"],
        customer=row["customer"],
        name=row["name"],
        occurred_at=row["occurred_at"],
        received_at=row["received_at"],
        seq=row["seq"],
        sent_at=row["sent_at"],
        account=row["account"],
        anonymous_id=row["anonymous_id"],
        properties=unpack(row["properties"]),
        flags=tuple(row["flags"].split(" ")) if row["flags"] else (),
        cause=row["cause"],
    )


def stored_event(row: Row) -> StoredEvent:
    """Read an event with what the store knows of it."""
    return StoredEvent(event_of(row), row["digest"], row["decided_at"])


def columns_of(record: msgspec.Struct) -> Columns:
    """Give the row of a record all of whose fields are columns."""
    return {name: getattr(record, name) for name in record.__struct_fields__}


def quarantine_row(entry: QuarantinedEvent) -> Columns:
    """Give the row of what could not be accepted; the table gives its id."""
    row = columns_of(entry)
    del row["id"]
    return row


def lot_rows(postings: Iterable[Posting]) -> list[Columns]:
    """Give what postings add to each lot, in the order of their keys."""
    sums: dict[tuple[str, str], Columns] = {}
    for posting in postings:
        for entry in posting.entries:
            place = (posting.program, entry.lot)
            row = sums.get(place)
            if row is None:
                row = sums[place] = {"program": place[0], "key": place[1], **dict.fromkeys(ACCOUNTS, 0)}
            row[entry.account] += entry.points
    return [sums[place] for place in sorted(sums)]


def is_closed(lot: Row) -> bool:
    """Tell whether nothing of a lot is left."""
    return not (lot["pending"] or lot["available"] or lot["reserved"])


def decision_row(decision: Decision) -> Columns:
    """Give the row of a decision. Its key is kept without the rule and the customer that it begins with."""
    row = DECISION.row(decision)
    rest = decision.trigger_key.removeprefix(f"{decision.rule}/{decision.customer}")
    if rest.startswith("/"):
        row["trigger_key"] = rest
    return row


def decision_of(row: Row) -> Decision:
    """Read a decision. No whole key begins with a slash; older rows hold nothing else."""
    decision = DECISION.value(row)
    if not decision.trigger_key.startswith("/"):
        return decision
    key = f"{decision.rule}/{decision.customer}{decision.trigger_key}"
    return msgspec.structs.replace(decision, trigger_key=key)


def open_run(row: Row) -> OpenRun:
    """Read where an open run stands, and nothing else of it."""
    kept = RUN.fields(row["document"])
    return OpenRun(row["open_for"], row["id"], row["workflow"], kept["definition"], kept.get("path", "0"))


def run_row(run: Run) -> Columns:
    """Give the row of a run, without what only claims change."""
    row = RUN.row(run)
    row["open_for"] = run.customer if run.open else None
    row["due"] = run.due
    return row


def effect_row(effect: Effect) -> Columns:
    """Give the row of an effect that is put, or put again, to be delivered at its due."""
    row = EFFECT.row(effect)
    row.update(
        shard=shard_of(effect.customer),
        state="ready",
        claimable_at=effect.due,
        attempts=0,
        fence=0,
        lease_until=None,
        settled_at=None,
        outcome=None,
        reason=None,
        dead=None,
    )
    return row


def settled_columns(key: str, outcome: str, reason: str | None, at: Micros) -> Columns:
    """Give the columns of an effect that settling sets."""
    return {
        "state": "settled",
        "claimable_at": None,
        "lease_until": None,
        "settled_at": at,
        "outcome": outcome,
        "reason": reason,
        "dead": key if outcome in DEAD else None,
    }


def outbox_row(row: Row) -> OutboxRow:
    """Read an effect and where it stands."""
    return OutboxRow(
        effect=EFFECT.value(row),
        state=row["state"],
        attempts=row["attempts"],
        fence=row["fence"],
        lease_until=row["lease_until"],
        settled_at=row["settled_at"],
        outcome=row["outcome"],
        reason=row["reason"],
        dead=row["dead"] is not None,
    )


def claim_of(row: Row) -> Claim:
    """Give the claim on an effect from its row as it was before."""
    effect, lapsed = EFFECT.value(row), row["state"] == "leased"
    return Claim(
        effect=msgspec.structs.replace(effect, unsure=effect.unsure or lapsed),
        attempt=row["attempts"] + 1,
        fence=row["fence"] + 1,
        lapsed=lapsed,
    )


def ask_row(ask: AskItem) -> Columns:
    """Give the row of a question to a person."""
    return ASK.row(ask) | {"who": ask.who, "due": ask.due if ask.answered_at is None else FOR_EVER}


def case_row(case: Case) -> Columns:
    """Give the row of a case, with what it is looked for by."""
    soonest = case.soonest
    return CASE.row(case) | {
        "ladder": case.ladder,
        "who": case.who,
        "paused": case.paused_at is not None,
        "breached": bool(case.breached),
        "exhausted": case.exhausted,
        "overdue_at": case.overdue_at,
        "due": FOR_EVER if soonest is None else soonest,
    }


def member_row(member: MemberRow) -> Columns:
    """Give the hot row of a customer."""
    return {
        "id": member.id,
        "kind": member.kind,
        "shard": shard_of(member.id),
        "version": member.version,
        "account": member.account,
        "created_at": member.created_at,
        "next_due": member.next_due,
        "erased_at": member.erased_at,
        "hot": member.hot,
        "standing": member.standing,
    }


def fold_memberships(
    changes: Sequence[MembershipChange],
) -> tuple[list[Columns], list[Columns]]:
    """Give what to close and what to add, from one batch's changes in their order.

    Who entered and left again in the same batch is added with both ends.
    """
    closed: list[Columns] = []
    added: list[Columns] = []
    last: dict[tuple[str, str], Columns] = {}
    for change in changes:
        place = (change.segment, change.customer)
        if change.inside:
            last[place] = {
                "segment": change.segment,
                "customer": change.customer,
                "valid_from": change.at,
                "valid_to": None,
                "cause": change.cause,
            }
            added.append(last[place])
        elif place in last:
            last.pop(place)["valid_to"] = change.at
        else:
            closed.append({"segment": change.segment, "customer": change.customer, "valid_to": change.at})
    return closed, added


def edge_columns(edge: Edge) -> Columns:
    """Give how far the audit record is sealed, as it is kept."""
    return {"size": edge.size, "edge": b"".join(edge.hashes)}


def edge_of(row: Row) -> Edge:
    """Read how far the audit record is sealed."""
    joined = row["edge"]
    places = range(0, len(joined), HASH_LENGTH)
    return Edge(row["size"], tuple(joined[place : place + HASH_LENGTH] for place in places))


def ref_of(kind: str, parts: Sequence[Any]) -> str:
    """Give the ref under which the audit record knows a row, from the columns of its key."""
    joined = ":".join(map(str, parts))
    return f"event:{joined}" if kind == "change" else joined
