"""Leaves: bytes that are written once, in one form."""

import hashlib
import inspect

import msgspec
import pytest

from engine.audit import leaves
from engine.audit.leaves import (
    ACTS,
    IN_WORDS,
    KINDS,
    ChangeLeaf,
    DecisionLeaf,
    EffectLeaf,
    Leaf,
    entry_of,
    kind_of,
    leaf_hash,
    read_entry,
    reason_of,
)

DECISION = DecisionLeaf(
    ref="a" * 24, at=1, rule="usage-drop", outcome="fired", definition="f" * 16, release=2,
    subject="b" * 24, commitment="c" * 64,
)  # fmt: skip


def test_an_entry_tells_its_kind_and_version_first_and_leaves_out_what_it_has_not() -> None:
    entry = entry_of(EffectLeaf(ref="r:0:0", at=5, outcome="executed"))

    assert entry == b'{"kind":"effect","v":1,"ref":"r:0:0","at":5,"outcome":"executed"}'


def test_an_entry_is_read_back() -> None:
    assert read_entry(entry_of(DECISION)) == DECISION
    assert entry_of(read_entry(entry_of(DECISION))) == entry_of(DECISION)


def test_a_decision_takes_at_most_500_bytes() -> None:
    long = msgspec.structs.replace(DECISION, rule="r" * 64, reason="r" * 40, at=2**53, release=10**6)

    assert len(entry_of(long)) <= 500


def test_every_kind_is_listed() -> None:
    kinds = [
        each.__struct_config__.tag
        for _, each in inspect.getmembers(leaves, inspect.isclass)
        if issubclass(each, Leaf) and each is not Leaf
    ]

    assert set(kinds) == set(KINDS)
    assert set(KINDS) >= ACTS
    assert kind_of(ChangeLeaf(ref="x", at=1, what="paused")) == "change"


def test_a_leaf_is_hashed_behind_a_zero_byte() -> None:
    assert leaf_hash(b"x") == hashlib.sha256(b"\x00x").digest()


@pytest.mark.parametrize("entry", [b"", b"{}", b'{"kind":"nothing"}', b'{"kind":"effect","ref":1}'])
def test_what_is_no_entry_is_not_read(entry: bytes) -> None:
    with pytest.raises(msgspec.DecodeError):
        read_entry(entry)


@pytest.mark.parametrize(
    ("reason", "told"),
    [
        (None, None),
        ("frequency_cap", "frequency_cap"),
        ("ZeroDivisionError", "ZeroDivisionError"),
        ("arm-b.2", "arm-b.2"),
        ("550 <ana@example.com>: no such mailbox", IN_WORDS),
        ("ana@example.com", IN_WORDS),
        ("Kauft nichts mehr", IN_WORDS),
        ("a" * 65, IN_WORDS),
        ("gone\n", IN_WORDS),
        ("", IN_WORDS),
    ],
)
def test_a_reason_is_a_code_and_a_sentence_stays_out(reason: str | None, told: str | None) -> None:
    assert reason_of(reason) == told
