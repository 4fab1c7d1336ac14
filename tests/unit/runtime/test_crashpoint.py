"""The closed list of crash points, and what becomes of a process that comes by one."""

from __future__ import annotations

import ast
import os
import signal
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from engine.runtime.crashpoint import POINTS, SETTING, Crashpoint, read

ENGINE = Path(__file__).parents[3] / "engine"
PASSING = (
    "from engine.runtime.crashpoint import crashpoint as c; c('accepted'); c('accepted'); print('alive')"
)


def called() -> Counter[str]:
    """Count by name where the product comes by crash points."""
    found: Counter[str] = Counter()
    for path in ENGINE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_bytes())):
            if (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Name)
                and node.func.id == "crashpoint"
            ):
                (name,) = node.args
                assert isinstance(name, ast.Constant), f"{path}:{node.lineno} does not name its crash point"
                found[str(name.value)] += 1
    return found


def passing(asked: str | None) -> tuple[int, str]:
    """Let a process come by `accepted` twice; give how it ended, and what it said."""
    environment = {name: value for name, value in os.environ.items() if name != SETTING}
    environment |= {SETTING: asked} if asked is not None else {}
    done = subprocess.run(
        [sys.executable, "-c", PASSING], cwd=ENGINE.parent, env=environment, capture_output=True, text=True
    )
    return done.returncode, done.stdout + done.stderr


def test_every_crash_point_is_at_one_place_and_no_other_is_called() -> None:
    assert called() == dict.fromkeys(POINTS, 1)


@pytest.mark.parametrize("asked", [None, "", "before_flush", "accepted:3"])
def test_a_process_that_is_not_to_end_there_comes_by(asked: str | None) -> None:
    assert passing(asked) == (0, "alive\n")


@pytest.mark.parametrize("asked", ["accepted", "accepted:2", "accepted:1:kill"])
def test_one_that_is_to_end_there_is_killed(asked: str) -> None:
    assert passing(asked) == (-signal.SIGKILL, "")


def test_one_that_is_to_raise_says_where() -> None:
    code, said = passing("accepted:2:raise")
    assert code == 1
    assert "Crashed: accepted:2:raise" in said


@pytest.mark.parametrize("asked", ["acepted", "accepted:x", "accepted:1:die"])
def test_what_is_no_crash_point_is_refused_at_the_start(asked: str) -> None:
    code, said = passing(asked)
    assert code == 1
    assert f"ValueError: {SETTING}={asked}" in said


def test_what_is_read_is_what_was_written() -> None:
    assert read(str(Crashpoint("after_claim", 3, "stop"))) == Crashpoint("after_claim", 3, "stop")
