"""CSV and JSONL without DuckDB."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec

from engine.authoring.importing.events import EVENT, FIELDS, BadRow
from engine.authoring.importing.files import open_binary, unreadable
from engine.authoring.importing.records import csv_records
from engine.model.reasons import QuarantineReason

_NUMBER = re.compile(r"-?(?:0|[1-9]\d{0,17})(?:\.\d{1,18})?")
_TRUTHS = {"true": True, "false": False}
_NAMED = (EVENT, "type")
_BAD = (msgspec.MsgspecError, RecursionError, ArithmeticError, ValueError)

_decoder = msgspec.json.Decoder(float_hook=Decimal)

Read = Callable[[str], Any]


def csv_rows(path: Path, columns: list[str]) -> Iterator[tuple[int, list[Any] | BadRow]]:
    """Give the rows of a CSV file, each with its number.

    A column of which every value is a number (or true or false) has numbers (or truths), all others
    have texts: the file is read once before to know.
    """
    reads = _reads(path, columns)
    for number, cells in csv_records(path, len(columns)):
        if isinstance(cells, BadRow):
            yield number, cells
        else:
            yield number, [read(cell) if cell else None for read, cell in zip(reads, cells, strict=True)]


def _reads(path: Path, columns: list[str]) -> list[Read]:
    """Tell for each column how its cells are read."""
    kinds: list[set[str]] = [set() for _ in columns]
    for _, cells in csv_records(path, len(columns)):
        if isinstance(cells, BadRow):
            continue
        for kind, cell in zip(kinds, cells, strict=True):
            if "text" not in kind and cell and not cell.isspace():
                kind.add(_kind(cell))
    return [
        str if column.lower() in FIELDS else _READS.get(next(iter(kind), ""), str) if len(kind) == 1 else str
        for column, kind in zip(columns, kinds, strict=True)
    ]


def _kind(cell: str) -> str:
    if _NUMBER.fullmatch(cell):
        return "number"
    return "truth" if cell.lower() in _TRUTHS else "text"


def _number(cell: str) -> Any:
    return (Decimal(cell) if "." in cell else int(cell)) if not cell.isspace() else None


def _truth(cell: str) -> Any:
    return _TRUTHS.get(cell.lower())


_READS: dict[str, Read] = {"number": _number, "truth": _truth}


def json_events(path: Path) -> Iterator[tuple[int, object]]:
    """Give the objects of a JSONL file as they stand there, with the numbers of their lines.

    One that names no event is traits.
    """
    with open_binary(path) as data:
        try:
            for number, line in enumerate(data, 1):
                text = line.removeprefix(b"\xef\xbb\xbf").strip() if number == 1 else line.strip()
                if text:
                    yield number, _object(text)
        except (OSError, EOFError) as error:
            raise unreadable(f"{path.name} cannot be read: {error}; save it anew") from error


def _object(text: bytes) -> object:
    try:
        found = _decoder.decode(text)
    except _BAD:
        try:
            found = json.loads(text, parse_float=Decimal)
        except _BAD:
            return BadRow(QuarantineReason.INVALID_JSON.value, "the line is not JSON", text)
    if isinstance(found, dict) and not any(found.get(name) for name in _NAMED):
        return {EVENT: "identify", **{key: value for key, value in found.items() if key != EVENT}}
    return found
