"""Queries over files: DuckDB, which sees the files as `source` and nothing else of the machine."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine.authoring.importing.files import Form, unreadable
from engine.authoring.importing.maps import MapFile
from engine.errors import RequestError

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

BATCH = 10_000
_SAFE = (
    "SET autoinstall_known_extensions = false",
    "SET autoload_known_extensions = false",
)
_CLOSED = ("SET enable_external_access = false", "SET lock_configuration = true")


class Table:
    """The rows that a query gives, and the names of its columns."""

    def __init__(self, connection: DuckDBPyConnection, columns: list[str]) -> None:
        self._connection = connection
        self.columns = columns

    def rows(self) -> Iterator[tuple[Any, ...]]:
        """Give the rows, once."""
        while batch := self._connection.fetchmany(BATCH):
            yield from batch


def query_files(map: MapFile | None, paths: Sequence[Path], form: Form) -> Table:
    """Run a map's query over files; without one, give everything that is in them.

    Raises AuthoringError for what is wrong with the query, RequestError for files that cannot be
    read and where DuckDB is not installed.
    """
    try:
        import duckdb
    except ImportError:
        raise RequestError(
            "this needs DuckDB; install it with: pip install 'holdfast[import]'", code="needs_duckdb"
        ) from None
    connection = duckdb.connect(":memory:")
    for setting in _SAFE:
        connection.execute(setting)
    try:
        connection.execute(f"CREATE TABLE source AS SELECT * FROM {_reader(paths, form)}")
    except duckdb.Error as error:
        raise unreadable(f"{paths[0].name} cannot be read: {_sentence(error)}") from error
    for setting in _CLOSED:
        connection.execute(setting)
    try:
        asked = "SELECT * FROM source" if map is None else _one_select(connection, map)
        described = connection.execute(f"DESCRIBE {asked}").fetchall()
        shown = ", ".join(_shown(str(name), str(kind)) for name, kind, *_ in described)
        connection.execute(f"SELECT {shown} FROM ({asked}\n)")
    except duckdb.Error as error:
        if map is None:
            raise unreadable(f"{paths[0].name} cannot be read: {_sentence(error)}") from error
        raise map.refused(f"DuckDB refuses the query: {_sentence(error)}") from error
    return Table(connection, [str(name) for name, *_ in described])


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


def _shown(name: str, kind: str) -> str:
    """Give the expression by which a column reaches Python: its driver has no instants of its own."""
    column = '"' + name.replace('"', '""') + '"'
    if kind == "TIMESTAMP WITH TIME ZONE":
        return f"strftime({column} AT TIME ZONE 'UTC', '%Y-%m-%dT%H:%M:%S.%fZ') AS {column}"
    return f"CAST({column} AS TIMESTAMP) AS {column}" if kind.startswith("TIMESTAMP_") else column


def _text(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"


def _sentence(error: Exception) -> str:
    """Give the first line of what DuckDB says: the rest draws the query."""
    return str(error).partition("\n")[0]
