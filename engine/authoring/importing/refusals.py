"""The report of refused rows: a CSV file that can be mended and imported again."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from types import TracebackType
from typing import Any, TextIO

import msgspec

from engine.authoring.importing.events import REFUSED, ROW, BadRow, Row
from engine.model.spreadsheet import shielded

_encode = msgspec.json.Encoder(decimal_format="number").encode


class RefusedRows:
    """Writes refused rows: number, reason, and the row as it was read, under the columns that it had.

    A row that could not be taken apart, and one of JSON, stand as text. Nothing is written where
    nothing is refused. What is in the file already stays: an import that goes on adds to it.
    """

    def __init__(self, path: Path, columns: Sequence[str]) -> None:
        self.path = path
        self.written = 0
        self._columns = [name for name in columns if name.lower() not in (ROW, *REFUSED)]
        self._places = [place for place, name in enumerate(columns) if name in self._columns]
        self._file: TextIO | None = None

    def __enter__(self) -> RefusedRows:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._file is not None:
            self._file.close()

    def add(self, row: Row, reason: str) -> None:
        """Write down one row."""
        if self._file is None:
            self._file = self.path.open("a", encoding="utf-8", errors="backslashreplace", newline="")
            if self._file.tell() == 0:
                csv.writer(self._file).writerow([*REFUSED, *map(shielded, self._columns)])
        cells = [_cell(row.cells[place]) for place in self._places] if row.cells else []
        text = "" if cells else _text(row.event)
        csv.writer(self._file).writerow([row.number, *map(shielded, (reason, text, *cells))])
        self._file.flush()
        self.written += 1


def _text(event: object) -> str:
    if isinstance(event, BadRow):
        return event.body.decode("utf-8", "backslashreplace")
    try:
        return _encode(event).decode()
    except (TypeError, ValueError):
        return repr(event)


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (dict, list)):
        return msgspec.json.encode(value, enc_hook=str).decode()
    return value.isoformat() if isinstance(value, date) else str(value)
