"""The index judges as conditions and as rule-engine do: a hundred thousand pairs without a difference."""

from engine.expressions import Outcome
from tests.property.index_pairs import compare

SEED = 20260301


def test_a_hundred_thousand_pairs_come_out_alike_by_index_by_condition_and_by_rule_engine() -> None:
    result = compare(conditions=2_500, states=40, seed=SEED)

    assert result.differences == []
    assert result.pairs == 100_000
    # Each outcome is common enough for the comparison to say something of it, and so is what was settled.
    assert all(result.outcomes[outcome] > 5_000 for outcome in Outcome), result.outcomes
    assert result.settled > 50_000
