"""One transaction of a SQL database: how its statements are run."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from itertools import pairwise
from operator import itemgetter
from typing import Any, Protocol, TypeVar, cast

import msgspec
from sqlalchemy import Boolean, ClauseElement, Connection, Dialect, Executable, Update
from sqlalchemy.exc import DBAPIError
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.selectable import ReturnsRows

from engine.errors import StoreError
from engine.model.values import Micros
from engine.store.activity import SpanCount
from engine.store.sql.sets import SetStatement
from engine.store.statements import Insert

Id = TypeVar("Id", str, int)
Row = dict[str, Any]

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


class Cursor(Protocol):
    """What a driver gives for a statement that it has run."""

    @property
    def rowcount(self) -> int:
        """How many rows were changed."""
        ...

    def fetchall(self) -> Sequence[Any]:
        """Give all rows."""
        ...

    def fetchone(self) -> Any:
        """Give the first row, None where there is none."""
        ...


class Driver(Protocol):
    """How a text of SQL is run, as its database takes it; lists among the values are bound as a whole."""

    @property
    def errors(self) -> tuple[type[Exception], ...]:
        """What is raised where the database, or the driver, refuses."""
        ...

    @property
    def collisions(self) -> tuple[type[Exception], ...]:
        """Those that say that a row is there already."""
        ...

    def run(self, connection: Connection, text: str, values: Any) -> Cursor:
        """Run it once; `values` are in the order, or under the names, of the text."""
        ...

    def run_many(self, connection: Connection, text: str, rows: Sequence[Any]) -> int:
        """Run it once for each row; give how many rows of the database were changed."""
        ...

    def listed(self, values: Sequence[Any]) -> Any:
        """Give a list as one value."""
        ...


class Habits(msgspec.Struct, frozen=True, kw_only=True):
    """What one kind of database does its own way.

    `insert` is the dialect's INSERT. `shared` tells whether others may write at the same time, so
    that what is about to change has to be held. `stripe` is the row of counts that this process adds to.
    `failure` tells what an error of the `driver` means.
    """

    insert: Insert
    driver: Driver
    failure: Callable[[Exception], StoreError]
    shared: bool = False
    stripe: int = 0


class SqlTransaction:
    """A connection with an open transaction, and what is particular to its database.

    A statement that is built once is asked with the values that it binds, and runs as it was compiled then;
    one that is built for a single question holds its values itself.
    """

    def __init__(self, connection: Connection, habits: Habits) -> None:
        self._connection = connection
        self._habits = habits
        self._insert = habits.insert

    def _rows(self, statement: Executable, **values: Any) -> list[Row]:
        names, rows = self._ask(statement, values)
        return [dict(zip(names, row, strict=True)) for row in rows]

    def _row(self, statement: Executable, **values: Any) -> Row | None:
        return next(iter(self._rows(statement, **values)), None)

    def _tuples(self, statement: Executable, **values: Any) -> Sequence[Any]:
        return self._ask(statement, values)[1]

    def _spans(self, statement: Executable, bounds: Sequence[Micros], **values: Any) -> list[SpanCount]:
        """Count from each bound to before the next with a statement that takes `start` and `end`."""
        return [
            SpanCount(start, kind, number)
            for start, end in pairwise(bounds)
            for number, kind in self._tuples(statement, start=start, end=end, **values)
        ]

    def _scalar(self, statement: Executable, **values: Any) -> Any:
        rows = self._ask(statement, values)[1]
        return rows[0][0] if rows else None

    def _ask(self, statement: Executable, values: Mapping[str, Any]) -> tuple[Sequence[str], Sequence[Any]]:
        # What the database refuses is told as such right here: whoever plays a customer must not take
        # it for a failure of the core.
        habits = self._habits
        try:
            if not values:
                found = self._connection.execute(statement)
                return list(found.keys()), found.all()
            prepared = _prepared(statement, self._connection.dialect, tuple(values))
            cursor = habits.driver.run(self._connection, prepared.text, self._bound(prepared, values))
            return prepared.names, prepared.typed(cursor.fetchall())
        except habits.driver.errors as error:
            raise habits.failure(error) from error

    def _run(self, statement: Executable, **values: Any) -> int:
        """Run a statement that gives no rows; give how many it changed."""
        habits = self._habits
        try:
            if not values:
                return self._connection.execute(statement).rowcount
            prepared = _prepared(statement, self._connection.dialect, tuple(values))
            bound = self._bound(prepared, values)
            return habits.driver.run(self._connection, prepared.text, bound).rowcount
        except habits.driver.errors as error:
            raise habits.failure(error) from error

    def _bound(self, prepared: _Prepared, values: Mapping[str, Any]) -> Any:
        listed = self._habits.driver.listed
        given = {name: listed(value) if type(value) is list else value for name, value in values.items()}
        return prepared.values([given])[0]

    def _stream(self, statement: Executable) -> Iterator[Any]:
        """Give rows as the database finds them, never all at once."""
        try:
            yield from self._connection.execute(
                statement, execution_options={"stream_results": True, "yield_per": AT_ONCE}
            )
        except DBAPIError as error:
            raise self._habits.failure(error) from error

    def _change(self, statement: Executable, rows: Sequence[Mapping[str, Any]]) -> int:
        """Run a statement once for each row, all of one shape; give how many rows it touched."""
        try:
            return self._write(statement, rows) if rows else 0
        except self._habits.driver.errors as error:
            raise self._habits.failure(error) from error

    def _write(self, statement: Executable, rows: Sequence[Mapping[str, Any]]) -> int:
        prepared = _prepared(statement, self._connection.dialect, tuple(rows[0]))
        driver = self._habits.driver
        if self._habits.shared and len(rows) > 1 and prepared.many.takes(rows):
            together = {**prepared.fixed, **prepared.many.values(rows)}
            return driver.run(self._connection, prepared.many.text, together).rowcount
        return driver.run_many(self._connection, prepared.text, prepared.values(rows))

    def _add(self, statement: Executable, rows: Sequence[Mapping[str, Any]], what: str, key: str) -> None:
        """Insert rows that must be new: `what` names one in the message when one is not."""
        if not rows:
            return
        driver = self._habits.driver
        try:
            self._write(statement, rows)
        except driver.collisions as error:
            named = some_of([str(row[key]) for row in rows])
            told = getattr(error, "orig", error)
            raise StoreError(f"{what} is stored already ({told}); it is one of {named}") from error
        except driver.errors as error:
            raise self._habits.failure(error) from error


class _Prepared:
    """A statement compiled once for rows of one shape.

    SQLAlchemy would build the parameters of every row anew, which costs more than SQLite's own work.
    Types need no conversion, but for booleans that are asked for: rows hold what the drivers take.
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
        found = list(statement.exported_columns.items()) if isinstance(statement, ReturnsRows) else []
        self.names = tuple(str(name) for name, _ in found)
        self._flags = [place for place, (_, each) in enumerate(found) if isinstance(each.type, Boolean)]

    @cached_property
    def many(self) -> SetStatement:
        """The statement for many rows at once."""
        compiler = self._dialect.type_compiler_instance
        # A collation is said of a value, not of an array.
        types = {name: compiler.process(kind).partition(" ")[0] for name, kind in self._kinds.items()}
        return SetStatement(self.text, types)

    def typed(self, rows: Sequence[Any]) -> Sequence[Any]:
        """Give rows with booleans where SQLite has 0 and 1."""
        if not self._flags:
            return rows
        found = [list(row) for row in rows]
        for row in found:
            for place in self._flags:
                row[place] = bool(row[place])
        return found

    def values(self, rows: Sequence[Mapping[str, Any]]) -> list[Any]:
        """Give the parameters of every row, as the driver takes them."""
        given = [{**self.fixed, **row} for row in rows] if self.fixed else rows
        order = self._order
        if order is None:
            return list(given)
        if len(order) == 1:
            return [(row[order[0]],) for row in given]
        return list(map(itemgetter(*order), given))


_PREPARED: dict[tuple[Executable, str, tuple[str, ...]], _Prepared] = {}
"""By statement, each of which is built once, and the kind of database: one for all that are opened."""


def _prepared(statement: Executable, dialect: Dialect, columns: tuple[str, ...]) -> _Prepared:
    key = statement, dialect.name, columns
    found = _PREPARED.get(key)
    if found is None:
        found = _PREPARED[key] = _Prepared(statement, dialect, columns)
    return found
