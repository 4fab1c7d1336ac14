"""Leaves: what is recorded of each thing that has to be accounted for, as bytes that never change.

An entry is JSON, the fields in the order in which they stand here, those without a value left out. It
is stored as it was sealed and never written anew. It names no customer: `subject` is a random pseudonym,
and `commitment` binds what was stored of it without telling it (`engine.audit.subjects`).
"""

from __future__ import annotations

import hashlib
import re
from typing import TypeAlias

import msgspec

VERSION = 1


def _version() -> int:
    return VERSION


class Leaf(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="kind"):
    """What every entry tells: the version of its form, what it is about, and when (microseconds UTC).

    `ref` is unique among the entries of a kind, save that an effect may be settled more than once.
    """

    v: int = msgspec.field(default_factory=_version)
    ref: str
    at: int
    subject: str | None = None
    commitment: str | None = None


class DecisionLeaf(Leaf, frozen=True, kw_only=True, tag="decision"):
    """A decision that is kept. `definition` is the hash of the rule, `release` the number it was live in."""

    rule: str
    outcome: str
    reason: str | None = None
    definition: str
    release: int


class StartLeaf(Leaf, frozen=True, kw_only=True, tag="run_started"):
    """A run that began, or was refused at once: `decision` started it, or it is the child of `parent`."""

    workflow: str
    definition: str
    policy: str
    status: str
    arm: str
    decision: str | None = None
    parent: str | None = None


class StepLeaf(Leaf, frozen=True, kw_only=True, tag="step"):
    """An attempt at a step; `ref` is the run, its transition and the attempt, joined by colons."""

    path: str
    verb: str
    outcome: str
    reason: str | None = None
    effect: str | None = None


class EndLeaf(Leaf, frozen=True, kw_only=True, tag="run_ended"):
    """A run that ended; `ref` is the run and the transition with which it did."""

    run: str
    workflow: str
    status: str
    reason: str | None = None


class EffectLeaf(Leaf, frozen=True, kw_only=True, tag="effect"):
    """An external effect that was settled; `ref` is its key."""

    outcome: str
    reason: str | None = None


class ChangeLeaf(Leaf, frozen=True, kw_only=True, tag="change"):
    """Something that a person or a start-up changed: `what`, by `who`, and who agreed to it.

    `definition` is the hash of what describes it in full, where that is kept. `emergency` tells that
    nobody had to agree. `key` and `role` tell with what it was done, where that matters: of keys and of
    sessions, whose `role` may be several, apart by spaces.
    """

    what: str
    who: str | None = None
    approver: str | None = None
    definition: str | None = None
    detail: str | None = None
    emergency: bool = False
    key: str | None = None
    role: str | None = None


class AccessLeaf(Leaf, frozen=True, kw_only=True, tag="access"):
    """Somebody read what is personal: `who`, with which `key`, by which operation (`what`)."""

    who: str
    what: str
    key: str | None = None
    purpose: str | None = None


class ErasedLeaf(Leaf, frozen=True, kw_only=True, tag="erased"):
    """A customer was erased: the entries of this subject can be opened no more."""

    who: str | None = None
    detail: str | None = None


class ReplayLeaf(Leaf, frozen=True, kw_only=True, tag="replay"):
    """What had been in quarantine was taken in again: `ref` names it there, by `who`.

    `outcome` is accepted, or duplicate where it had been sent again in the meantime; `corrected` tells
    that it was not taken in as it was sent.
    """

    who: str | None = None
    outcome: str
    corrected: bool = False


AnyLeaf: TypeAlias = (
    DecisionLeaf
    | StartLeaf
    | StepLeaf
    | EndLeaf
    | EffectLeaf
    | ChangeLeaf
    | AccessLeaf
    | ErasedLeaf
    | ReplayLeaf
)
KINDS: tuple[str, ...] = (
    "decision", "run_started", "step", "run_ended", "effect", "change", "access", "erased", "replay",
)  # fmt: skip
ACTS = frozenset(("change", "access", "erased", "replay"))
"""Kinds of what people did, which are few and are asked for by themselves."""

_encoder = msgspec.json.Encoder()
_decoder: msgspec.json.Decoder[AnyLeaf] = msgspec.json.Decoder(AnyLeaf)


_CODE = re.compile(r"[A-Za-z][A-Za-z0-9_.-]{0,63}")
IN_WORDS = "in_words"
"""Stands for a reason that is a sentence: an entry stays for ever, and a sentence may say anything."""


def reason_of(reason: str | None) -> str | None:
    """Give a reason as it may stand in an entry: the code that it is, or `IN_WORDS`."""
    return reason if reason is None or _CODE.fullmatch(reason) else IN_WORDS


def kind_of(leaf: AnyLeaf) -> str:
    """Give the kind of a leaf."""
    return str(leaf.__struct_config__.tag)


def entry_of(leaf: AnyLeaf) -> bytes:
    """Give the bytes that are sealed."""
    return _encoder.encode(leaf)


def read_entry(entry: bytes) -> AnyLeaf:
    """Read sealed bytes; a `msgspec.DecodeError` where they are no entry."""
    return _decoder.decode(entry)


def leaf_hash(entry: bytes) -> bytes:
    """Give the hash of an entry: SHA-256 of a zero byte and the entry (RFC 9162, 2.1.1)."""
    return hashlib.sha256(b"\x00" + entry).digest()
