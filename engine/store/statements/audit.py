"""SQL of the audit record: subjects, entries before and after sealing, the tree, checkpoints."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

from sqlalchemy import Executable, bindparam, delete, func, select

from engine.model.values import Micros
from engine.store.audit_tables import CHECKPOINT, LEAF, SUBJECT, TILE, TREE, UNSEALED
from engine.store.statements import Insert, among
from engine.store.tables import DECISION, EVENT, STEP_ATTEMPT

_SEALED = (LEAF.c.number, LEAF.c.kind, LEAF.c.ref, LEAF.c.at, LEAF.c.entry, LEAF.c.hash)
"""The columns of a `LeafRow`, in its order."""


@cache
def insert_subject(insert: Insert) -> Executable:
    """What a customer is called, unless they are called something already."""
    return insert(SUBJECT).on_conflict_do_nothing(index_elements=[SUBJECT.c.customer])


@cache
def subjects_of() -> Executable:
    """What the customers `ids` are called."""
    return select(SUBJECT).where(among(SUBJECT.c.customer, "ids"))


@cache
def subjects_named() -> Executable:
    """Whom the subjects `ids` stand for."""
    return select(SUBJECT).where(among(SUBJECT.c.subject, "ids"))


@cache
def delete_subject() -> Executable:
    """What a customer is called, away."""
    return delete(SUBJECT).where(SUBJECT.c.customer == bindparam("b_customer"))


@cache
def insert_unsealed() -> Executable:
    """An entry that waits for its number."""
    return UNSEALED.insert()


@cache
def take_unsealed() -> Executable:
    """The first `limit` of the entries that wait, taken away."""
    first = select(UNSEALED.c.seq).order_by(UNSEALED.c.seq).limit(bindparam("limit"))
    return delete(UNSEALED).where(UNSEALED.c.seq.in_(first)).returning(*UNSEALED.c)


@cache
def count_unsealed() -> Executable:
    """How many entries wait."""
    return select(func.count()).select_from(UNSEALED)


@cache
def insert_leaf() -> Executable:
    """A sealed entry."""
    return LEAF.insert()


@cache
def leaves() -> Executable:
    """The sealed entries from `start` to before `end`."""
    return (
        select(*_SEALED)
        .where(LEAF.c.number >= bindparam("start"), LEAF.c.number < bindparam("end"))
        .order_by(LEAF.c.number)
    )


@cache
def leaves_of_instant() -> Executable:
    """The sealed entries of one thing at an instant."""
    return (
        select(*_SEALED)
        .where(LEAF.c.at == bindparam("at"), LEAF.c.kind == bindparam("kind"), LEAF.c.ref == bindparam("ref"))
        .order_by(LEAF.c.number)
    )


def leaf_span(start: Micros | None, end: Micros | None) -> Executable:
    """The first and the last number of the entries of a period."""
    found = select(func.min(LEAF.c.number), func.max(LEAF.c.number))
    if start is not None:
        found = found.where(LEAF.c.at >= start)
    if end is not None:
        found = found.where(LEAF.c.at < end)
    return found


def act_page(
    acts: Sequence[str],
    start: Micros | None,
    end: Micros | None,
    after: tuple[Micros, int] | None,
    limit: int,
) -> Executable:
    """What people did of some kinds, by (at, number)."""
    found = select(*_SEALED).where(LEAF.c.act.in_(acts)).order_by(LEAF.c.at, LEAF.c.number).limit(limit)
    if start is not None:
        found = found.where(LEAF.c.at >= start)
    if end is not None:
        found = found.where(LEAF.c.at < end)
    if after is not None:
        at, number = after
        found = found.where((LEAF.c.at > at) | ((LEAF.c.at == at) & (LEAF.c.number > number)))
    return found


def count_acts(acts: Sequence[str], start: Micros | None, end: Micros | None) -> Executable:
    """How often people did something of some kinds."""
    found = select(func.count()).select_from(LEAF).where(LEAF.c.act.in_(acts))
    if start is not None:
        found = found.where(LEAF.c.at >= start)
    if end is not None:
        found = found.where(LEAF.c.at < end)
    return found


@cache
def leaf_hashes() -> Executable:
    """The hashes of the entries from `start` to before `end`."""
    return (
        select(LEAF.c.hash)
        .where(LEAF.c.number >= bindparam("start"), LEAF.c.number < bindparam("end"))
        .order_by(LEAF.c.number)
    )


@cache
def insert_tile() -> Executable:
    """A complete subtree."""
    return TILE.insert()


@cache
def tile() -> Executable:
    """The hashes of a complete subtree."""
    return select(TILE.c.hashes).where(
        TILE.c.level == bindparam("level"), TILE.c.number == bindparam("number")
    )


@cache
def tile_roots() -> Executable:
    """The roots of the complete subtrees of a level from `start` to before `end`."""
    return (
        select(TILE.c.root)
        .where(
            TILE.c.level == bindparam("level"),
            TILE.c.number >= bindparam("start"),
            TILE.c.number < bindparam("end"),
        )
        .order_by(TILE.c.number)
    )


@cache
def edge() -> Executable:
    """How far it is sealed."""
    return select(TREE.c.size, TREE.c.edge)


@cache
def move_edge(insert: Insert) -> Executable:
    """The edge, moved on from the size `b_before`; untouched where it is not there any more."""
    put = insert(TREE)
    return put.on_conflict_do_update(
        index_elements=[TREE.c.name],
        set_={"size": put.excluded.size, "edge": put.excluded.edge},
        where=TREE.c.size == bindparam("b_before"),
    )


@cache
def insert_checkpoint() -> Executable:
    """A signed root."""
    return CHECKPOINT.insert()


@cache
def latest_checkpoint() -> Executable:
    """The last signed root."""
    return select(CHECKPOINT).order_by(CHECKPOINT.c.size.desc()).limit(1)


@cache
def checkpoints() -> Executable:
    """Signed roots of more than `after` leaves."""
    return (
        select(CHECKPOINT)
        .where(CHECKPOINT.c.size > bindparam("after"))
        .order_by(CHECKPOINT.c.size)
        .limit(bindparam("limit"))
    )


@cache
def decision_documents() -> Executable:
    """What is stored of the decisions `ids`."""
    return select(DECISION.c.id, DECISION.c.document).where(among(DECISION.c.id, "ids"))


@cache
def attempt_documents() -> Executable:
    """What is stored of the steps of the runs `ids`."""
    row = STEP_ATTEMPT.c
    return select(row.run, row.seq, row.attempt, row.document).where(among(row.run, "ids"))


@cache
def event_documents() -> Executable:
    """What is stored of the events `ids`."""
    return select(EVENT.c.seq, EVENT.c.properties).where(among(EVENT.c.seq, "ids"))


def _run_of(ref: str) -> str:
    return ref.split(":")[0]


def _seq_of(ref: str) -> int:
    place = ref.removeprefix("event:")
    return int(place) if place.isdecimal() else -1


DOCUMENTS: dict[str, tuple[Callable[[], Executable], Callable[[str], Any]]] = {
    "decision": (decision_documents, str),
    "step": (attempt_documents, _run_of),
    "change": (event_documents, _seq_of),
}
"""Where the documents are that entries of a kind commit to, and by which part of a ref."""
