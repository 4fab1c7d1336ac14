"""One transaction of a SQL database: how its statements are run."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Executable, RowMapping
from sqlalchemy.exc import IntegrityError

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
        """Run a statement once for each row; give how many rows of the table it touched."""
        if not rows:
            return 0
        result = self._connection.execute(statement, rows, execution_options={"preserve_rowcount": True})
        return result.rowcount

    def _add(self, statement: Executable, rows: Sequence[Mapping[str, Any]], what: str, key: str) -> None:
        """Insert rows that must be new: `what` names one in the message when one is not."""
        if not rows:
            return
        try:
            self._connection.execute(statement, rows)
        except IntegrityError as error:
            named = some_of([str(row[key]) for row in rows])
            raise StoreError(f"{what} is stored already ({error.orig}); it is one of {named}") from error
