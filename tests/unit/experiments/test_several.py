"""Several tests: as statsmodels makes them good."""

import gc
import random

import pytest
from statsmodels.stats.multitest import multipletests

from engine.experiments.several import holm


def test_holm_as_worked_by_hand() -> None:
    # 4 x 0.005, 3 x 0.01, 2 x 0.03, then 0.04 raised to the one before
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])


def test_no_test_and_one_test() -> None:
    assert holm([]) == []
    assert holm([0.03]) == [0.03]


@pytest.fixture
def spared() -> None:
    """statsmodels looks for garbage at each call, which takes a second in a process that holds much."""
    gc.freeze()


@pytest.mark.usefixtures("spared")
def test_holm_is_that_of_statsmodels() -> None:
    chance = random.Random(7)
    for _ in range(300):
        tests = [chance.random() ** 3 for _ in range(chance.randint(1, 12))]
        assert holm(tests) == pytest.approx(multipletests(tests, method="holm")[1], rel=1e-12)
