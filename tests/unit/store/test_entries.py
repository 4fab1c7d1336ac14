"""Sealed entries as they are kept: shorter, and the same bytes when they are read."""

from __future__ import annotations

from typing import get_args

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.audit.leaves import KINDS, AnyLeaf, DecisionLeaf, StartLeaf, StepLeaf, entry_of, kind_of
from engine.store.entries import kept, shortened, whole

FIELDS = {
    "decision": "v subject commitment rule outcome reason definition release",
    "run_started": "v subject commitment workflow definition policy status arm decision parent",
    "step": "v subject commitment path verb outcome reason effect",
    "run_ended": "v subject commitment run workflow status reason",
    "effect": "v subject commitment outcome reason",
    "change": "v subject commitment what who approver definition detail emergency key role",
    "access": "v subject commitment who what key purpose",
    "erased": "v subject commitment who detail",
    "replay": "v subject commitment who outcome corrected",
}
"""What is kept of each kind, in the order in which it is kept for ever."""

BY_KIND = {kind.__struct_config__.tag: kind for kind in get_args(AnyLeaf)}
DIGITS = st.integers(0, 2**256 - 1).map(lambda number: f"{number:064x}"[: 24 if number % 2 else 64])
TEXTS = st.one_of(DIGITS, DIGITS.map(str.upper), st.text(st.characters(exclude_categories=["Cs"])))
VALUES = {
    "int": st.integers(0, 2**63 - 1),
    "str": TEXTS,
    "str | None": st.none() | TEXTS,
    "bool": st.booleans(),
}
ABOUT = {"subject": "b7" * 12, "commitment": "c5" * 32}


@st.composite
def leaves(draw: st.DrawFn) -> AnyLeaf:
    """Any entry, its fields full or empty, of hexadecimal digits or of anything else."""
    kind = BY_KIND[draw(st.sampled_from(KINDS))]
    types = {field.name: field.type for field in msgspec.structs.fields(kind) if field.name != "v"}
    named = {name: getattr(type, "__name__", str(type)) for name, type in types.items()}
    leaf: AnyLeaf = kind(**{name: draw(VALUES[each]) for name, each in named.items()})
    return leaf


@settings(deadline=None)
@given(leaf=leaves())
def test_an_entry_comes_back_as_the_bytes_that_were_sealed(leaf: AnyLeaf) -> None:
    kind, entry = kind_of(leaf), entry_of(leaf)

    assert whole(kind, leaf.ref, leaf.at, shortened(leaf)) == entry
    assert whole(kind, leaf.ref, leaf.at, kept(kind, leaf.ref, leaf.at, entry)) == entry


@pytest.mark.parametrize("kind", KINDS)
def test_a_field_keeps_its_place_and_a_new_one_comes_last(kind: str) -> None:
    fields = [name for name in BY_KIND[kind].__struct_fields__ if name not in ("ref", "at")]

    assert " ".join(fields).startswith(FIELDS[kind])


def test_what_was_kept_once_is_read_for_ever() -> None:
    held = bytes.fromhex("9601c0c402beefa130a477616974a86578656375746564")

    assert whole("step", "r-1:0:1", 5, held) == (
        b'{"kind":"step","v":1,"ref":"r-1:0:1","at":5,'
        b'"commitment":"beef","path":"0","verb":"wait","outcome":"executed"}'
    )


@pytest.mark.parametrize(
    "entry",
    [
        b'{"kind":"step","v":9,"ref":"r:0:1","at":5,"path":"0","verb":"wait","outcome":"executed","hue":3}',
        b'{"v":1,"kind":"step","ref":"r:0:1","at":5,"path":"0","verb":"wait","outcome":"executed"}',
        b'{"kind":"step","v":1,"ref":"another","at":5,"path":"0","verb":"wait","outcome":"executed"}',
        b'{"kind":"dream","v":1,"ref":"r:0:1","at":5}',
        b"{",
        b"\xff",
    ],
)
def test_what_another_program_sealed_is_kept_as_it_is(entry: bytes) -> None:
    assert kept("step", "r:0:1", 5, entry) == entry
    assert whole("step", "r:0:1", 5, entry) == entry


@pytest.mark.parametrize("held", [b"", b"\x80", b"\x93\x01", b"\x91\x81\xa1a\x01", b"\x9f" + b"\x01" * 15])
def test_what_cannot_be_read_is_given_as_it_is_kept(held: bytes) -> None:
    assert whole("effect", "r:0:1", 5, held) == held
    assert whole("dream", "r:0:1", 5, held) == held


@pytest.mark.parametrize(
    ("leaf", "sealed", "held"),
    [
        (
            DecisionLeaf(
                ref="a4" * 12, at=1_795_954_363_269_542, rule="trial-started", outcome="fired",
                definition="0f" * 8, release=1, **ABOUT,
            ),
            282, 82,
        ),
        (
            StartLeaf(
                ref="a4" * 12, at=1_795_954_363_269_542, workflow="trial-ending", definition="0f" * 16,
                policy="e3" * 16, status="waiting", arm="treated", decision="58" * 12, subject="b7" * 12,
            ),
            311, 96,
        ),
        (
            StepLeaf(
                ref="a4" * 12 + ":0:1", at=1_795_954_363_269_542, path="0", verb="wait", outcome="executed",
                **ABOUT,
            ),
            243, 66,
        ),
    ],
    ids=KINDS[:3],
)  # fmt: skip
def test_an_entry_takes_a_third_of_what_was_sealed(leaf: AnyLeaf, sealed: int, held: int) -> None:
    assert (len(entry_of(leaf)), len(shortened(leaf))) == (sealed, held)
