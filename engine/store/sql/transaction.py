"""One transaction of a SQL database: how its statements are run."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cached_property, lru_cache
from operator import itemgetter
from typing import Any, TypeVar, cast

import msgspec
from sqlalchemy import ClauseElement, Connection, CursorResult, Dialect, Executable, RowMapping, Update
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.sql.compiler import SQLCompiler

from engine.errors import StoreError
from engine.store.sql.sets import SetStatement
from engine.store.statements import Insert

Id = TypeVar("Id", str, int)

AT_ONCE = 500
"""How many ids one statement names; more are asked for in several statements."""


def portions(ids: Iterable[Id]) -> Iterator[list[Id]]:
    """Give different ids, so many at once as a statement takes."""
    unique = list(dict.fromkeys(ids))
    for start in range(0, len(unique), AT_ONCE):
        yield unique[start : start + AT_ONCE]


def some_of(keys: Sequence[str]) -> str:
    """Name keys in a message: the first three of them."""
    more = f" and {len(keys) - 3} more" if len(keys) > 3 else ""
    return ", ".join(repr(key) for key in keys[:3]) + more


class Habits(msgspec.Struct, frozen=True, kw_only=True):
    """What one kind of database does its own way.

    `insert` is the dialect's INSERT. `shared` tells whether others may write at the same time, so
    that what is about to change has to be held. `stripe` is the row of counts that this process adds to.
    `failure` tells what an error of the driver means.
    """

    insert: Insert
    failure: Callable[[DBAPIError], StoreError]
    shared: bool = False
    stripe: int = 0


class SqlTransaction:
    """A connection with an open transaction, and what is particular to its database."""

    def __init__(self, connection: Connection, habits: Habits) -> None:
        self._connection = connection
        self._habits = habits
        self._insert = habits.insert

    def _run(self, statement: Executable, values: Mapping[str, Any]) -> CursorResult[Any]:
        # What the database refuses is told as such right here: whoever plays a customer must not take
        # it for a failure of the core.
        try:
            return self._connection.execute(statement, values)
        except DBAPIError as error:
            raise self._habits.failure(error) from error

    def _rows(self, statement: Executable, **values: Any) -> Sequence[RowMapping]:
        return self._run(statement, values).mappings().all()

    def _row(self, statement: Executable, **values: Any) -> RowMapping | None:
        return self._run(statement, values).mappings().first()

    def _tuples(self, statement: Executable, **values: Any) -> Sequence[Any]:
        return self._run(statement, values).all()

    def _stream(self, statement: Executable) -> Iterator[Any]:
        """Give rows as the database finds them, never all at once."""
        try:
            yield from self._connection.execute(
                statement, execution_options={"stream_results": True, "yield_per": AT_ONCE}
            )
        except DBAPIError as error:
            raise self._habits.failure(error) from error

    def _scalar(self, statement: Executable, **values: Any) -> Any:
        return self._run(statement, values).scalar()

    def _change(self, statement: Executable, rows: Sequence[Mapping[str, Any]]) -> int:
        """Run a statement once for each row, all of one shape; give how many rows it touched."""
        try:
            return self._write(statement, rows) if rows else 0
        except DBAPIError as error:
            raise self._habits.failure(error) from error

    def _write(self, statement: Executable, rows: Sequence[Mapping[str, Any]]) -> int:
        prepared = _prepared(statement, self._connection.dialect, tuple(rows[0]))
        if self._habits.shared and len(rows) > 1 and prepared.many.takes(rows):
            together = {**prepared.fixed, **prepared.many.values(rows)}
            return self._connection.exec_driver_sql(prepared.many.text, together).rowcount
        return self._connection.exec_driver_sql(prepared.text, prepared.values(rows)).rowcount

    def _add(self, statement: Executable, rows: Sequence[Mapping[str, Any]], what: str, key: str) -> None:
        """Insert rows that must be new: `what` names one in the message when one is not."""
        if not rows:
            return
        try:
            self._write(statement, rows)
        except IntegrityError as error:
            named = some_of([str(row[key]) for row in rows])
            raise StoreError(f"{what} is stored already ({error.orig}); it is one of {named}") from error
        except DBAPIError as error:
            raise self._habits.failure(error) from error


class _Prepared:
    """A statement compiled once for rows of one shape.

    SQLAlchemy would build the parameters of every row anew, which costs more than SQLite's own work.
    Types need no conversion: rows hold what the drivers take.
    """

    def __init__(self, statement: Executable, dialect: Dialect, columns: tuple[str, ...]) -> None:
        # An UPDATE says itself what it sets. Told of a row's other columns it would set those too, to what
        # they are already, and an index is written anew for each column that is set.
        keys = None if isinstance(statement, Update) else list(columns)
        compiled = cast(
            SQLCompiler, cast(ClauseElement, statement).compile(dialect=dialect, column_keys=keys)
        )
        self.text = str(compiled)
        self.fixed = {name: value for name, value in compiled.params.items() if name not in columns}
        self._kinds = {name: bind.type for name, bind in compiled.binds.items() if name in columns}
        self._dialect = dialect
        self._order = compiled.positiontup

    @cached_property
    def many(self) -> SetStatement:
        """The statement for many rows at once."""
        compiler = self._dialect.type_compiler_instance
        # A collation is said of a value, not of an array.
        types = {name: compiler.process(kind).partition(" ")[0] for name, kind in self._kinds.items()}
        return SetStatement(self.text, types)

    def values(self, rows: Sequence[Mapping[str, Any]]) -> list[Any]:
        """Give the parameters of every row, as the driver takes them."""
        given = [{**self.fixed, **row} for row in rows] if self.fixed else rows
        order = self._order
        if order is None:
            return list(given)
        if len(order) == 1:
            return [(row[order[0]],) for row in given]
        return list(map(itemgetter(*order), given))


@lru_cache(maxsize=1024)
def _prepared(statement: Executable, dialect: Dialect, columns: tuple[str, ...]) -> _Prepared:
    return _Prepared(statement, dialect, columns)
