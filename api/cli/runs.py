"""List runs of workflows, the newest first."""

from __future__ import annotations

import argparse
from typing import Any

import msgspec

from api.answers.values import run_answer
from api.cli.databases import reading
from api.cli.noting import note
from api.cli.places import add_database, add_json, database_of, instant, workspace_of
from api.cli.terminal import FAINT, Terminal
from engine.customers.zones import moment_of, zone
from engine.model.reasons import RunStatus
from engine.runs.run import Run
from engine.runtime.reports.reading import ids_of


def arrange(parser: argparse.ArgumentParser) -> None:
    """Say which arguments there are."""
    parser.add_argument("--workflow", metavar="W", help="only runs of this workflow")
    parser.add_argument("--customer", metavar="ID", help="only runs of this customer")
    parser.add_argument("--status", choices=[status.value for status in RunStatus], help="only these")
    parser.add_argument("--from", metavar="A", dest="start", help="started at or after (UTC)")
    parser.add_argument("--to", metavar="B", dest="end", help="started before (UTC)")
    parser.add_argument("--limit", metavar="N", type=int, default=50, help="how many at most (default: 50)")
    add_database(parser)
    add_json(parser)


def run(arguments: argparse.Namespace, terminal: Terminal) -> int:
    """List the runs."""
    url = database_of(arguments, workspace_of(arguments))
    utc = zone("UTC")
    with reading(url) as store, store.reader() as reader:
        customers = None if arguments.customer is None else ids_of(reader, arguments.customer)
        found = reader.runs(
            workflow=arguments.workflow,
            customers=customers,
            status=None if arguments.status is None else RunStatus(arguments.status),
            start=instant(arguments.start, utc, "--from"),
            end=instant(arguments.end, utc, "--to"),
            limit=arguments.limit,
            newest=True,
        )
    note(url, "runs", customer=arguments.customer)
    if terminal.json:
        terminal.answer({"items": [run_answer(each) for each in found]})
        return 0
    terminal.table(("started", "workflow", "customer", "status", "waits until", "run"), map(_row, found))
    if not found:
        terminal.say("no run yet" if arguments.workflow is None else f"no run of {arguments.workflow}", FAINT)
    return 0


def _row(each: Run) -> tuple[Any, ...]:
    due = each.wait.due if each.open and each.wait is not None else None
    return time(each.started_at), each.workflow, each.customer, status(each), time(due), each.id


def status(each: Run) -> str:
    """Give a run's status with its reason and arm."""
    told = f"{each.status.value} ({each.reason})" if each.reason else each.status.value
    return f"{told}, held out" if each.arm == "held_out" else told


def time(at: int | None) -> str:
    """Give an instant to the minute, in UTC."""
    return "" if at is None else f"{moment_of(at):%Y-%m-%d %H:%M}"


def encoded(value: Any) -> str:
    """Give values in a line."""
    return msgspec.json.encode(value).decode() if value else ""
