"""What is answered about the audit record."""

from __future__ import annotations

import base64
from datetime import datetime
from typing import Annotated

import msgspec

from engine.audit.leaves import ChangeLeaf, ErasedLeaf, ReplayLeaf, read_entry
from engine.customers.zones import moment_of
from engine.store.audit import CheckpointRow, LeafRow

Hash = Annotated[str, msgspec.Meta(description="A SHA-256 in hexadecimal digits.")]


class RecordedChange(msgspec.Struct, frozen=True, kw_only=True):
    """Something that somebody changed; `leaf` is its number in the audit record."""

    leaf: int
    what: str
    ref: Annotated[str, msgspec.Meta(description="What was changed.")]
    at: datetime
    who: str | None
    approver: str | None
    emergency: bool
    detail: str | None
    definition: Annotated[str | None, msgspec.Meta(description="The hash of what describes it in full.")]
    key: Annotated[
        str | None, msgspec.Meta(description="The key that it was done with, of keys and sessions.")
    ]
    role: Annotated[str | None, msgspec.Meta(description="The role of that key; several of a session.")]
    subject: Annotated[str | None, msgspec.Meta(description="The customer, as the record calls them.")]


class CheckpointAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """A signed root of the audit record."""

    size: Annotated[int, msgspec.Meta(description="The entries that it is over.")]
    at: datetime
    root: Annotated[str, msgspec.Meta(description="The root in base64.")]
    note: Annotated[str, msgspec.Meta(description="What is signed, with the signature.")]
    key: Annotated[str, msgspec.Meta(description="The public key that it is checked with.")]


class InclusionAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """A proof that an entry is in a tree."""

    number: int
    size: int
    kind: str
    entry: Annotated[str, msgspec.Meta(description="The sealed bytes, as text.")]
    hash: Hash
    path: list[Hash]
    root: Hash


class ConsistencyAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """A proof that a tree is the beginning of another."""

    from_: int = msgspec.field(name="from")
    to: int
    path: list[Hash]
    root: Hash


def recorded_change(row: LeafRow) -> RecordedChange:
    """Give a change as it is answered with."""
    leaf = read_entry(row.entry)
    if isinstance(leaf, ErasedLeaf):
        leaf = ChangeLeaf(
            what="erased", ref=leaf.ref, at=leaf.at, who=leaf.who, detail=leaf.detail, subject=leaf.subject
        )
    elif isinstance(leaf, ReplayLeaf):
        detail = f"{leaf.outcome}, corrected" if leaf.corrected else leaf.outcome
        leaf = ChangeLeaf(what="replayed", ref=leaf.ref, at=leaf.at, who=leaf.who, detail=detail)
    assert isinstance(leaf, ChangeLeaf)
    return RecordedChange(
        leaf=row.number,
        what=leaf.what,
        ref=leaf.ref,
        at=moment_of(leaf.at),
        who=leaf.who,
        approver=leaf.approver,
        emergency=leaf.emergency,
        detail=leaf.detail,
        definition=leaf.definition,
        key=leaf.key,
        role=leaf.role,
        subject=leaf.subject,
    )


def checkpoint_answer(row: CheckpointRow, key: str) -> CheckpointAnswer:
    """Give a checkpoint as it is answered with."""
    return CheckpointAnswer(
        size=row.size, at=moment_of(row.at), root=base64.b64encode(row.root).decode(), note=row.note, key=key
    )
