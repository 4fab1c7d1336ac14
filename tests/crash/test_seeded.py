"""Each bug that would lose something, or do it twice, turns a test red: the tests can fail."""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path

import pytest

from tests.crash.seeded import BUGS, copied, find


@pytest.fixture(scope="module")
def tree() -> Generator[Path]:
    with copied() as tree:
        yield tree


@pytest.mark.parametrize("name", BUGS)
def test_a_seeded_bug_turns_its_test_red(name: str, tree: Path) -> None:
    red = find(BUGS[name], tree)
    print(f"{name}: {BUGS[name].breaks}: {red.test}: {red.by}")
