"""Masks: what is the same for all customers costs no expression."""

import itertools

import polars as pl
import pytest

from engine.expressions.columns.masks import Mask, both, either, opposite

FRAME = pl.DataFrame({"a": [True, True, False, False], "b": [True, False, True, False]})
MASKS = [True, False, pl.col("a"), pl.col("b")]


def rows(mask: Mask) -> list[bool]:
    return [mask] * 4 if isinstance(mask, bool) else FRAME.select(mask).to_series().to_list()


@pytest.mark.parametrize(("left", "right"), list(itertools.product(MASKS, MASKS)))
def test_two_masks_are_joined_row_by_row(left: Mask, right: Mask) -> None:
    pairs = list(zip(rows(left), rows(right), strict=True))

    assert rows(both(left, right)) == [one and other for one, other in pairs]
    assert rows(either(left, right)) == [one or other for one, other in pairs]


@pytest.mark.parametrize("mask", MASKS)
def test_an_opposite_holds_where_the_mask_does_not(mask: Mask) -> None:
    assert rows(opposite(mask)) == [not each for each in rows(mask)]


def test_what_holds_for_all_or_none_stays_a_bool() -> None:
    assert both(False, pl.col("a")) is False
    assert either(pl.col("a"), True) is True
    assert opposite(True) is False
