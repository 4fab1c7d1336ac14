"""Import events or customers from CSV, JSONL or Parquet (gz too), by their own columns or through a map.

A file that is neither, without a map, is looked at: a map is proposed, and nothing is imported unasked.
"""

from __future__ import annotations

import argparse
import time
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from contextlib import nullcontext
from itertools import islice
from pathlib import Path
from typing import Any

import msgspec

from api.cli.databases import writing
from api.cli.looking import Look, look_at, tell_look
from api.cli.places import add_database, add_json, authored, database_of, workspace_of
from api.cli.running import RunningEngine, running_engine
from api.cli.terminal import BAD, FAINT, GOOD, Tell, Terminal
from engine.authoring.importing import BadRow, MapFile, Reading, Row, names_events, read_rows
from engine.authoring.importing.files import stem_of
from engine.authoring.importing.refusals import RefusedRows
from engine.authoring.importing.shipped import named_map
from engine.authoring.importing.tracking import import_name, with_ids
from engine.errors import RequestError
from engine.runtime.course import PORTION, Imported, Refusal, added, refused_of
from engine.runtime.intake import Unreadable
from engine.runtime.writer import IngestAnswer

SHOWN = 10
"""Refused rows that are shown to people."""
UNDECIDED = 3
"""The exit code where a map is proposed and nobody has agreed to it."""

_CONFLICT = "another event was accepted under the same source and id"


def arrange(parser: argparse.ArgumentParser) -> None:
    """Say which arguments there are."""
    parser.add_argument("files", metavar="FILE", type=Path, nargs="+", help="the files, all of one kind")
    parser.add_argument(
        "--map",
        metavar="MAP",
        help="an import map: a file, or the name of one in imports/ or of one that ships, such as shopify",
    )
    parser.add_argument(
        "--history", action="store_true", help="take them as the past: facts are updated, nothing fires"
    )
    parser.add_argument(
        "--preview", action="store_true", help="show what would arrive, and what is wrong; import nothing"
    )
    parser.add_argument(
        "--propose",
        metavar="FILE",
        type=Path,
        nargs="?",
        const=Path(),
        help="write the proposed map to a file (default: imports/NAME.yaml), and import nothing",
    )
    parser.add_argument("--yes", action="store_true", help="go on with the proposed map without asking")
    parser.add_argument(
        "--refused", metavar="FILE", type=Path, help="write the rows that were refused to a CSV file"
    )
    add_database(parser)
    add_json(parser)


def run(arguments: argparse.Namespace, terminal: Terminal) -> int:
    """Import, and tell what became of the rows; or look, and ask."""
    folder = workspace_of(arguments)
    files: list[Path] = arguments.files
    given = named_map(arguments.map, files, folder) if arguments.map is not None else None
    unknown = given is None and not names_events(files)
    look: Look | None = None
    if unknown or arguments.preview or arguments.propose is not None:
        with terminal.progress() as tell:
            tell("looking at the file", 0, 0)
            counted = not arguments.yes and arguments.propose is None
            look = look_at(files, given, folder, authored(folder), counted=counted or arguments.preview)
    if look is not None and arguments.propose is not None:
        return _propose(look, arguments.propose, folder, terminal)
    if look is not None:
        if not (arguments.yes and terminal.json):
            tell_look(terminal, look)
        if arguments.preview:
            return 0
        if not arguments.yes and not (terminal.asks and terminal.confirm("Import these rows as shown?")):
            return UNDECIDED
    return _import(arguments, folder, given if look is None else look.map, look, terminal)


def _propose(look: Look, file: Path, folder: Path, terminal: Terminal) -> int:
    if look.proposal is None:
        raise RequestError(
            "the file has events already, or a map; there is nothing to propose; import it without --propose"
        )
    path = file if file != Path() else folder / "imports" / f"{look.proposal.name}.yaml"
    if path.suffix not in (".yaml", ".yml"):
        raise RequestError(f"{path} is no name for a map; write --propose {path.with_suffix('.yaml')}")
    if path.exists():
        raise RequestError(f"{path} is there already; name another file behind --propose")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(look.proposal.text, encoding="utf-8")
    if terminal.json:
        terminal.answer({"map": str(path), "proposal": look.proposal})
    else:
        terminal.say(f"{path} is the proposed map; read it, then import with --map {path}", GOOD)
    return 0


