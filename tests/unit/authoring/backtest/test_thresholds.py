"""The values around a threshold, sorted into bins of which the threshold is an edge."""

import itertools
from collections import Counter
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.authoring.backtest.thresholds import MOST_BINS, Bin, Sampler, bins, label
from engine.decisions.decision import Decision, Line
from engine.model.reasons import DecisionOutcome

NUMBERS = st.decimals(min_value=-1000, max_value=1000, places=2)


def test_values_on_either_side_of_a_limit_are_told_apart() -> None:
    values = {Decimal("0.39"): 3, Decimal("0.4"): 2, Decimal("0.9"): 1}

    found = bins(values, [Decimal("0.4")])

    assert sum(each.count for each in found if each.high is not None and each.high <= Decimal("0.4")) == 3
    assert sum(each.count for each in found if each.low is not None and each.low >= Decimal("0.4")) == 3


def test_one_value_has_a_bin_on_its_side() -> None:
    assert bins({Decimal(5): 7}, [Decimal(5)]) == [Bin(None, Decimal(5), 0), Bin(Decimal(5), None, 7)]


def test_nothing_seen_gives_no_bins() -> None:
    assert bins({}, [Decimal(5)]) == []


@given(st.lists(NUMBERS, min_size=1, max_size=60), st.lists(NUMBERS, min_size=1, max_size=2))
def test_every_value_is_in_one_bin(values: list[Decimal], limits: list[Decimal]) -> None:
    found = bins(Counter(values), limits)

    assert sum(each.count for each in found) == len(values)
    assert len(found) <= MOST_BINS + 5
    for one, other in itertools.pairwise(found):
        assert one.high == other.low
    for each in found:
        inside = [
            v for v in values if (each.low is None or each.low <= v) and (each.high is None or v < each.high)
        ]
        assert each.count == len(inside)


@pytest.mark.parametrize(
    ("line", "limit", "value", "seen"),
    [
        ("customer.spend >= 100", "100", 83.4, "83.4"),
        ("customer.quiet_for > 90d", "90", "P3DT12H", "3.5"),
        ("event.score <= 2", "2", 1, "1"),
    ],
)
def test_what_a_line_saw_is_a_number_beside_its_limit(line: str, limit: str, value: Any, seen: str) -> None:
    # given a rule that saw a value, as traces hold it
    sampler = Sampler(("r",))
    name = line.split()[0]
    decision = Decision(
        id="d", rule="r", rule_hash="", customer="c", at=0, outcome=DecisionOutcome.NOT_MET, trigger="event",
        trigger_key="k", lines=(Line(line, "not_met", {name: value}),),
    )  # fmt: skip
    sampler("r", "c", lambda: decision)
    sampler("other", "c", lambda: decision)

    # then
    [threshold] = sampler.found()
    assert (threshold.limit, threshold.values) == (Decimal(limit), {Decimal(seen): 1})


def test_bins_have_names() -> None:
    assert [label(each) for each in (Bin(None, Decimal("0.40"), 1), Bin(Decimal("0.4"), Decimal(2), 1))] == [
        "under 0.4",
        "0.4 to 2",
    ]
    assert label(Bin(Decimal(10), None, 1)) == "10 and more"
