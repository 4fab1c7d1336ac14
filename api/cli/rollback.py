"""Go back to what was live before: exit 2 done, 1 an error, 0 where there is nothing to do."""

from __future__ import annotations

import argparse
from typing import Any

from api.cli.approve import until_live
from api.cli.places import add_json
from api.cli.plan import CHANGES, NOTHING
from api.cli.running import add_engine, asked_engine
from api.cli.terminal import Terminal
from engine.errors import RequestError


def arrange(parser: argparse.ArgumentParser) -> None:
    """Say which arguments there are."""
    parser.add_argument(
        "--to", metavar="N", type=int, help="the release to go back to (default: that before)"
    )
    parser.add_argument("--reason", metavar="TEXT", help="why")
    add_engine(parser)
    add_json(parser)


def run(arguments: argparse.Namespace, terminal: Terminal) -> int:
    """Go back, and wait until that is live. One person is enough: it was approved when it went live."""
    with asked_engine(arguments) as engine:
        known = engine.ask("GET", "/v1/releases?limit=1000")["items"]
        live = next((each["number"] for each in known if each["status"] == "live"), None)
        if live is None:
            raise RequestError("nothing is live yet, or a release is on its way; look with holdfast releases")
        if arguments.to == live:
            terminal.note(f"release {live} is live already")
            return NOTHING
        wanted = {"to": arguments.to, "reason": arguments.reason}
        made: dict[str, Any] = engine.ask("POST", f"/v1/releases/{live}/rollback", wanted)
        found = until_live(engine, made["number"], terminal)
    if terminal.json:
        terminal.answer(found)
    return CHANGES
