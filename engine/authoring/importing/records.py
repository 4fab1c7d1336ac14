"""The records of a CSV file, each by itself: a torn one costs its neighbours nothing.

A report of refused rows is read without the shields that `engine.model.spreadsheet` gave its cells.
"""

from __future__ import annotations

import csv
import io
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeAlias

from engine.authoring.importing.events import REFUSED, BadRow
from engine.authoring.importing.files import open_binary, unreadable
from engine.model.reasons import QuarantineReason
from engine.model.spreadsheet import bare

Numbered: TypeAlias = tuple[int, "list[str] | BadRow"]
"""A record's number, counted from 1 below the line of names, and its cells."""

_UTF_16 = (b"\xff\xfe", b"\xfe\xff")
_DELIMITERS = ",;\t"
_TORN = "a quote in this line is not closed, or goes on behind its end"


def csv_columns(path: Path) -> list[str]:
    """Give the names in a CSV file's first line, each once; raises RequestError where there is none."""
    with _opened(path) as text:
        columns = next(csv.reader(text, delimiter=_delimiter(path)), None)
    if not columns:
        raise unreadable(f"{path.name} is empty; name a file with rows")
    if _is_report(columns):
        columns = [bare(column) for column in columns]
    found: dict[str, str] = {}
    for number, column in enumerate(columns, 1):
        name = first = column.strip() or f"column_{number}"
        again = 1
        while name.lower() in found:
            again += 1
            name = f"{first}_{again}"
        found[name.lower()] = name
    return list(found.values())


def csv_records(path: Path, width: int) -> Iterator[Numbered]:
    """Give the records of a CSV file that has so many columns; lines with nothing in them do not count."""
    delimiter = _delimiter(path)
    number = 0
    with _opened(path) as text:
        lines = _Lines(text)
        reader = csv.reader(lines, delimiter=delimiter, strict=True)
        shielded = _is_report(next(reader, None))
        while True:
            lines.taken.clear()
            try:
                cells = next(reader)
            except StopIteration:
                return
            except csv.Error:
                number += 1
                yield number, _refused(_TORN, lines.taken[0])
                lines.give_back()
                reader = csv.reader(lines, delimiter=delimiter, strict=True)
                continue
            if not cells:
                continue
            number += 1
            if len(cells) != width:
                detail = f"a row of {len(cells)} cells under {width} columns"
                yield number, _refused(detail, lines.taken[0])
                lines.give_back()
            elif any(_broken(line) for line in lines.taken):
                detail = "the row has bytes that are not UTF-8; save the file as UTF-8"
                yield number, _refused(detail, "".join(lines.taken), QuarantineReason.BAD_VALUE)
            else:
                yield number, [bare(cell) for cell in cells] if shielded else cells


def is_report(path: Path) -> bool:
    """Tell whether a CSV file is one of refused rows, whose cells are shielded from spreadsheets."""
    with _opened(path) as text:
        return _is_report(next(csv.reader(text, delimiter=_delimiter(path)), None))


def _is_report(names: list[str] | None) -> bool:
    return names is not None and tuple(names[: len(REFUSED)]) == REFUSED


class _Lines:
    """The lines of a file; those of the record under way can be read again, all but the first."""

    def __init__(self, text: Iterator[str]) -> None:
        self.taken: list[str] = []
        self._text = text
        self._again: deque[str] = deque()

    def __iter__(self) -> _Lines:
        return self

    def __next__(self) -> str:
        line = self._again.popleft() if self._again else next(self._text)
        self.taken.append(line)
        return line

    def give_back(self) -> None:
        """Take what an open quote has swallowed for records of their own."""
        self._again.extendleft(reversed(self.taken[1:]))


@contextmanager
def _opened(path: Path) -> Iterator[Iterator[str]]:
    """Open a text file, expanded and decoded; what goes wrong while it is read is a RequestError."""
    try:
        with open_binary(path) as data:
            begins = data.read(2)
            data.seek(0)
            # A byte that is not UTF-8 becomes half a surrogate pair, which costs its own row alone.
            code, errors = ("utf-16", "replace") if begins in _UTF_16 else ("utf-8-sig", "surrogateescape")
            with io.TextIOWrapper(data, code, errors=errors, newline="") as text:
                yield text
    except (OSError, EOFError) as error:
        raise unreadable(f"{path.name} cannot be read: {error}; save it anew") from error


def _delimiter(path: Path) -> str:
    """Give what separates the names of the first line; a spreadsheet may have written semicolons."""
    if ".tsv" in [suffix.lower() for suffix in path.suffixes]:
        return "\t"
    with _opened(path) as text:
        first = next(text, "")
    outside = "".join(first.split('"')[::2])
    return max(_DELIMITERS, key=outside.count)


def _broken(line: str) -> bool:
    if line.isascii():
        return False
    try:
        line.encode()
    except UnicodeEncodeError:
        return True
    return False


def _refused(detail: str, text: str, code: QuarantineReason = QuarantineReason.NOT_AN_OBJECT) -> BadRow:
    return BadRow(code.value, detail, text.rstrip("\r\n").encode("utf-8", "surrogateescape"))
