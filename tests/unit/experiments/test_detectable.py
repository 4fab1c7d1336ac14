"""What can be found: the table that a plan is held against, and where there is no answer."""

import pytest

from engine.experiments.detectable import detectable, expected_mean_effect, planned

# Points of the share who reach the goal, of a tenth who do, by customers and share held out.
TABLE = {
    500: {0.05: 17.2, 0.10: 12.5, 0.20: 9.4, 0.50: 7.5},
    2000: {0.05: 8.6, 0.10: 6.3, 0.20: 4.7, 0.50: 3.8},
    10_000: {0.05: 3.9, 0.10: 2.8, 0.20: 2.1, 0.50: 1.7},
    50_000: {0.05: 1.7, 0.10: 1.3, 0.20: 0.9, 0.50: 0.8},
}


@pytest.mark.parametrize("customers", TABLE)
def test_the_table_of_a_tenth(customers: int) -> None:
    found = {share: planned(customers, share, 0.1).effect for share in TABLE[customers]}
    assert {share: round(100 * (effect or 0), 1) for share, effect in found.items()} == TABLE[customers]


def test_a_plan_says_how_many_are_in_each_arm() -> None:
    found = planned(2001, 0.1, 0.1)
    assert (found.treated, found.control) == (1801, 200)


@pytest.mark.parametrize(
    ("treated", "control", "base"), [(0, 10, 0.1), (10, 0, 0.1), (10, 10, 0), (10, 10, 1)]
)
def test_an_empty_arm_or_a_sure_goal_shows_nothing(treated: int, control: int, base: float) -> None:
    assert detectable(treated, control, base).effect is None


def test_an_effect_that_cannot_be_is_none() -> None:
    assert detectable(9, 1, 0.5).effect is None


def test_greater_power_asks_for_a_greater_effect() -> None:
    usual, sure = detectable(900, 100, 0.1).effect, detectable(900, 100, 0.1, power=0.95).effect
    assert usual is not None and sure is not None and sure > usual


def test_means_follow_the_same_rule() -> None:
    # the variance of a share at 10% is 0.09
    assert expected_mean_effect(1800, 200, 0.09) == pytest.approx(planned(2000, 0.1, 0.1).effect)
    assert expected_mean_effect(0, 200, 0.09) is None
    assert expected_mean_effect(10, 200, 0) is None
