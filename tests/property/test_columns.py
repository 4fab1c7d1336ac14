"""Columns judge as conditions do: a hundred thousand pairs without a difference."""

from engine.expressions import Outcome
from tests.property.column_pairs import compare

SEED = 20260302


def test_a_hundred_thousand_pairs_come_out_alike_in_columns_and_by_condition() -> None:
    result = compare(conditions=400, customers=250, seed=SEED)

    assert result.differences == []
    assert result.pairs == 100_000
    # Each outcome is common enough for the comparison to say something of it, and so is what columns settle.
    assert all(result.outcomes[outcome] > 5_000 for outcome in Outcome), result.outcomes
    assert result.one_by_one < result.pairs / 2