def _import(
    arguments: argparse.Namespace, folder: Path, map: MapFile | None, look: Look | None, terminal: Terminal
) -> int:
    url = database_of(arguments, folder)
    source = map.map.id if map is not None else stem_of(arguments.files[0])
    name = import_name(arguments.files, map, source)
    began = time.monotonic()
    with running_engine(url) as engine, terminal.progress() as tell:
        if engine is not None and arguments.history:
            raise RequestError(
                "an engine runs on this database; stop it to import history, then start it again"
            )
        tell("reading files", 0, 0)
        rows = _Rows(arguments.files, map, name)
        report = RefusedRows(arguments.refused, rows.columns) if arguments.refused else None
        with report or nullcontext():
            refusals = _Refusals(rows, report)
            if engine is not None:
                imported = _send(engine, rows, source, refusals, tell)
            else:
                with writing(folder, url, tell) as opened:
                    imported = opened.import_events(
                        rows,
                        source=source,
                        history=arguments.history,
                        name=name,
                        refused=refusals.add,
                        progress=tell,
                    )
    _tell(terminal, imported, rows, refusals, look, time.monotonic() - began)
    return 0


class _Rows:
    """Rows on their way in, as intake takes them; the last ones stay at hand, with their numbers.

    Gone through again, the files are read again.
    """

    def __init__(self, files: Sequence[Path], map: MapFile | None, name: str) -> None:
        self.customers: set[str] = set()
        self._files = files
        self._map = map
        self._name = name
        self._opened: Reading | None = read_rows(files, map)
        self.columns = self._opened.columns
        self._recent: deque[Row] = deque(maxlen=2 * PORTION)
        self._count = 0

    def __iter__(self) -> Iterator[object]:
        reading = self._opened or read_rows(self._files, self._map)
        self._opened = None
        self._count = 0
        self._recent.clear()
        for row in with_ids(reading.rows, self._name):
            self._recent.append(row)
            self._count += 1
            event = row.event
            if isinstance(event, BadRow):
                yield Unreadable(event.code, event.detail, event.body)
                continue
            customer = event.get("customer") if isinstance(event, dict) else None
            if customer is not None:
                self.customers.add(str(customer))
            yield event

    def at(self, index: int) -> Row:
        """Give one of the last rows by its place among all, counted from 0."""
        return self._recent[index - (self._count - len(self._recent))]


class _Refusals:
    """What was refused: the first of it for people, all of it for the report."""

    def __init__(self, rows: _Rows, report: RefusedRows | None) -> None:
        self.shown: list[tuple[int, str]] = []
        self.report = report
        self._rows = rows

    def add(self, refused: Sequence[Refusal]) -> None:
        for entry in refused:
            row, why = self._rows.at(entry["index"]), entry.get("detail", _CONFLICT)
            if len(self.shown) < SHOWN:
                self.shown.append((row.number, why))
            if self.report is not None:
                self.report.add(row, why)


def _send(
    engine: RunningEngine, rows: Iterable[object], source: str, refusals: _Refusals, tell: Tell
) -> Imported:
    """Let the running engine take rows in, as events of now; those it could not decode count as refused."""
    total, iterator = Imported(), iter(rows)
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
        refusals.add(refused_of(answer, total.rows))
        total = added(total, answer)
        tell("importing events", total.rows, 0)
    return total


def _sourced(row: object, source: str) -> object:
    return {"source": source, **row} if isinstance(row, dict) else row


def _placed(entries: Sequence[dict[str, Any]], places: Sequence[int]) -> tuple[dict[str, Any], ...]:
    return tuple(entry | {"index": places[entry["index"]]} for entry in entries)


def _tell(
    terminal: Terminal,
    imported: Imported,
    rows: _Rows,
    refusals: _Refusals,
    look: Look | None,
    seconds: float,
) -> None:
    counts = msgspec.structs.asdict(imported)
    skipped = counts.pop("skipped")
    report = refusals.report
    if terminal.json:
        answer: dict[str, Any] = counts | {"customers": len(rows.customers), "seconds": round(seconds, 3)}
        if skipped:
            answer["skipped"] = skipped
        if report is not None:
            answer["refused"] = report.written
        if look is not None and look.proposal is not None:
            answer["proposal"] = look.proposal
        terminal.answer(answer)
        return
    for number, why in refusals.shown:
        terminal.say(f"row {number}: {why}", BAD)
    refused = imported.conflicts + imported.quarantined
    if refused > SHOWN:
        terminal.say(f"... and {refused - SHOWN:,} more", FAINT)
    if report is not None and report.written:
        terminal.say(f"{report.written:,} refused rows are in {report.path}; mend them, and import it", FAINT)
    if skipped:
        terminal.say(f"{skipped:,} rows had gone in before it was interrupted", FAINT)
    told = ", ".join(f"{number:,} {name}" for name, number in counts.items() if number or name == "accepted")
    terminal.say(f"{told}; {len(rows.customers):,} customers in {seconds:.1f} s", GOOD)
