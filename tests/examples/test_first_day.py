"""The first day, followed from its top: each line is typed as it stands, and says what is shown."""

import gzip
import os
import re
import signal
import subprocess
import sys
import venv
from collections.abc import Callable, Iterator
from pathlib import Path
from shutil import copyfileobj, copytree

import pytest

from tests.examples.followed import Step, Typing, follow, steps
from tests.examples.printed import REPOSITORY, Shell

PAGE = (REPOSITORY / "docs/first-day.md").read_text(encoding="utf-8")
SERVER = "sh script/server"
DOWNLOADS = {"data.csv": "onlineretail.csv.gz"} | {
    f"ravenstack_{name}.csv": f"ravenstack_{name}.csv.gz"
    for name in ("accounts", "churn_events", "feature_usage", "subscriptions", "support_tickets")
}
"""What the page has its reader download, and the file of the public data that it is."""

NEED_DATA = ("cp ", "holdfast import ", "holdfast backtest ", "holdfast why ")


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """What script/server needs of a clone, installed already: filling its environment needs a network.

    Its `holdfast` is the one under test, and the stamp is that which script/server leaves.
    """
    folder = tmp_path / "holdfast"
    for name in ("script", "rules", "workflows"):
        copytree(REPOSITORY / name, folder / name)
    for name in ("holdfast.yaml", "pyproject.toml", "requirements.lock"):
        (folder / name).write_bytes((REPOSITORY / name).read_bytes())
    venv.create(folder / ".venv", with_pip=False, symlinks=True)
    command = folder / ".venv/bin/holdfast"
    command.write_text(f'#!/bin/sh\nexec {sys.executable} -m api.cli.main "$@"\n')
    command.chmod(0o755)
    stamp = ". script/environment && fingerprint requirements.lock > .venv/requirements.lock.stamp"
    subprocess.run(["sh", "-c", stamp], cwd=folder, check=True)
    return folder


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """The reader's: a home of their own, and nothing that says where a database is."""
    home = tmp_path / "home"
    (home / "Downloads").mkdir(parents=True)
    kept = {name: value for name, value in os.environ.items() if not name.startswith("HOLDFAST_")}
    return {**kept, "HOME": str(home), "PYTHONPATH": str(REPOSITORY), "PYTHONUNBUFFERED": "1"}


def serve(clone: Path, environment: dict[str, str]) -> str:
    """Start the server, end it as Ctrl-C does; give what it said until it was ready, as on its usual port."""
    command = [*SERVER.split(), "--port", "0"]
    with subprocess.Popen(
        command, cwd=clone, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as server:
        assert server.stdout is not None
        said = ""
        while not (ready := re.search(r"on http://127\.0\.0\.1:(\d+)\n", said)):
            line = server.stdout.readline()
            assert line, f"the server ended and said: {said}"
            said += line
        server.send_signal(signal.SIGINT)
        server.communicate(timeout=60)
    return said.replace(ready[1], "8080")


def follow_page(todo: Iterator[Step], clone: Path, environment: dict[str, str]) -> None:
    with Shell(environment, clone) as shell:
        follow(todo, shell, {SERVER: lambda: serve(clone, environment)})


def without_data() -> Iterator[Step]:
    """Give the steps that need no data: of a block that is typed in part, what it says is not held."""
    for step in steps(PAGE):
        if isinstance(step, Typing):
            kept = [line for line in step.lines if not line.startswith(NEED_DATA)]
            yield Typing(kept, step.shown if kept == step.lines else None)
        else:
            yield step


def test_the_day_is_as_printed(
    clone: Path, environment: dict[str, str], public_data: Callable[[str], Path]
) -> None:
    for name, file in DOWNLOADS.items():
        with (
            gzip.open(public_data(file)) as packed,
            open(f"{environment['HOME']}/Downloads/{name}", "wb") as download,
        ):
            copyfileobj(packed, download)
    follow_page(steps(PAGE), clone, environment)


def test_its_words_are_counted_right() -> None:
    words = round(len(PAGE.split()), -2)
    told = f"about {words:,} words with all blocks, which at 150 words a minute are {words // 150} minutes"
    assert told in PAGE.replace("\n", " ")


def test_what_needs_no_data_is_as_printed(clone: Path, environment: dict[str, str]) -> None:
    follow_page(without_data(), clone, environment)
