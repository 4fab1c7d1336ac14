"""Each bug that would lose something, or do it twice, turns a test red: the tests can fail."""

from __future__ import annotations

import pytest

from tests.crash.seeded import BUGS, find


@pytest.mark.parametrize("name", BUGS)
def test_a_seeded_bug_turns_its_test_red(name: str) -> None:
    red = find(BUGS[name])
    print(f"{name}: {BUGS[name].breaks}: {red.test}: {red.by}")
