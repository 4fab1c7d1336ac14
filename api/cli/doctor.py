"""Prove that nothing was lost: hold what intake counted against the rows. Exit 0 when it balances."""

from __future__ import annotations

import argparse
import time
from typing import Any

from api.cli.databases import reading
from api.cli.places import add_database, add_json, database_of, workspace_of
from api.cli.runs import time as shown_time
from api.cli.terminal import BAD, GOOD, Terminal
from engine.runtime.operating import doctor
from engine.runtime.reports.standstill import OVERDUE, Overdue, overdue, silent_workflows
from engine.store.opening import migrate
from engine.store.records import CaseFilter, OutboxRow

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
    with reading(url) as store:
        now = store.now() or time.time_ns() // 1000
        found = doctor(store, now)
        with store.reader() as reader:
            found_overdue = overdue(reader, now, limit=SHOWN)
            pulse = reader.pulse(now - OVERDUE)
            silent = silent_workflows(reader, now)
            dead = reader.dead_letters(limit=SHOWN)
            unheard = [
                case
                for status in ("open", "acknowledged")
                for case in reader.cases(status=status, found=CaseFilter(exhausted=True), limit=SHOWN)
            ]
            troubled = [row for row in reader.connectors().values() if row.failures]
    balanced = bool(found["balanced"])
    if terminal.json:
        terminal.answer(found)
        return 0 if balanced else 1
    terminal.table(
        ("", "#"),
        [
            (name.replace("_", " "), count)
            for name, count in found.items()
            if name not in ("balanced", "processes")
        ],
    )
    terminal.say()
    if balanced:
        terminal.say("received = accepted + duplicates + conflicts + quarantined, and", GOOD)
        terminal.say("accepted = decided + pending: nothing is lost", GOOD)
    else:
        terminal.say("the counters and the rows differ: something was lost or done twice", BAD)
    terminal.say()
    terminal.table(("at work", "#"), [
        ("open runs", pulse.open_runs),
        ("effects that wait", pulse.waiting_effects),
        ("dead letters that are uncertain", pulse.uncertain),
    ])  # fmt: skip
    _list_processes(terminal, found["processes"])
    for workflow in silent:
        terminal.say(f"{workflow} used to start, and does no more", BAD)
    for case in unheard:
        terminal.say(f"the ladder {case.ladder} has ended, and nobody has taken the case {case.id}", BAD)
    _list(terminal, found_overdue, dead)
    if troubled:
        terminal.say()
        terminal.table(
            ("connector", "failures in a row", "left alone until"),
            [(row.name, row.failures, shown_time(row.open_until)) for row in troubled],
        )
    return 0 if balanced else 1


def _list_processes(terminal: Terminal, processes: list[dict[str, Any]]) -> None:
    if processes:
        terminal.say()
        terminal.table(
            ("process", "host", "pid#", "version", "release#", "last heard of", ""),
            [
                (each["role"], each["host"], str(each["pid"]), each["version"], each["release"],
                 f"{each['heard_of']:%Y-%m-%d %H:%M:%S}", _state(each))
                for each in processes
            ],
        )  # fmt: skip


def _state(process: dict[str, Any]) -> str:
    if not process["alive"]:
        return "gone"
    return "leads" if process["leader"] else "runs"


def _list(terminal: Terminal, late: list[Overdue], dead: list[OutboxRow]) -> None:
    if late:
        terminal.say()
        terminal.table(
            ("overdue run", "workflow", "customer", "since", "because"),
            [
                (of.run.id, of.run.workflow, of.run.customer, shown_time(of.since), of.because.value)
                for of in late
            ],
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
