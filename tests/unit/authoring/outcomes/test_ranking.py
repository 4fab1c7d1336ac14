"""Ranking and chances, against counting pairs by hand and values worked out elsewhere."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.authoring.outcomes.ranking import Bin, auc, brier, compare, midranks, reliability


def pairs(values: list[float], came: list[bool]) -> float | None:
    """The area by its definition: over all pairs, who is ranked rightly, ties for half."""
    had = [value for value, did in zip(values, came, strict=True) if did]
    had_not = [value for value, did in zip(values, came, strict=True) if not did]
    if not had or not had_not:
        return None
    right = sum((one > other) + (one == other) / 2 for one in had for other in had_not)
    return right / (len(had) * len(had_not))


@given(st.lists(st.tuples(st.integers(0, 5), st.booleans()), max_size=40))
def test_the_area_is_the_share_of_pairs_that_are_ranked_rightly(rows: list[tuple[int, bool]]) -> None:
    values, came = [float(value) for value, _ in rows], [did for _, did in rows]
    expected = pairs(values, came)
    assert auc(values, came) == (None if expected is None else pytest.approx(expected))


def test_equal_values_share_their_ranks() -> None:
    assert midranks([3.0, 1.0, 3.0, 2.0, 3.0]) == [4.0, 1.0, 4.0, 2.0, 4.0]


def test_a_perfect_ranking_is_1_a_reversed_one_0_and_no_ranking_a_half() -> None:
    came = [False, False, True, True]
    assert auc([1, 2, 3, 4], came) == 1
    assert auc([4, 3, 2, 1], came) == 0
    assert auc([7, 7, 7, 7], came) == 0.5
    assert auc([1, 2], [True, True]) is None


def test_a_ranking_is_no_better_than_itself() -> None:
    found = compare([1, 2, 3, 4, 5], [1, 2, 3, 4, 5], [False, True, False, True, True])
    assert found is not None
    assert (found.by, found.low, found.high) == (0, 0, 0)


def test_the_difference_of_two_areas_has_delong_s_variance() -> None:
    # given six customers of whom three came, and two rankings
    came = [True, True, True, False, False, False]
    first, second = [0.9, 0.8, 0.4, 0.5, 0.2, 0.1], [0.6, 0.3, 0.7, 0.5, 0.4, 0.2]
    # then the areas are 8/9 and 7/9. Placements of those who came: 1, 1, 2/3 and 1, 1/3, 1; of the others:
    # 2/3, 1, 1 and 2/3, 2/3, 1. Their differences have the variances 13/27 / 2 ... worked out by hand
    found = compare(first, second, came)
    assert found is not None
    assert found.by == pytest.approx(8 / 9 - 7 / 9)
    differences_had, differences_not = [0, 2 / 3, -1 / 3], [0, 1 / 3, 0]
    variance = sum(
        sum((one - sum(all_) / 3) ** 2 for one in all_) / 2 / 3 for all_ in (differences_had, differences_not)
    )
    assert found.high - found.low == pytest.approx(2 * 1.959963984540054 * variance**0.5)


def test_the_distance_of_chances_from_what_came() -> None:
    assert brier([0.9, 0.1, 0.5], [True, False, True]) == pytest.approx((0.01 + 0.01 + 0.25) / 3)


def test_groups_of_like_chances_are_told_with_what_came_of_them() -> None:
    chances = [0.1, 0.1, 0.2, 0.2, 0.8, 0.8, 0.9, 0.9]
    came = [False, False, False, True, True, False, True, True]
    found = reliability(chances, came, bins=4)
    assert [(one.n, round(one.chance, 6), one.share) for one in found] == [
        (2, 0.1, 0.0), (2, 0.2, 0.5), (2, 0.8, 0.5), (2, 0.9, 1.0),
    ]  # fmt: skip


def test_equal_chances_are_never_parted() -> None:
    assert reliability([0.3] * 10, [True] * 4 + [False] * 6, bins=5) == [Bin(10, pytest.approx(0.3), 0.4)]


@given(st.lists(st.tuples(st.integers(0, 20), st.booleans()), min_size=1, max_size=60))
def test_every_customer_is_in_one_group(rows: list[tuple[int, bool]]) -> None:
    chances, came = [value / 20 for value, _ in rows], [did for _, did in rows]
    found = reliability(chances, came)
    assert sum(one.n for one in found) == len(rows)
    assert sum(one.n * one.share for one in found) == pytest.approx(sum(came))
