"""E3: arms of the wrong size hide the lift, and looking twenty times finds no more than looking once."""

from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest

from engine.experiments.proportions import Proportion, difference_error, two_proportion_p
from engine.experiments.ratio import sample_ratio
from engine.experiments.sequence import sequence
from engine.model.values import DAY
from tests.exposed import START, Group, shop

TENTH = {"treated": 0.9, "held_out": 0.1}
RUNS, LOOKS, EACH = 1000, 20, 500


def test_e3_arms_of_the_wrong_size_are_seen() -> None:
    found = sample_ratio({"treated": 9120, "held_out": 880}, TENTH)
    assert f"{found.p:.1e}" == "6.3e-05"
    assert found.status == "mismatch"


def test_e3_arms_of_about_the_right_size_are_fine() -> None:
    assert sample_ratio({"treated": 905, "held_out": 95}, TENTH).status == "fine"


@pytest.fixture(scope="module")
def looks() -> list[list[tuple[Proportion, Proportion]]]:
    """A thousand experiments without any effect, each looked at twenty times; the goal is reached by 10%."""
    chance = np.random.default_rng(20261128)
    hits = chance.binomial(EACH, 0.1, size=(RUNS, 2, LOOKS)).cumsum(axis=2)
    return [
        [
            (
                Proportion(int(run[0][look]), EACH * (look + 1)),
                Proportion(int(run[1][look]), EACH * (look + 1)),
            )
            for look in range(LOOKS)
        ]
        for run in hits
    ]


def test_e3_looking_twenty_times_with_a_sequence_declares_few_winners(
    looks: list[list[tuple[Proportion, Proportion]]],
) -> None:
    def won(one: Proportion, other: Proportion) -> bool:
        found = sequence(one.rate - other.rate, difference_error(one, other), one.of + other.of)
        return not found.holds(0)

    winners = sum(any(won(*look) for look in run) for run in looks) / RUNS
    assert winners <= 0.06


def test_e3_looking_twenty_times_with_a_plain_test_declares_many(
    looks: list[list[tuple[Proportion, Proportion]]],
) -> None:
    winners = sum(any(two_proportion_p(*look) < 0.05 for look in run) for run in looks) / RUNS
    once = sum(two_proportion_p(*run[-1]) < 0.05 for run in looks) / RUNS
    # 24% in the long run, 1.4 points either side for a thousand runs
    assert 0.20 <= winners <= 0.28
    assert once <= 0.07


def test_e3_the_report_hides_the_lift_of_arms_of_the_wrong_size(tmp_path: Path) -> None:
    # given the arms of a holdout of 10% that are not as they were drawn, with a lift that looks grand
    with shop(tmp_path, now=START + 60 * DAY) as opened:
        opened.come(Group("treated", 9120, 2000, Decimal(50)), Group("held_out", 880, 20))
        found = opened.comparison()

    # then nothing is said of the lift
    assert found["verdict"] == "sample_ratio_mismatch"
    assert f"{found['sample_ratio']['p']:.1e}" == "6.3e-05"
    assert [found[name] for name in ("difference", "p", "p_holm", "revenue")] == [None] * 4


def test_e3_the_report_shows_the_lift_of_arms_of_about_the_right_size(tmp_path: Path) -> None:
    with shop(tmp_path, now=START + 60 * DAY) as opened:
        opened.come(Group("treated", 905, 90), Group("held_out", 95, 4))
        found = opened.comparison()
    assert found["sample_ratio"]["status"] == "fine"
    assert found["difference"] is not None
