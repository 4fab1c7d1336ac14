"""Prove that nothing was lost: hold what intake counted against the rows. Exit 0 when it balances."""

from __future__ import annotations

import argparse
import time

from api.cli.databases import reading
from api.cli.places import add_database, add_json, database_of, workspace_of
from api.cli.runs import time as shown_time
from api.cli.terminal import BAD, GOOD, Terminal
from engine.runs.run import Run
from engine.runtime.operating import OVERDUE, doctor
from engine.store.opening import migrate
from engine.store.records import OutboxRow

SHOWN = 20
"""Overdue runs and dead letters that are listed."""


def arrange(parser: argparse.ArgumentParser) -> None:
    """Say which arguments there are."""
    parser.add_argument(
        "--migrate", action="store_true", help="bring the database to this program's schema first"
    )
    add_database(parser)
    add_json(parser)


def run(arguments: argparse.Namespace, terminal: Terminal) -> int:
    """Count, and tell."""
    url = database_of(arguments, workspace_of(arguments))
    if arguments.migrate:
        migrate(url)
    now = time.time_ns() // 1000
    with reading(url) as store:
        found = doctor(store, now)
        with store.reader() as reader:
            overdue = reader.overdue_runs(now - OVERDUE, SHOWN)
            dead = reader.dead_letters(limit=SHOWN)
    balanced = bool(found["balanced"])
    if terminal.json:
        terminal.answer(found)
        return 0 if balanced else 1
    terminal.table(
        ("", "#"), [(name.replace("_", " "), number) for name, number in found.items() if name != "balanced"]
    )
    terminal.say()
    if balanced:
        terminal.say("received = accepted + duplicates + conflicts + quarantined, and", GOOD)
        terminal.say("accepted = decided + pending: nothing is lost", GOOD)
    else:
        terminal.say("the counters and the rows differ: something was lost or done twice", BAD)
    _list(terminal, overdue, dead)
    return 0 if balanced else 1


def _list(terminal: Terminal, overdue: list[Run], dead: list[OutboxRow]) -> None:
    if overdue:
        terminal.say()
        terminal.table(
            ("overdue run", "workflow", "customer", "due"),
            [(each.id, each.workflow, each.customer, shown_time(each.due)) for each in overdue],
        )
    if dead:
        terminal.say()
        terminal.table(
            ("dead letter", "action", "customer", "outcome", "reason"),
            [
                (row.effect.key, row.effect.action, row.effect.customer, row.outcome, row.reason)
                for row in dead
            ],
        )
