"""Import events or customers from CSV, JSONL or Parquet (gz too), by their own columns or through a map."""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

from api.cli.databases import writing
from api.cli.places import add_database, add_json, database_of, workspace_of
from api.cli.running import RunningEngine, running_engine
from api.cli.terminal import BAD, FAINT, GOOD, Tell, Terminal
from engine.authoring.importing import BadRow, load_map, read_events
from engine.authoring.importing.files import stem_of
from engine.errors import RequestError
from engine.runtime.intake import Unreadable
from engine.runtime.past import Imported, added
from engine.runtime.writer import IngestAnswer

SHOWN = 10
"""Refused rows that are shown to people."""
PORTION = 1000
"""Events in a request to a running engine."""


def arrange(parser: argparse.ArgumentParser) -> None:
    """Say which arguments there are."""
    parser.add_argument("files", metavar="FILE", type=Path, nargs="+", help="the files, all of one kind")
    parser.add_argument(
        "--map", metavar="MAP.yaml", type=Path, help="an import map: SQL over the files, a zone"
    )
    parser.add_argument(
        "--history", action="store_true", help="take them as the past: facts are updated, nothing fires"
    )
    add_database(parser)
    add_json(parser)


def run(arguments: argparse.Namespace, terminal: Terminal) -> int:
    """Import, and tell what became of the rows."""
    folder = workspace_of(arguments)
    url = database_of(arguments, folder)
    map = load_map(arguments.map) if arguments.map is not None else None
    source = map.map.id if map is not None else stem_of(arguments.files[0])
    began = time.monotonic()
    with running_engine(url) as engine, terminal.progress() as tell:
        if engine is not None and arguments.history:
            raise RequestError(
                "an engine runs on this database; stop it to import history, then start it again"
            )
        tell("reading files", 0, 0)
        people = _Counted(read_events(arguments.files, map))
        if engine is not None:
            imported = _send(engine, people, source, tell)
        else:
            with writing(folder, url, tell) as opened:
                imported = opened.import_events(
                    people, source=source, history=arguments.history, progress=tell
                )
    _tell(terminal, imported, len(people.customers), time.monotonic() - began)
    return 0


class _Counted:
    """Rows on their way in: as intake takes them, and whom they are about."""

    def __init__(self, rows: Iterable[object]) -> None:
        self._rows = rows
        self.customers: set[str] = set()

    def __iter__(self) -> Iterator[object]:
        for row in self._rows:
            if isinstance(row, BadRow):
                yield Unreadable(row.code, row.detail, row.body)
                continue
            customer = row.get("customer") if isinstance(row, dict) else None
            if customer is not None:
                self.customers.add(str(customer))
            yield row


def _send(engine: RunningEngine, rows: Iterable[object], source: str, tell: Tell) -> Imported:
    """Let the running engine take rows in, as events of now; those it could not decode count as refused."""
    total, first, iterator = Imported(), 0, iter(rows)
    while portion := list(islice(iterator, PORTION)):
        places = [place for place, row in enumerate(portion) if not isinstance(row, Unreadable)]
        found = engine.ask("POST", "/v1/events", [_sourced(portion[place], source) for place in places])
        refused = [
            {"index": place, "message_id": None, "code": row.code, "detail": row.detail}
            for place, row in enumerate(portion)
            if isinstance(row, Unreadable)
        ]
        answer = IngestAnswer(
            accepted=found["accepted"],
            duplicates=found["duplicates"],
            conflicts=_placed(found["conflicts"], places),
            quarantined=(*_placed(found["quarantined"], places), *refused),
        )
        total = added(total, answer, first)
        first += len(portion)
        tell("importing events", first, 0)
    return total


def _sourced(row: object, source: str) -> object:
    return {"source": source, **row} if isinstance(row, dict) else row


def _placed(entries: Sequence[dict[str, Any]], places: Sequence[int]) -> tuple[dict[str, Any], ...]:
    return tuple(entry | {"index": places[entry["index"]]} for entry in entries)


def _tell(terminal: Terminal, imported: Imported, customers: int, seconds: float) -> None:
    if terminal.json:
        terminal.answer(
            {
                "accepted": imported.accepted,
                "duplicates": imported.duplicates,
                "conflicts": len(imported.conflicts),
                "quarantined": len(imported.quarantined),
                "customers": customers,
                "seconds": round(seconds, 3),
            }
        )
        return
    refused = [*imported.conflicts, *imported.quarantined]
    for entry in refused[:SHOWN]:
        why = entry.get("detail", "another event was accepted under the same source and id")
        terminal.say(f"row {entry['index'] + 1}: {why}", BAD)
    if len(refused) > SHOWN:
        terminal.say(f"... and {len(refused) - SHOWN:,} more", FAINT)
    counts = {
        "accepted": imported.accepted,
        "duplicates": imported.duplicates,
        "conflicts": len(imported.conflicts),
        "quarantined": len(imported.quarantined),
    }
    told = ", ".join(f"{number:,} {name}" for name, number in counts.items() if number or name == "accepted")
    terminal.say(f"{told}; {customers:,} customers in {seconds:.1f} s", GOOD)
