"""Queries over files: DuckDB, which sees the files as `source` and nothing else of the machine."""

from __future__ import annotations

import csv
import os
import shutil
import tempfile
import weakref
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from engine.authoring.importing.events import ROW, TIME, BadRow
from engine.authoring.importing.files import Form, unreadable
from engine.authoring.importing.maps import MapFile
from engine.authoring.importing.records import csv_columns, csv_records, is_report
from engine.authoring.importing.text import Torn, write_texts
from engine.errors import RequestError

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

BATCH = 10_000
LARGEST = "512MB"
"""The memory that a query may take; what is more goes to a temporary folder."""
_FOLDER = "holdfast-import-"
_SAFE = (
    "SET autoinstall_known_extensions = false",
    "SET autoload_known_extensions = false",
    f"SET memory_limit = '{LARGEST}'",
    # So that the same query over the same files gives the same order, and an import can go on in it.
    "SET threads = 1",
)
_CLOSED = ("SET enable_external_access = false", "SET lock_configuration = true")


class Table:
    """The rows that a query gives, the names of its columns, and a folder for what is too much for memory."""

    def __init__(self, connection: DuckDBPyConnection, folder: Path) -> None:
        self.columns: list[str] = []
        self.torn: Path | None = None
        self._connection = connection
        self._clear = weakref.finalize(self, _clear, connection, folder)

    def rows(self) -> Iterator[tuple[int, Sequence[Any] | BadRow]]:
        """Give the rows, once, each with its number; first those that are in no table."""
        if self.torn is not None:
            with self.torn.open("rb") as lines:
                for line in lines:
                    torn = msgspec.json.decode(line, type=Torn)
                    yield torn.number, torn.row
        number = 0
        while batch := self._connection.fetchmany(BATCH):
            for row in batch:
                number += 1
                yield number, row
        self._clear()


def query_files(map: MapFile | None, paths: Sequence[Path], form: Form) -> Table:
    """Run a map's query over files; without one, give everything that is in them.

    Raises AuthoringError for what is wrong with the query, RequestError for files that cannot be
    read, that lack a column which the map needs, and where DuckDB is not installed.
    """
    try:
        import duckdb
    except ImportError:
        raise RequestError(
            "this needs DuckDB; install it with: pip install 'holdfast[import]'", code="needs_duckdb"
        ) from None
    _sweep()
    folder = Path(tempfile.mkdtemp(prefix=f"{_FOLDER}{os.getpid()}-"))
    connection = duckdb.connect(str(folder / "source.duckdb"))
    table = Table(connection, folder)
    for setting in (*_SAFE, f"SET temp_directory = {_text(str(folder))}"):
        connection.execute(setting)
    try:
        read = _reader(_unshielded(paths, folder) if form == "csv" else paths, form)
        if map is not None and map.map.cells == "text":
            if form == "csv":
                texts = write_texts(paths, folder)
                table.torn, read = texts.refused, _texts(texts.path, texts.columns)
            else:
                read = f"(SELECT row_number() OVER () AS {ROW}, CAST(COLUMNS(*) AS VARCHAR) FROM {read})"
            read = f"(SELECT *, {_text(changed(paths))} AS {TIME} FROM {read})"
        connection.execute(f"CREATE TABLE source AS SELECT * FROM {read}")
    except duckdb.Error as error:
        raise unreadable(
            f"{paths[0].name} cannot be read: {_sentence(error)}; save it anew, or change the map"
        ) from error
    if map is not None:
        _complete(connection, map, paths[0].name)
    for setting in _CLOSED:
        connection.execute(setting)
    try:
        asked = "SELECT * FROM source" if map is None else _one_select(connection, map)
        described = connection.execute(f"DESCRIBE {asked}").fetchall()
        shown = ", ".join(_shown(str(name), str(kind)) for name, kind, *_ in described)
        connection.execute(f"SELECT {shown} FROM ({asked}\n)")
    except duckdb.Error as error:
        if map is None:
            raise unreadable(
                f"{paths[0].name} cannot be read: {_sentence(error)}; save it anew, or change the map"
            ) from error
        raise map.refused(f"DuckDB refuses the query: {_sentence(error)}") from error
    table.columns = [str(name) for name, *_ in described]
    return table


