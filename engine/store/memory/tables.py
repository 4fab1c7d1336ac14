"""Tables of rows in dicts, of which a transaction works on a copy."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from typing import Any, TypeAlias

from engine.errors import StoreError
from engine.model.values import Micros
from engine.store.activity import SpanCount
from engine.store.rows import Columns

Table: TypeAlias = dict[Any, Columns]
Tables: TypeAlias = dict[str, Table]


def within(value: int, start: int | None, end: int | None) -> bool:
    """Tell whether a value is in a half-open span."""
    return (start is None or value >= start) and (end is None or value < end)


def page(
    rows: Iterable[Columns], columns: tuple[str, ...], after: Any, limit: int | None, newest: bool = False
) -> list[Columns]:
    """Sort rows by columns and give those after a key; backwards where the newest come first."""

    def key(row: Columns) -> Any:
        return row[columns[0]] if len(columns) == 1 else tuple(row[column] for column in columns)

    ordered = sorted(rows, key=key, reverse=newest)
    if after is not None:
        ordered = [row for row in ordered if (key(row) < after if newest else key(row) > after)]
    return ordered[:limit]


def spans(rows: Iterable[Columns], at: str, kind: str, bounds: Sequence[Micros]) -> list[SpanCount]:
    """Count rows from each bound to before the next, by (span, kind); `at` and `kind` name columns."""
    counted = Counter(
        (start, row[kind]) for row in rows for start, end in pairwise(bounds) if start <= row[at] < end
    )
    return [SpanCount(*each, number) for each, number in sorted(counted.items())]


class MemoryTransaction:
    """A state of all tables. Rows are never changed in place: another transaction may see them."""

    def __init__(self, tables: Tables) -> None:
        self.tables = dict(tables)
        self._own: set[str] = set()

    def _table(self, name: str) -> Mapping[Any, Columns]:
        return self.tables.get(name, {})

    def _rows(self, name: str) -> Iterable[Columns]:
        return self._table(name).values()

    def _survivor(self, id: str) -> str:
        """Give the id that a customer goes by, whatever they were merged into."""
        aliases = self._table("alias")
        while id in aliases:
            id = aliases[id]["survivor"]
        return id

    def _edit(self, name: str) -> Table:
        """Give a table to write into: a copy, made at the first time."""
        if name not in self._own:
            self.tables[name] = dict(self.tables.get(name, {}))
            self._own.add(name)
        return self.tables[name]

    def _add(self, name: str, key: Any, row: Columns, what: str) -> None:
        """Add a row that must be new."""
        table = self._edit(name)
        if key in table:
            raise StoreError(f"{what} is stored already: {key!r}")
        table[key] = row

    def _next(self, name: str) -> int:
        """Give the number that a table gives its next row."""
        return max(self._table(name), default=0) + 1
