"""Pages whose lines need neither a server nor data: typed in a workspace that was just laid out."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.examples.followed import follow, steps
from tests.examples.printed import REPOSITORY, Shell

WATCH = "holdfast check --watch"


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """A `holdfast` that can be typed, and nothing that says where a database is."""
    command = tmp_path / "bin/holdfast"
    command.parent.mkdir()
    command.write_text(f'#!/bin/sh\nexec {sys.executable} -m api.cli.main "$@"\n')
    command.chmod(0o755)
    kept = {name: value for name, value in os.environ.items() if not name.startswith("HOLDFAST_")}
    path = f"{command.parent}:{kept['PATH']}"
    return {**kept, "PATH": path, "PYTHONPATH": str(REPOSITORY), "PYTHONUNBUFFERED": "1"}


@pytest.fixture
def workspace(tmp_path: Path, environment: dict[str, str]) -> Path:
    """The starter policy."""
    subprocess.run(
        ["holdfast", "init", "shop"], cwd=tmp_path, env=environment, check=True, capture_output=True
    )
    return tmp_path / "shop"


@contextmanager
def heard(number: signal.Signals) -> Iterator[None]:
    """Let what is started hear a signal, also where these tests run in the background, which would not."""
    before = signal.signal(number, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(number, before)


def watch(workspace: Path, environment: dict[str, str]) -> str:
    """Watch while a key is mistyped and mended again, end it as Ctrl-C does, and give what was said."""
    file = workspace / "rules/usage-drop.yaml"
    sound = file.read_text(encoding="utf-8")
    with (
        heard(signal.SIGINT),
        subprocess.Popen(
            WATCH.split(), cwd=workspace, env=environment, stdout=subprocess.PIPE, text=True
        ) as watching,
    ):
        assert watching.stdout is not None
        said = watching.stdout.readline()
        for text in (sound.replace("\nthen:", "\nthn:"), sound):
            # At one stroke, as editors do: of a file that is being written half would be seen.
            half = workspace / "half-written"
            half.write_text(text, encoding="utf-8")
            half.replace(file)
            while not (line := watching.stdout.readline()).startswith("rules/usage-drop.yaml: "):
                assert line, f"it ended and said: {said}"
                said += line
            said += line
        watching.send_signal(signal.SIGINT)
        return said + watching.communicate(timeout=60)[0].rstrip("\n")


@pytest.mark.parametrize("page", ["docs/commands.md", "docs/editor.md"])
def test_the_page_is_as_printed(page: str, workspace: Path, environment: dict[str, str]) -> None:
    with Shell(environment, workspace) as shell:
        todo = steps((REPOSITORY / page).read_text(encoding="utf-8"))
        follow(todo, shell, {WATCH: lambda: watch(workspace, environment)})
