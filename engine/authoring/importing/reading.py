"""Files to raw events, with a map or by their own columns."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from zoneinfo import ZoneInfo

from engine.authoring.importing.events import AT, CUSTOMER, EVENT, events_of
from engine.authoring.importing.files import Form, form_of, unreadable
from engine.authoring.importing.maps import MapFile
from engine.authoring.importing.plain import csv_columns, csv_rows, json_events
from engine.authoring.importing.query import query_files
from engine.authoring.wording import either

_NEEDED = (CUSTOMER, EVENT, AT)


def read_events(paths: Sequence[Path], map: MapFile | None = None) -> Iterator[object]:
    """Give the raw events of files: JSON objects as a client sends them, or a `BadRow`.

    Without a query a file has its events' columns itself; one without `event` has a customer's traits
    in each row. Everything is opened and checked before the first event is given. Raises
    AuthoringError for the map, RequestError for the files.
    """
    form = form_of(paths)
    zone = map.zone if map is not None else ZoneInfo("UTC")
    if map is not None and map.map.query is not None:
        return _queried(paths, form, map)
    if form == "csv":
        return _csv(paths, zone)
    if form == "jsonl":
        return (event for path in paths for event in json_events(path))
    if form == "text":
        raise unreadable(f"{paths[0].name} has no columns; a map with a query can take its lines apart")
    table = query_files(None, paths, form)
    timed = _check(table.columns, paths[0].name)
    return events_of(table.columns, table.rows(), zone, timed=timed)


def _queried(paths: Sequence[Path], form: Form, map: MapFile) -> Iterator[object]:
    table = query_files(map, paths, form)
    present = {column.lower() for column in table.columns}
    missing = [name for name in _NEEDED if name not in present]
    if missing:
        raise map.refused(
            f"the query gives no column {either(missing)}",
            f"it needs {either(_NEEDED, 'and')}; every other column is a property",
        )
    return events_of(table.columns, table.rows(), map.zone)


def _csv(paths: Sequence[Path], zone: ZoneInfo) -> Iterator[object]:
    files = [(path, columns, _check(columns, path.name)) for path in paths for columns in [csv_columns(path)]]
    return (
        event
        for path, columns, timed in files
        for event in events_of(columns, csv_rows(path, columns), zone, timed=timed)
    )


def _check(columns: Sequence[str], name: str) -> bool:
    """Check what a file without a query must have; tell whether every row has to have a time."""
    present = {column.lower() for column in columns}
    needed = _NEEDED if EVENT in present else (CUSTOMER,)
    missing = [column for column in needed if column not in present]
    if missing:
        raise unreadable(
            f"{name} has no column {either(missing)}; events need {either(_NEEDED, 'and')}, "
            "customers need customer, and a map with a query makes them of any others"
        )
    return EVENT in present or AT in present
