"""Approve a proposal on its very content, and wait until it is live: exit 0 done, 1 an error."""

from __future__ import annotations

import argparse
import time
from typing import Any

from api.cli.places import add_json
from api.cli.running import RunningEngine, add_engine, asked_engine
from api.cli.terminal import GOOD, Terminal
from engine.errors import RequestError

LOOK_EVERY = 0.2
"""Seconds between two looks at a release that goes live."""


def arrange(parser: argparse.ArgumentParser) -> None:
    """Say which arguments there are."""
    parser.add_argument("number", metavar="N", type=int, help="the proposal's number")
    parser.add_argument(
        "--hash", metavar="HASH", help="the content that was looked at (default: what it has)"
    )
    parser.add_argument("--note", metavar="TEXT", help="what to say of it")
    add_engine(parser)
    add_json(parser)


def run(arguments: argparse.Namespace, terminal: Terminal) -> int:
    """Approve, as the human whose key this is."""
    with asked_engine(arguments) as engine:
        number = arguments.number
        hash = arguments.hash or engine.ask("GET", f"/v1/releases/{number}")["hash"]
        found = approved(engine, number, hash, arguments.note, terminal)
    if terminal.json:
        terminal.answer(found)
    return 0


def approved(
    engine: RunningEngine, number: int, hash: str, note: str | None, terminal: Terminal
) -> dict[str, Any]:
    """Approve a content, and give the release once it is live."""
    engine.ask("POST", f"/v1/releases/{number}/approve", {"hash": hash, "note": note})
    return until_live(engine, number, terminal)


def until_live(engine: RunningEngine, number: int, terminal: Terminal) -> dict[str, Any]:
    """Wait until a release is live, and tell how far it is; an interrupt takes nothing back."""
    with terminal.progress() as tell:
        while True:
            found: dict[str, Any] = engine.ask("GET", f"/v1/releases/{number}")
            if found["status"] != "going_live":
                break
            if found["progress"] is not None:
                tell("rebuilding facts", found["progress"]["done"], found["progress"]["of"])
            time.sleep(LOOK_EVERY)
    if found["status"] not in ("live", "past"):
        raise RequestError(f"release {number} is {found['status']}; give an open one")
    if not terminal.json:
        terminal.say(f"Release {number} is live.", GOOD)
    # The plan is long, and was told before.
    return {name: value for name, value in found.items() if name not in ("plan", "changes", "progress")}
