"""Documents: every value comes back with the type that it had."""

import datetime as dt
from decimal import Decimal
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.model.reasons import RunStatus
from engine.store.documents import Shape, pack, unpack


@pytest.mark.parametrize(
    "value",
    [
        Decimal("1.50"),
        Decimal(5),
        Decimal("-0.000001"),
        Decimal("1E+30"),
        5,
        "5",
        2**70,
        -(2**63) - 1,
        2**63,
        1.5,
        None,
        True,
        b"\x00\xff",
        dt.date(2026, 3, 1),
        dt.datetime(2026, 3, 1, 12, 30, tzinfo=dt.UTC),
        dt.datetime(2026, 3, 1, 12, 30, 0, 5),
        dt.datetime(1960, 3, 1, 12, 30, 0, 5, tzinfo=dt.UTC),
        dt.datetime(9999, 12, 31, 23, 59, 59, 999_999, tzinfo=dt.UTC),
        dt.datetime(2026, 3, 1, 12, 30, tzinfo=dt.timezone(dt.timedelta(hours=2))),
        dt.timedelta(days=-1, microseconds=1),
        ["a", Decimal(2), {"x": None}],
        {"a": {"b": [Decimal("0.10")]}},
    ],
)
def test_a_value_comes_back_as_it_was(value: object) -> None:
    read = unpack(pack(value))

    assert read == value
    assert repr(read) == repr(value)


numbers = st.integers(-(2**80), 2**80) | st.decimals(allow_nan=False, allow_infinity=False)
values = st.recursive(
    st.none() | st.booleans() | st.text() | numbers,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)


@given(values)
def test_any_value_of_json_with_exact_numbers_comes_back_as_it_was(value: object) -> None:
    assert repr(unpack(pack(value))) == repr(value)


@pytest.mark.parametrize("digest", ["00ff", "", "0", "00 ff", "00FF", "win-back", "cafe", "\u0663\u0663"])
def test_a_hash_takes_half_the_room_and_comes_back_as_the_text_that_it_was(digest: str) -> None:
    shape = Shape(Outer, "id", "status", hashes=("note",))
    outer = Outer(id="x", status=RunStatus.WAITING, note=digest)

    assert shape.value(shape.row(outer)) == outer


def test_a_digest_is_stored_as_its_bytes() -> None:
    shape = Shape(Outer, "id", "status", hashes=("note",))
    row = shape.row(Outer(id="x", status=RunStatus.WAITING, note="00ff" * 8))

    assert unpack(row["document"]) == {4: b"\x00\xff" * 8}


class Inner(msgspec.Struct, frozen=True):
    name: str
    values: dict[str, Any] = {}


class Pair(msgspec.Struct, frozen=True, array_like=True):
    left: int
    right: Decimal = Decimal(0)


class Outer(msgspec.Struct, kw_only=True):
    id: str
    status: RunStatus
    inner: tuple[Inner, ...] = ()
    pairs: list[Pair] = []
    note: str | None = None
    extra: dict[str, Any] = {}
    number: int = 7


OUTER = Shape(Outer, "id", "status")


def test_a_struct_is_split_into_columns_and_a_document() -> None:
    row = OUTER.row(Outer(id="x", status=RunStatus.WAITING, note="hi"))

    assert {name: row[name] for name in ("id", "status")} == {"id": "x", "status": "waiting"}
    assert unpack(row["document"]) == {4: "hi"}


def test_a_struct_comes_back_whole() -> None:
    outer = Outer(
        id="x",
        status=RunStatus.STOPPED,
        inner=(Inner("a", {"n": Decimal("1.0")}), Inner("b")),
        pairs=[Pair(1, Decimal("2.50")), Pair(2)],
        extra={"when": dt.date(2026, 1, 1), "big": 2**66},
        number=0,
    )

    read = OUTER.value(OUTER.row(outer))

    assert read == outer
    assert repr(read) == repr(outer)


def test_what_holds_its_default_takes_no_room() -> None:
    bare = OUTER.row(Outer(id="x", status=RunStatus.WAITING))

    assert unpack(bare["document"]) == {}
