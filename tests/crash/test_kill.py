"""A server that is killed in the middle of its work: nothing is lost, nothing happens twice."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from tests.crash.deaths import everywhere
from tests.crash.shop import EVENTS, lay_out, requests
from tests.crash.story import Outcome, Telling, integrity, letters_in, outcome_of

TELLING = requests(20260105)


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Outcome:
    """What becomes of the events on a server that is never killed."""
    folder = lay_out(tmp_path_factory.mktemp("undisturbed"))
    Telling(folder, TELLING).tell()
    return outcome_of(folder)


def test_the_story_has_something_of_everything(undisturbed: Outcome) -> None:
    assert set(undisturbed.rules) == {"best", "big-order", "busy", "cart-left", "rounds", "spender-entered"}
    assert {run[0:4:2] for run in undisturbed.runs.values()} >= {
        ("thank-you", "completed"),
        ("cart-recovery", "completed"),
        ("cart-recovery", "stopped"),
    }
    assert undisturbed.postings and undisturbed.memberships
    assert set(undisturbed.letters.values()) == {"executed"}


@pytest.mark.parametrize("seed", range(3))
def test_killed_again_and_again_it_ends_as_if_it_never_was(
    tmp_path: Path, undisturbed: Outcome, seed: int
) -> None:
    # given two thousand events posted to a server that is killed wherever chance has it
    folder = lay_out(tmp_path)
    Telling(folder, TELLING).tell(everywhere(random.Random(seed)))

    # when it was started again each time, everything was posted again, and time has gone by
    found = outcome_of(folder)

    # then every event is there once, and was decided once, as if nothing had happened
    assert found.events == undisturbed.events
    assert found.events.total() == len(found.events) == EVENTS
    assert found.decisions == undisturbed.decisions
    assert found.counts == undisturbed.counts
    # and every run was made once and has gone its way, step by step, with each effect of it once
    assert found.runs == undisturbed.runs
    assert found.postings == undisturbed.postings
    assert set(found.postings.values()) == {1}
    assert found.memberships == undisturbed.memberships
    assert found.caused == undisturbed.caused
    # and every letter was written
    assert found.letters == undisturbed.letters
    assert len(letters_in(folder)) == len(set(letters_in(folder))) == len(found.letters)
    # and the books balance, the file is sound, and nothing went wrong on the way
    assert found.doctor["balanced"]
    assert (found.doctor["accepted"], found.doctor["decided"], found.doctor["pending"]) == (EVENTS, EVENTS, 0)
    assert integrity(folder) == "ok"
    # (that a ladder has ended without anybody is loud on purpose)
    lines = (folder / "server.log").read_text().splitlines()
    assert [line for line in lines if "error" in line and '"case_exhausted"' not in line] == []