def _complete(connection: DuckDBPyConnection, map: MapFile, name: str) -> None:
    """Look for the columns that a map needs, and add those, empty, that a file may do without."""
    present = {str(column).lower() for column, *_ in connection.execute("DESCRIBE source").fetchall()}
    missing = [column for column in map.map.needs if column.lower() not in present]
    if missing:
        raise lacking(name, missing, map.map.id)
    for column in map.map.may_have:
        if column.lower() not in present:
            connection.execute(f"ALTER TABLE source ADD COLUMN {quoted_name(column)} VARCHAR")


def lacking(name: str, missing: Sequence[str], map: str) -> RequestError:
    """Give the error for a file without the columns that a map needs."""
    columns = ", ".join(missing)
    return unreadable(
        f"{name} has no column {columns}, which the map {map} needs; export it with this column, "
        "or change the map"
    )


def changed(paths: Sequence[Path]) -> str:
    """Give when the newest of the files was last changed: what they say is as of then."""
    newest = max(path.stat().st_mtime for path in paths)
    return datetime.fromtimestamp(newest, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _sweep() -> None:
    """Remove what imports left that were ended by force: nobody's customers should lie about."""
    for folder in Path(tempfile.gettempdir()).glob(f"{_FOLDER}*-*"):
        pid = folder.name.removeprefix(_FOLDER).partition("-")[0]
        if pid.isdecimal() and not _runs(int(pid)):
            shutil.rmtree(folder, ignore_errors=True)


def _runs(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True


def _clear(connection: DuckDBPyConnection, folder: Path) -> None:
    connection.close()
    shutil.rmtree(folder, ignore_errors=True)


def _one_select(connection: DuckDBPyConnection, map: MapFile) -> str:
    import duckdb

    query = map.map.query or ""
    statements = connection.extract_statements(query)
    if len(statements) != 1 or statements[0].type != duckdb.StatementType.SELECT:
        raise map.refused("the query is not one SELECT", "write one SELECT over source")
    return query.strip().rstrip(";")


def _reader(paths: Sequence[Path], form: Form) -> str:
    files = "[" + ", ".join(_text(str(path)) for path in paths) + "]"
    if form == "parquet":
        return f"read_parquet({files}, union_by_name = true)"
    if form == "jsonl":
        return f"read_json({files}, union_by_name = true, sample_size = -1)"
    if form == "text":
        # One column with the whole line, for what is neither: fixed widths, and the like.
        lines = "columns = {'line': 'VARCHAR'}, delim = '\x01', quote = '', escape = '', header = false"
        return f"read_csv({files}, {lines})"
    return f"read_csv({files}, union_by_name = true, sample_size = -1)"


def _unshielded(paths: Sequence[Path], folder: Path) -> list[Path]:
    """Give the files, a report of refused rows as it was before it was shielded from spreadsheets."""
    return [
        _plain(path, folder / f"mended-{number}.csv") if is_report(path) else path
        for number, path in enumerate(paths)
    ]


def _plain(report: Path, path: Path) -> Path:
    columns = csv_columns(report)
    with path.open("w", encoding="utf-8", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(columns)
        for number, cells in csv_records(report, len(columns)):
            if isinstance(cells, BadRow):
                raise unreadable(f"{report.name} cannot be read: {cells.detail}, row {number}; mend it")
            rows.writerow(cells)
    return path


def _texts(path: Path, columns: Sequence[str]) -> str:
    kinds = chain(("BIGINT",), ("VARCHAR" for _ in columns[1:]))
    listed = ", ".join(f"{_text(name)}: '{kind}'" for name, kind in zip(columns, kinds, strict=False))
    return (
        f"read_csv({_text(str(path))}, columns = {{{listed}}}, header = false, auto_detect = false, "
        """delim = ',', quote = '"', escape = '"')"""
    )


def _shown(name: str, kind: str) -> str:
    """Give the expression by which a column reaches Python: its driver has no instants of its own."""
    column = quoted_name(name)
    if kind == "TIMESTAMP WITH TIME ZONE":
        return f"strftime({column} AT TIME ZONE 'UTC', '%Y-%m-%dT%H:%M:%S.%fZ') AS {column}"
    return f"CAST({column} AS TIMESTAMP) AS {column}" if kind.startswith("TIMESTAMP_") else column


def quoted_name(name: str) -> str:
    """Give a column's name as SQL has it, whatever is in it."""
    return '"' + name.replace('"', '""') + '"'


def _text(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"


def _sentence(error: Exception) -> str:
    """Give the first line of what DuckDB says: the rest draws the query."""
    return str(error).partition("\n")[0]
