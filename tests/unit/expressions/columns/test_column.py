"""Columns: what fits into one exactly, and what is odd."""

from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import polars as pl
import pytest

from engine.expressions import Kind
from engine.expressions.columns import column_of

BERLIN = ZoneInfo("Europe/Berlin")


class Text(str):
    """A text that is not exactly a str."""


@pytest.mark.parametrize(
    ("kind", "value", "held"),
    [
        (Kind.TEXT, "pro", "pro"),
        (Kind.NUMBER, 3, 3.0),
        (Kind.NUMBER, Decimal("0.10"), 0.1),
        (Kind.NUMBER, Decimal("123456789012345"), 123456789012345.0),
        (Kind.NUMBER, Decimal("1.000000000000000000"), 1.0),
        (Kind.NUMBER, 0.1 + 0.2, 0.1 + 0.2),
        (Kind.BOOLEAN, True, True),
        (Kind.TIME, datetime(1970, 1, 1, 0, 0, 1, tzinfo=UTC), 1_000_000),
        (Kind.TIME, datetime(1970, 1, 1, 5, tzinfo=timezone(timedelta(hours=5))), 0),
        (Kind.DATE, datetime(1970, 1, 2, tzinfo=BERLIN), 23 * 3600 * 1_000_000),
        (Kind.DURATION, timedelta(days=-1), -86_400_000_000),
        (Kind.LIST, ("a", "b"), ["a", "b"]),
        (Kind.LIST, [], []),
    ],
)
def test_what_fits_is_held_exactly(kind: Kind, value: Any, held: Any) -> None:
    column = column_of(kind, [value, None])

    assert column.values.to_list() == [held, None]
    assert column.odd is None


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        (Kind.TEXT, 1),
        (Kind.TEXT, Text("pro")),
        (Kind.TEXT, "\ud800"),
        (Kind.NUMBER, True),
        (Kind.NUMBER, "1"),
        (Kind.NUMBER, 10**15),
        (Kind.NUMBER, Decimal("0.1234567890123456")),
        (Kind.NUMBER, Decimal("1E+300")),
        (Kind.NUMBER, Decimal("NaN")),
        (Kind.NUMBER, float("inf")),
        (Kind.NUMBER, 5e-324),
        (Kind.BOOLEAN, 1),
        (Kind.TIME, datetime(2026, 3, 1)),
        (Kind.TIME, datetime(2025, 10, 26, 2, 30, tzinfo=BERLIN)),
        (Kind.TIME, datetime(2026, 3, 29, 2, 30, tzinfo=BERLIN)),
        (Kind.DURATION, timedelta.max),
        (Kind.LIST, ["a", None]),
        (Kind.LIST, {"a"}),
    ],
)
def test_what_does_not_fit_is_odd_and_no_value(kind: Kind, value: Any) -> None:
    column = column_of(kind, [None, value])

    assert column.values.to_list() == [None, None]
    assert column.odd is not None
    assert column.odd.to_list() == [False, True]


def test_texts_of_few_values_become_categories_and_those_of_many_stay() -> None:
    few = column_of(Kind.TEXT, ["pro", "free", None] * 200)
    many = column_of(Kind.TEXT, [f"c{number}" for number in range(600)])

    assert few.values.dtype == pl.Enum(["free", "pro"])
    assert few.values.to_list() == ["pro", "free", None] * 200
    assert many.values.dtype == pl.String
