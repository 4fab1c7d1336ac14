"""Files as they stand, to be looked at before there is a map: columns, rows, and how SQL reaches them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any, TypeAlias

import msgspec

from engine.authoring.importing.columns import kind_of
from engine.authoring.importing.events import BadRow
from engine.authoring.importing.files import Form, form_of, open_binary, unreadable
from engine.authoring.importing.query import Table, query_files, quoted_name
from engine.authoring.importing.records import csv_columns, csv_records

LOOKED_AT = 1000
"""Lines of a plain text that are looked at to tell whether it is a table."""

Rows: TypeAlias = Iterable[tuple[int, "Sequence[Any] | BadRow"]]


class Source(msgspec.Struct, frozen=True, kw_only=True):
    """Files before any map. `relation` is what SQL calls them, after `before`; `texts` tells whether
    every cell is text there, and rows have numbers.
    """

    columns: Sequence[str]
    rows: Callable[[], Rows]
    relation: str = "source"
    before: str = ""
    texts: bool = False


def source_of(paths: Sequence[Path]) -> Source:
    """Open files to look at them; raises RequestError for what is no table."""
    form = form_of(paths)
    if form == "csv":
        return _csv(paths)
    if form == "text":
        return _lines(paths)
    return _typed(paths, form)


def _csv(paths: Sequence[Path]) -> Source:
    names = csv_columns(paths[0])
    for path in paths[1:]:
        if [name.lower() for name in csv_columns(path)] != [name.lower() for name in names]:
            raise unreadable(
                f"{path.name} has other columns than {paths[0].name}; import each kind by itself"
            )

    def rows() -> Iterator[tuple[int, Sequence[Any] | BadRow]]:
        before = last = 0
        for path in paths:
            for number, cells in csv_records(path, len(names)):
                last = before + number
                yield last, cells
            before = last

    return Source(columns=names, rows=rows, texts=True)


def _typed(paths: Sequence[Path], form: Form) -> Source:
    table = query_files(None, paths, form)
    begins = list(islice(query_files(None, paths, form).rows(), LOOKED_AT))
    for place in range(len(table.columns)):
        cells = [row[place] for _, row in begins if not isinstance(row, BadRow)]
        if cells and all(isinstance(cell, list) and cell and isinstance(cell[0], dict) for cell in cells):
            return _nested(table, place, list(cells[0][0]))
    return Source(columns=table.columns, rows=table.rows)


def _nested(table: Table, place: int, inner: Sequence[str]) -> Source:
    """Give the entries of a list in each row as rows of their own, with the columns beside it."""
    name = quoted_name(table.columns[place])
    outer = [column for at, column in enumerate(table.columns) if at != place]

    def rows() -> Iterator[tuple[int, Sequence[Any] | BadRow]]:
        count = 0
        for _, row in table.rows():
            if isinstance(row, BadRow):
                continue
            beside = [cell for at, cell in enumerate(row) if at != place]
            for entry in row[place] or ():
                count += 1
                yield count, [*beside, *(entry.get(key) for key in inner)]

    before = (
        f"with flat as (\n  select * exclude ({name}), unnest({name}, recursive := true) from source\n)\n"
    )
    return Source(columns=[*outer, *inner], rows=rows, relation="flat", before=before)


def _lines(paths: Sequence[Path]) -> Source:
    """Give the lines of a plain text as rows of cells with blanks between them."""
    with open_binary(paths[0]) as data:
        begins = [cells for line in islice(data, LOOKED_AT) if (cells := _cells(line))]
    width = len(begins[-1]) if begins else 0
    if width < 2 or any(len(cells) != width for cells in begins):
        raise unreadable(
            f"{paths[0].name} has no columns; write a map with a query that takes its lines apart"
        )
    titled = not any(kind_of(cell) in ("whole", "number", "time") for cell in begins[0])
    names = begins[0] if titled else [f"column_{place}" for place in range(1, width + 1)]

    def rows() -> Iterator[tuple[int, Sequence[Any] | BadRow]]:
        number = 0
        for path in paths:
            with open_binary(path) as data:
                for place, line in enumerate(data):
                    cells = _cells(line)
                    if cells and not (titled and place == 0):
                        number += 1
                        yield number, cells if len(cells) == width else BadRow("not_an_object", "torn", line)

    listed = ", ".join(f"cell[{place}] as {quoted_name(name)}" for place, name in enumerate(names, 1))
    past = f" and cell[1] <> '{names[0]}'" if titled else ""
    before = (
        "with cells as (select string_split_regex(trim(line), '\\s+') as cell from source),\n"
        f"flat as (\n  select {listed}\n  from cells where len(cell) = {width}{past}\n)\n"
    )
    return Source(columns=names, rows=rows, relation="flat", before=before, texts=True)


def _cells(line: bytes) -> list[str]:
    return re.split(r"\s+", line.decode("utf-8", "replace").strip()) if line.strip() else []
