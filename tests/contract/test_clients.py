"""Vendors' libraries, unchanged, over a bad road: each call once, and none lost."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.contract.conftest import FOLDER
from tests.contract.faulty import FAULTS, FaultyProxy, plan
from tests.contract.live import Live, serving
from tests.contract.sending import KINDS, message_id
from tests.examples.printed import REPOSITORY, blocks

CALLS = 400
NAMES = {
    "identify": "identify", "track": "order_completed", "page": "page_viewed", "group": "group",
    "alias": "alias",
}  # fmt: skip
SENDING = Path(__file__).with_name("sending.py")


def send(command: Sequence[str | Path], live: Live, seed: int) -> FaultyProxy:
    """Let a program send calls to a server over a bad road; it has to say that all were sent."""
    with FaultyProxy(live.address, plan(seed)) as proxy:
        arguments = [*command, proxy.address, live.key, str(CALLS)]
        done = subprocess.run(arguments, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    return proxy


def expect_each_once(live: Live, proxy: FaultyProxy) -> None:
    """Hold what is stored against what was sent."""
    # each fault has happened, and the batch whose answer was lost came again
    assert set(FAULTS) <= set(proxy.done)
    stored, told = live.events(), live.engine.doctor()
    assert (told["accepted"], told["conflicts"], told["quarantined"]) == (CALLS, 0, 0)
    assert told["duplicates"] > 0
    assert told["balanced"]
    # each call is there under its id, as what it means
    assert {id: event.name for id, event in stored.items()} == {
        message_id(number): NAMES[KINDS[number % len(KINDS)]] for number in range(CALLS)
    }
    # and what was told of who is who is known
    aliases = {alias.id for alias in live.engine.customer("c4").aliases}
    assert aliases == {f"anonymous-{number}" for number in range(4, CALLS, 50)}


@pytest.mark.parametrize("seed", [1, 2])
@pytest.mark.parametrize("library", ["segment", "rudder", "posthog"])
def test_a_library_for_python_loses_nothing(tmp_path: Path, library: str, seed: int) -> None:
    with serving(tmp_path) as live:
        proxy = send([sys.executable, SENDING, library], live, seed)
        expect_each_once(live, proxy)


@pytest.mark.parametrize("seed", [1, 2])
@pytest.mark.parametrize("library", ["segment", "rudder"])
def test_a_library_for_node_loses_nothing(
    tmp_path: Path, node_with_libraries: str, library: str, seed: int
) -> None:
    with serving(tmp_path) as live:
        proxy = send([node_with_libraries, FOLDER / "sending.mjs", library], live, seed)
        expect_each_once(live, proxy)


def snippets(language: str) -> list[object]:
    """Give the programs in a language that the page about clients shows."""
    page = (REPOSITORY / "docs/clients.md").read_text(encoding="utf-8")
    shown = [block for block in blocks(page) if (block.language, block.marker) == (language, "client")]
    return [pytest.param(block.text, id=block.text.splitlines()[0]) for block in shown]


def run(command: Sequence[str], live: Live) -> None:
    """Run a program that sends what the page shows, and look for it."""
    done = subprocess.run(command, cwd=FOLDER, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    found = {event.name: event for event in live.events().values()}
    assert set(found) == {"identify", "order_completed"}
    assert found["order_completed"].customer == "ann"
    assert found["order_completed"].properties == {"order_id": "o-1", "total": 42}
    assert found["identify"].properties == {"plan": "team"}


@pytest.mark.parametrize("program", snippets("python"))
def test_what_the_page_shows_for_python_works(tmp_path: Path, program: str) -> None:
    with serving(tmp_path) as live:
        names = f"HOLDFAST, KEY = {live.address!r}, {live.key!r}\n"
        run([sys.executable, "-c", names + program], live)


@pytest.mark.parametrize("program", snippets("js"))
def test_what_the_page_shows_for_node_works(tmp_path: Path, node_with_libraries: str, program: str) -> None:
    with serving(tmp_path) as live:
        names = f'const HOLDFAST = "{live.address}", KEY = "{live.key}";\n'
        run([node_with_libraries, "--input-type=module", "-e", names + program], live)
