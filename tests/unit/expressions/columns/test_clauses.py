"""A clause over a column: each operator answers for each value, null and odd ones too, as for it alone."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import polars as pl
import pytest

from engine.expressions import Kind, Scope, compile_expression
from engine.expressions.clauses import Answer, Clause, line_of, settle
from engine.expressions.columns.clauses import Split, odd_name, split
from engine.expressions.columns.column import Column, column_of
from engine.expressions.columns.masks import Mask

KINDS = {
    "plan": Kind.TEXT,
    "spend": Kind.NUMBER,
    "vip": Kind.BOOLEAN,
    "seen": Kind.TIME,
    "quiet": Kind.DURATION,
    "tags": Kind.LIST,
    "any": Kind.ANY,
}
SCOPE = Scope(customer=KINDS, event=None)
VALUES: dict[str, list[Any]] = {
    "plan": ["pro", "", "free", None, 1],
    "spend": [0, 5, Decimal("2.5"), None, "5", True],
    "vip": [True, False, None, 1],
    "seen": [datetime(2026, 3, 1, tzinfo=UTC), datetime(2026, 4, 1, tzinfo=UTC), None, 1],
    "quiet": [timedelta(), timedelta(days=30), None, 1],
    "tags": [["vip"], [], ["a", "b"], None, [1]],
}


def rows(mask: Mask, frame: pl.DataFrame) -> list[bool]:
    return [mask] * frame.height if isinstance(mask, bool) else frame.select(mask).to_series().to_list()


def clause(text: str) -> Clause:
    form = line_of(compile_expression(text, SCOPE)).form
    assert isinstance(form, Clause), text
    return form


def judged(found: Split, name: str, column: Column) -> list[Answer]:
    frame = pl.DataFrame({f"customer.{name}": column.values, odd_name(f"customer.{name}"): column.odd})
    answers = []
    for holds, raises, open_ in zip(
        *(rows(mask, frame) for mask in (found.holds, found.raises, found.open)), strict=True
    ):
        assert holds + raises + open_ <= 1
        answers.append(
            Answer.HOLDS if holds else Answer.RAISES if raises else Answer.UNSURE if open_ else Answer.FAILS
        )
    return answers


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("plan", "customer.plan == 'pro'"),
        ("plan", "customer.plan != 'pro'"),
        ("plan", "customer.plan == null"),
        ("plan", "customer.plan < 'g'"),
        ("plan", "customer.plan in ['pro', null]"),
        ("plan", "customer.plan not in ['pro', 'x']"),
        ("plan", "customer.plan =~ 'p.o'"),
        ("plan", "customer.plan !~~ '\\\\w'"),
        ("plan", "'r' in customer.plan"),
        ("plan", "customer.plan"),
        ("plan", "(customer.plan ?? 'pro') == 'pro'"),
        ("spend", "customer.spend == 5"),
        ("spend", "customer.spend >= 2.5"),
        ("spend", "not customer.spend >= 2.5"),
        ("spend", "customer.spend in [0, 2.5]"),
        ("spend", "customer.spend not in [5]"),
        ("spend", "(customer.spend ?? 7) > 6"),
        ("spend", "customer.spend != null"),
        ("spend", "not customer.spend"),
        ("vip", "customer.vip"),
        ("vip", "customer.vip == false"),
        ("vip", "customer.vip != true"),
        ("seen", "customer.seen < d\"2026-03-15\""),
        ("seen", "customer.seen == d\"2026-03-01\""),
        ("seen", "customer.seen"),
        ("quiet", "customer.quiet >= t\"P30D\""),
        ("quiet", "customer.quiet"),
        ("tags", "'vip' in customer.tags"),
        ("tags", "'vip' not in customer.tags"),
        ("tags", "1 in customer.tags"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("narrow", [True, False], ids=["categories", "texts"])
def test_a_clause_answers_for_a_column_what_it_answers_for_each_value(
    name: str, text: str, narrow: bool
) -> None:
    given = clause(text)
    column = column_of(KINDS[name], VALUES[name])
    if not narrow and column.values.dtype == pl.Enum:
        column = Column(column.kind, column.values.cast(pl.String), column.odd)
    if narrow and name == "tags":
        items = pl.List(pl.Enum(["a", "b", "vip"]))
        column = Column(column.kind, column.values.cast(items), column.odd)
    assert column.odd is not None

    found = judged(split(given, column), name, column)

    wanted = [
        Answer.UNSURE if odd else settle(given, value)
        for value, odd in zip(VALUES[name], column.odd, strict=True)
    ]
    assert found == wanted


def test_a_number_in_the_text_with_too_many_digits_leaves_known_values_open() -> None:
    given = clause("customer.spend > 0.1234567890123456")
    column = column_of(Kind.NUMBER, [1, None])

    found = split(given, column)

    frame = pl.DataFrame({"customer.spend": column.values})
    assert rows(found.open, frame) == [True, False]
    assert rows(found.raises, frame) == [False, True]
