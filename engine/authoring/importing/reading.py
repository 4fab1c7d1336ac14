"""Files to raw events, with a map or by their own columns."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from zoneinfo import ZoneInfo

import msgspec

from engine.authoring.importing.events import AT, CUSTOMER, EVENT, Row, events_of
from engine.authoring.importing.files import Form, form_of, unreadable
from engine.authoring.importing.maps import MapFile
from engine.authoring.importing.plain import csv_rows, json_events
from engine.authoring.importing.query import lacking, query_files
from engine.authoring.importing.records import csv_columns
from engine.authoring.wording import either
from engine.customers.normalise import ANONYMOUS_KEYS, CUSTOMER_KEYS

LOOKED_AT = 100
"""Lines of JSON that are looked at to tell whether they are events."""

_NEEDED = (CUSTOMER, EVENT, AT)
_WHO = frozenset((*CUSTOMER_KEYS, *ANONYMOUS_KEYS, "groupId"))


class Reading(msgspec.Struct, frozen=True):
    """The rows of files, to be gone through once, and the names of their cells."""

    columns: Sequence[str]
    rows: Iterable[Row]


def read_rows(paths: Sequence[Path], map: MapFile | None = None) -> Reading:
    """Give the rows of files as raw events, as a client would send them, or as `BadRow`.

    Without a query a file has its events' columns itself; one without `event` has a customer's traits
    in each row. Everything is opened and checked before the first row is given. Raises
    AuthoringError for the map, RequestError for the files.
    """
    form = form_of(paths)
    zone = map.zone if map is not None else ZoneInfo("UTC")
    if map is not None and map.map.query is not None:
        return _queried(paths, form, map)
    if form == "csv":
        return _csv(paths, zone)
    if form == "jsonl":
        return Reading((), _json(paths))
    if form == "text":
        raise unreadable(
            f"{paths[0].name} has no columns; write a map with a query that takes its lines apart"
        )
    table = query_files(None, paths, form)
    timed = _check(table.columns, paths[0].name)
    return Reading(table.columns, events_of(table.columns, table.rows(), zone, timed=timed))


def names_events(paths: Sequence[Path]) -> bool:
    """Tell whether files have the columns of events, or of customers, by themselves."""
    form = form_of(paths)
    if form == "text":
        return False
    if form == "jsonl":
        begins = islice(json_events(paths[0]), LOOKED_AT)
        return any(isinstance(row, dict) and not _WHO.isdisjoint(row) for _, row in begins)
    columns = csv_columns(paths[0]) if form == "csv" else query_files(None, paths, form).columns
    present = {column.lower() for column in columns}
    return CUSTOMER in present and (EVENT not in present or AT in present)


def _queried(paths: Sequence[Path], form: Form, map: MapFile) -> Reading:
    if form == "csv" and map.map.needs:
        present = {column.lower() for path in paths for column in csv_columns(path)}
        if missing := [column for column in map.map.needs if column.lower() not in present]:
            raise lacking(paths[0].name, missing, map.map.id)
    table = query_files(map, paths, form)
    present = {column.lower() for column in table.columns}
    missing = [name for name in _NEEDED if name not in present]
    if missing:
        raise map.refused(
            f"the query gives no column {either(missing)}",
            f"it needs {either(_NEEDED, 'and')}; every other column is a property",
        )
    return Reading(table.columns, events_of(table.columns, table.rows(), map.zone))


def _csv(paths: Sequence[Path], zone: ZoneInfo) -> Reading:
    files = [(path, columns, _check(columns, path.name)) for path in paths for columns in [csv_columns(path)]]
    names = list(dict.fromkeys(name for _, columns, _ in files for name in columns))

    def rows() -> Iterator[Row]:
        before = last = 0
        for path, columns, timed in files:
            for row in events_of(columns, csv_rows(path, columns), zone, timed=timed):
                last = before + row.number
                cells = row.cells
                if columns != names and cells:
                    by_name = dict(zip(columns, cells, strict=True))
                    cells = [by_name.get(name) for name in names]
                yield Row(last, row.event, cells)
            before = last

    return Reading(names, rows())


def _json(paths: Sequence[Path]) -> Iterator[Row]:
    before = last = 0
    for path in paths:
        for number, event in json_events(path):
            last = before + number
            yield Row(last, event)
        before = last


def _check(columns: Sequence[str], name: str) -> bool:
    """Check what a file without a query must have; tell whether every row has to have a time."""
    present = {column.lower() for column in columns}
    needed = _NEEDED if EVENT in present else (CUSTOMER,)
    missing = [column for column in needed if column not in present]
    if missing:
        raise unreadable(
            f"{name} has no column {either(missing)}; events need {either(_NEEDED, 'and')}, "
            "customers need customer; name the columns so, or write a map with a query"
        )
    return EVENT in present or AT in present
