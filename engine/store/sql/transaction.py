"""One transaction of a SQL database: how its statements are run."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from operator import itemgetter
from typing import Any, cast

from sqlalchemy import ClauseElement, Connection, Dialect, Executable, RowMapping
from sqlalchemy.exc import IntegrityError
from sqlalchemy.sql.compiler import SQLCompiler

from engine.errors import StoreError
from engine.store.statements import Insert

AT_ONCE = 500
"""How many ids one statement names; more are asked for in several statements."""


def portions(ids: Iterable[str]) -> Iterator[list[str]]:
    """Give different ids, so many at once as a statement takes."""
    unique = list(dict.fromkeys(ids))
    for start in range(0, len(unique), AT_ONCE):
        yield unique[start : start + AT_ONCE]


def some_of(keys: Sequence[str]) -> str:
    """Name keys in a message: the first three of them."""
    more = f" and {len(keys) - 3} more" if len(keys) > 3 else ""
    return ", ".join(repr(key) for key in keys[:3]) + more


class SqlTransaction:
    """A connection with an open transaction, and the dialect's own INSERT."""

    def __init__(self, connection: Connection, insert: Insert) -> None:
        self._connection = connection
        self._insert = insert

    def _rows(self, statement: Executable, **values: Any) -> Sequence[RowMapping]:
        return self._connection.execute(statement, values).mappings().all()

    def _row(self, statement: Executable, **values: Any) -> RowMapping | None:
        return self._connection.execute(statement, values).mappings().first()

    def _tuples(self, statement: Executable, **values: Any) -> Sequence[Any]:
        return self._connection.execute(statement, values).all()

    def _scalar(self, statement: Executable, **values: Any) -> Any:
        return self._connection.execute(statement, values).scalar()

    def _change(self, statement: Executable, rows: Sequence[Mapping[str, Any]]) -> int:
        """Run a statement once for each row, all of one shape; give how many rows it touched."""
        if not rows:
            return 0
        prepared = _prepared(statement, self._connection.dialect, tuple(rows[0]))
        return self._connection.exec_driver_sql(prepared.text, prepared.values(rows)).rowcount

    def _add(self, statement: Executable, rows: Sequence[Mapping[str, Any]], what: str, key: str) -> None:
        """Insert rows that must be new: `what` names one in the message when one is not."""
        try:
            self._change(statement, rows)
        except IntegrityError as error:
            named = some_of([str(row[key]) for row in rows])
            raise StoreError(f"{what} is stored already ({error.orig}); it is one of {named}") from error


class _Prepared:
    """A statement compiled once for rows of one shape.

    SQLAlchemy would build the parameters of every row anew, which costs more than SQLite's own work.
    Types need no conversion: rows hold what the drivers take.
    """

    def __init__(self, statement: Executable, dialect: Dialect, columns: tuple[str, ...]) -> None:
        compiled = cast(
            SQLCompiler, cast(ClauseElement, statement).compile(dialect=dialect, column_keys=list(columns))
        )
        self.text = str(compiled)
        self._fixed = {name: value for name, value in compiled.params.items() if name not in columns}
        self._order = compiled.positiontup

    def values(self, rows: Sequence[Mapping[str, Any]]) -> list[Any]:
        """Give the parameters of every row, as the driver takes them."""
        given = [{**self._fixed, **row} for row in rows] if self._fixed else rows
        order = self._order
        if order is None:
            return list(given)
        if len(order) == 1:
            return [(row[order[0]],) for row in given]
        return list(map(itemgetter(*order), given))


@lru_cache(maxsize=1024)
def _prepared(statement: Executable, dialect: Dialect, columns: tuple[str, ...]) -> _Prepared:
    return _Prepared(statement, dialect, columns)
