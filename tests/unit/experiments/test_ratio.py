"""Sample ratios: a mismatch is said only of enough customers."""

import pytest

from engine.experiments.ratio import sample_ratio

TENTH = {"treated": 9000.0, "held_out": 1000.0}


def test_arms_as_they_were_drawn_are_fine() -> None:
    found = sample_ratio({"treated": 9000, "held_out": 1000}, TENTH)
    assert (found.status, found.chi_square, found.p) == ("fine", 0.0, 1.0)
    assert found.expected == {"treated": 9000.0, "held_out": 1000.0}


def test_arms_far_from_it_are_a_mismatch() -> None:
    assert sample_ratio({"treated": 9120, "held_out": 880}, TENTH).status == "mismatch"


def test_three_arms_have_two_degrees_of_freedom() -> None:
    found = sample_ratio({"a": 400, "b": 300, "c": 300}, {"a": 1, "b": 1, "c": 1})
    assert found.chi_square == pytest.approx(20.0)
    assert found.p == pytest.approx(4.539992976248486e-05)


@pytest.mark.parametrize(
    "counts", [{"treated": 40, "held_out": 0}, {"treated": 0, "held_out": 0}, {}, {"treated": 1}]
)
def test_few_customers_prove_nothing(counts: dict[str, int]) -> None:
    found = sample_ratio(counts, TENTH)
    assert (found.status, found.p) == ("too_few", None)


def test_a_missing_arm_is_seen_as_soon_as_it_should_be_there() -> None:
    assert sample_ratio({"treated": 400}, TENTH).status == "mismatch"


def test_customers_in_an_arm_that_nobody_is_drawn_into_are_a_mismatch() -> None:
    assert sample_ratio({"treated": 3, "held_out": 1}, {"treated": 1.0, "held_out": 0.0}).status == "mismatch"


def test_with_one_arm_there_is_no_ratio() -> None:
    assert sample_ratio({"treated": 300}, {"treated": 1.0, "held_out": 0.0}).status == "too_few"
