"""Propose a workspace's files, for another human to approve: exit 0 nothing to do, 2 proposed, 1 an error."""

from __future__ import annotations

import argparse
from typing import Any

from api.cli.approve import approved
from api.cli.places import add_json
from api.cli.plan import CHANGES, code_of, planned, tell
from api.cli.running import add_engine, asked_engine
from api.cli.terminal import GOOD, Terminal
from engine.errors import RequestError


def arrange(parser: argparse.ArgumentParser) -> None:
    """Say which arguments there are."""
    add_engine(parser)
    parser.add_argument("--note", metavar="TEXT", help="why, for whoever approves it")
    parser.add_argument("--replaces", metavar="N", type=int, help="your open proposal that it replaces")
    parser.add_argument("--plan", metavar="TOKEN", help="propose only if this is what the files still give")
    parser.add_argument(
        "--approve",
        action="store_true",
        help="approve it too: only this machine's own token may do that, and only under approval: local",
    )
    add_json(parser)


def run(arguments: argparse.Namespace, terminal: Terminal) -> int:
    """Plan the files, and propose what that gives."""
    with asked_engine(arguments) as engine:
        plan = planned(engine, arguments)
        code = code_of(plan)
        if not terminal.json:
            tell(terminal, plan, diff=False)
        if code != CHANGES:
            if terminal.json:
                terminal.answer({"plan": plan, "release": None})
            return code
        if arguments.plan not in (None, plan["token"]):
            raise RequestError("the files, or what is live, have changed since that plan; plan again")
        wanted = {"token": plan["token"], "note": arguments.note, "replaces": arguments.replaces}
        made: dict[str, Any] = engine.ask("POST", "/v1/releases", wanted)
        if arguments.approve:
            made = approved(engine, made["number"], made["hash"], arguments.note, terminal)
    if terminal.json:
        terminal.answer({"plan": plan, "release": made})
    elif not arguments.approve:
        number = made["number"]
        terminal.say(f"Proposed as {number}: another human approves it with holdfast approve {number}.", GOOD)
    return code
