"""Write everything that is known of a customer into a file, as one JSON object."""

from __future__ import annotations

import argparse
import getpass
import time
from pathlib import Path

import msgspec

from api.answers.values import encode
from api.cli.databases import writing
from api.cli.noting import LOCAL
from api.cli.places import add_database, add_json, database_of, workspace_of
from api.cli.running import running_engine
from api.cli.terminal import GOOD, Terminal
from api.routes.accesses import export_answer
from api.slashes import part
from engine.errors import RequestError
from engine.runtime.accesses import Access


def arrange(parser: argparse.ArgumentParser) -> None:
    """Say which arguments there are."""
    parser.add_argument("customer", metavar="CUSTOMER", help="the customer, by any of their ids")
    parser.add_argument("file", metavar="FILE", type=Path, help="a file that is not there yet")
    add_database(parser)
    add_json(parser)


def run(arguments: argparse.Namespace, terminal: Terminal) -> int:
    """Write it; through its API where an engine runs on the database."""
    folder = workspace_of(arguments)
    url = database_of(arguments, folder)
    if arguments.file.exists():
        raise RequestError(f"{arguments.file} is there already; name another file")
    customer = arguments.customer
    with running_engine(url) as running:
        if running is not None:
            known = encode(running.ask("GET", f"/v1/customers/{part(customer)}/export"))
        else:
            with writing(folder, url) as engine:
                known = encode(export_answer(engine.everything(customer)))
                engine.note_access(
                    Access(
                        at=time.time_ns() // 1000, owner=getpass.getuser(), key_id=LOCAL, role=LOCAL,
                        route="holdfast export", customer=customer,
                    )
                )  # fmt: skip
    with arguments.file.open("xb") as file:
        file.write(msgspec.json.format(known, indent=2))
    if terminal.json:
        terminal.answer({"customer": customer, "file": str(arguments.file), "bytes": len(known)})
    else:
        terminal.say(f"everything that is known of {customer} is in {arguments.file}", GOOD)
    return 0
