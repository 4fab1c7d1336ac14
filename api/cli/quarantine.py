"""List the events that could not be accepted, show one, and take one in after all."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import msgspec

from api.answers.quarantine import quarantined_answer
from api.cli.databases import reading, writing
from api.cli.places import add_database, add_json, database_of, instant, workspace_of
from api.cli.running import running_engine
from api.cli.terminal import FAINT, GOOD, Terminal
from api.decoding import typed
from engine.customers.zones import moment_of, zone
from engine.errors import NotFoundError
from engine.store.records import QuarantinedEvent, QuarantineFilter

BY = "command line"
"""Who replays where no engine runs that knows the user."""


def arrange(parser: argparse.ArgumentParser) -> None:
    """Say which arguments there are."""
    verbs = parser.add_subparsers(dest="verb", required=True, metavar="list|show|replay")
    listed = verbs.add_parser("list", help="list what waits in quarantine", allow_abbrev=False)
    listed.add_argument("--code", metavar="REASON", help="only what was refused for this reason")
    listed.add_argument("--source", metavar="S", help="only what came from this source")
    listed.add_argument("--customer", metavar="ID", help="only what is about this customer")
    listed.add_argument("--from", metavar="A", dest="start", help="received at or after (UTC)")
    listed.add_argument("--to", metavar="B", dest="end", help="received before (UTC)")
    listed.add_argument("--replayed", action="store_true", help="what was replayed, instead of what waits")
    listed.add_argument("--limit", metavar="N", type=int, default=50, help="how many at most (default: 50)")
    show = verbs.add_parser("show", help="show one event, and why it was refused", allow_abbrev=False)
    show.add_argument("id", metavar="ID", type=int, help="its number")
    replay = verbs.add_parser("replay", help="take one event in after all", allow_abbrev=False)
    replay.add_argument("id", metavar="ID", type=int, help="its number")
    replay.add_argument("--event", metavar="FILE", type=Path, help="the event corrected, as JSON")
    for verb in (listed, show, replay):
        add_database(verb)
        add_json(verb)


def run(arguments: argparse.Namespace, terminal: Terminal) -> int:
    """Do what the verb says; what writes goes through its API where an engine runs on the database."""
    folder = workspace_of(arguments)
    url = database_of(arguments, folder)
    if arguments.verb == "list":
        return _list(arguments, terminal, url)
    if arguments.verb == "show":
        return _show(arguments.id, terminal, url)
    return _replay(arguments, terminal, folder, url)


def _list(arguments: argparse.Namespace, terminal: Terminal, url: str) -> int:
    utc = zone("UTC")
    wanted = QuarantineFilter(
        code=arguments.code,
        source=arguments.source,
        customer=arguments.customer,
        replayed=arguments.replayed,
        start=instant(arguments.start, utc, "--from"),
        end=instant(arguments.end, utc, "--to"),
    )
    with reading(url) as store, store.reader() as reader:
        found = reader.quarantine_list(wanted, limit=arguments.limit)
    if terminal.json:
        terminal.answer({"items": [quarantined_answer(each) for each in found]})
        return 0
    if not found:
        terminal.say("nothing in quarantine", FAINT)
        return 0
    terminal.table(("id", "received", "source", "message", "customer", "reason", "detail"), map(_row, found))
    return 0


def _row(entry: QuarantinedEvent) -> tuple[str, ...]:
    at = f"{moment_of(entry.received_at):%Y-%m-%d %H:%M}"
    told = entry.message_id or "", entry.customer or ""
    return str(entry.id), at, entry.source, *told, entry.code, entry.detail


def _show(id: int, terminal: Terminal, url: str) -> int:
    with reading(url) as store, store.reader() as reader:
        entry = reader.quarantined(id)
    if entry is None:
        raise NotFoundError(f"there is nothing {id} in quarantine")
    answer = quarantined_answer(entry)
    if terminal.json:
        terminal.answer(answer)
        return 0
    told = msgspec.to_builtins(answer)
    terminal.table(("", ""), [(name, str(value)) for name, value in told.items() if value is not None])
    return 0


def _replay(arguments: argparse.Namespace, terminal: Terminal, folder: Path, url: str) -> int:
    id, event = arguments.id, None
    if arguments.event is not None:
        event = typed(arguments.event.read_bytes(), dict[str, Any])
    with running_engine(url) as running:
        if running is not None:
            body = {} if event is None else {"event": event}
            told: dict[str, Any] = running.ask("POST", f"/v1/quarantine/{id}/replay", body)
        else:
            with writing(folder, url) as engine:
                entry = engine.replay_quarantined(id, event, BY).result()
            told = msgspec.to_builtins(quarantined_answer(entry))
    if terminal.json:
        terminal.answer(told)
        return 0
    terminal.say(f"the event {id} is {_OUTCOMES[told['outcome']]}", GOOD)
    return 0


_OUTCOMES = {"accepted": "accepted", "duplicate": "a duplicate: it was sent again in the meantime"}
