"""Columns judge as conditions do: a hundred thousand pairs without a difference, and what rests on them."""

import random

import pytest

from engine.authoring.receiving import Reception
from engine.decisions.decision import encode
from engine.expressions import Kind, Outcome
from engine.timeline.ruleset import Ruleset
from tests.in_columns import kinds_of, on_columns
from tests.property.column_pairs import compare
from tests.unit.timeline.test_batch import FACTS, HEALTH, STATIC, happenings, rules
from tests.virtual_engine import VirtualEngine

SEED = 20260302


def test_a_hundred_thousand_pairs_come_out_alike_in_columns_and_by_condition() -> None:
    result = compare(conditions=400, customers=250, seed=SEED)

    assert result.differences == []
    assert result.pairs == 100_000
    # Each outcome is common enough for the comparison to say something of it, and so is what columns settle.
    assert all(result.outcomes[outcome] > 5_000 for outcome in Outcome), result.outcomes
    assert result.one_by_one < result.pairs / 2


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_rules_that_change_what_others_read_decide_alike_on_columns(seed: int) -> None:
    # given generated rules, of which those that fire change what the next ones read
    files = (FACTS, HEALTH, *STATIC, *rules(random.Random(seed), 70))
    ruleset, occasions = on_columns(VirtualEngine(*files, indexed_from=1).ruleset)

    def played(by: Ruleset) -> list[bytes]:
        engine = VirtualEngine(*files)
        engine.simulation = type(engine.simulation)(by)
        engine.reception = Reception(engine.simulation)
        happenings(engine, random.Random(seed), 80)
        engine.until("2026-03-10 00:00")
        counts = sorted(map(repr, engine.simulation.changes.counts.items()))
        return [*map(encode, engine.simulation.changes.decisions), *map(str.encode, counts)]

    # when generated events are played on rows, then by what columns say of the same occasions
    rows = played(ruleset)
    kinds = kinds_of(ruleset) | {"event.total": Kind.NUMBER}
    singly = sum(each.judge(kinds) for each in occasions)

    # then each condition comes out alike at each occasion, and so does all that follows, to the byte
    assert [each.by_row for each in occasions] == [each.answers for each in occasions]
    assert played(ruleset) == rows
    asked = sum(len(each.rows) * len(each.conditions) for each in occasions)
    assert len(rows) > 100 and asked > 3_000 and singly < asked / 2
