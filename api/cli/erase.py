"""Erase a customer for good, under all their names; what others count stays under a pseudonym."""

from __future__ import annotations

import argparse
import getpass
import sys
from typing import Any

import msgspec

from api.answers.personal import erased_answer
from api.cli.databases import writing
from api.cli.places import add_database, add_json, database_of, workspace_of
from api.cli.running import running_engine
from api.cli.terminal import GOOD, Terminal
from api.slashes import part
from engine.errors import RequestError


def arrange(parser: argparse.ArgumentParser) -> None:
    """Say which arguments there are."""
    parser.add_argument("customer", metavar="CUSTOMER", help="the customer, by any of their ids")
    parser.add_argument("--yes", action="store_true", help="do not ask first")
    add_database(parser)
    add_json(parser)


def run(arguments: argparse.Namespace, terminal: Terminal) -> int:
    """Erase the customer; through its API where an engine runs on the database."""
    folder = workspace_of(arguments)
    url = database_of(arguments, folder)
    if not arguments.yes:
        _ask(arguments.customer)
    with running_engine(url) as running:
        if running is not None:
            found: dict[str, Any] = running.ask("DELETE", f"/v1/customers/{part(arguments.customer)}")
        else:
            with writing(folder, url) as engine:
                done = engine.erase_customer(arguments.customer, getpass.getuser()).result()
            found = msgspec.structs.asdict(erased_answer(done))
    if terminal.json:
        terminal.answer(found)
        return 0
    if found["already"]:
        terminal.say(f"{arguments.customer} was erased before", GOOD)
        return 0
    terminal.say(f"{arguments.customer} is erased; skeletons stay under {found['customer']}", GOOD)
    terminal.table(("table", "rows"), [(table, number) for table, number in found["rows"].items() if number])
    return 0


def _ask(customer: str) -> None:
    """Go on only where the id is typed again; raises RequestError."""
    if not sys.stdin.isatty():
        raise RequestError("nothing can bring an erased customer back: say --yes")
    print(f"Nothing can bring {customer} back. Type the id again to erase them: ", end="", flush=True)
    if sys.stdin.readline().strip() != customer:
        raise RequestError("nothing was erased; write the id again as it was asked for")
