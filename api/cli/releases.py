"""List what was live and what is proposed, the newest first."""

from __future__ import annotations

import argparse
from typing import Any

from api.cli.places import add_json
from api.cli.running import add_engine, asked_engine
from api.cli.terminal import Terminal


def arrange(parser: argparse.ArgumentParser) -> None:
    """Say which arguments there are."""
    parser.add_argument("--limit", metavar="N", type=int, default=20, help="so many (default: 20)")
    add_engine(parser)
    add_json(parser)


def run(arguments: argparse.Namespace, terminal: Terminal) -> int:
    """Ask the engine for its releases."""
    with asked_engine(arguments) as engine:
        found: dict[str, Any] = engine.ask("GET", f"/v1/releases?limit={arguments.limit}")
    if terminal.json:
        terminal.answer({"items": found["items"]})
        return 0
    terminal.table(
        ("release#", "status", "cause", "author", "approver", "live at", "note"),
        [
            (
                each["number"],
                each["status"],
                each["cause"],
                each["author"],
                each["approver"],
                (each["live_at"] or "")[:16].replace("T", " "),
                each["note"],
            )
            for each in found["items"]
        ],
    )
    return 0
