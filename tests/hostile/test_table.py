"""Bad inputs, each with the answer that is wanted; none takes long, or much.

`python -m tests.hostile.table` prints them all with what they got, and what it cost.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Generator
from pathlib import Path

import pytest

from tests.hostile import webhooks
from tests.hostile.case import Case, Ground, ground
from tests.hostile.table import CASES


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Generator[Ground]:
    with ground(tmp_path_factory.mktemp("shop"), webhooks.files()) as opened:
        yield opened


@pytest.fixture
def shop(tmp_path: Path, shared: Ground, case: Case) -> Generator[Ground]:
    """The shop that a case is put to: one of its own where it is alone in it."""
    if not case.alone:
        yield shared
        return
    with ground(tmp_path) as opened:
        yield opened


@pytest.mark.parametrize("case", CASES, ids=[f"{case.area}: {case.what}" for case in CASES])
def test_a_bad_input_gets_the_answer_that_is_wanted(shop: Ground, case: Case) -> None:
    assert case.got(shop) == case.wanted


def test_there_are_enough_of_them_and_none_twice() -> None:
    assert len(CASES) >= 250
    assert max(Counter((case.area, case.what) for case in CASES).values()) == 1
    assert not [case for case in CASES if case.wanted.startswith("500")]
