"""Every SQL statement of the store, each a named function; what only one dialect has is passed in."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Protocol, TypeAlias

from sqlalchemy import (
    ARRAY,
    Column,
    ColumnElement,
    Executable,
    Select,
    Table,
    bindparam,
    column,
    func,
    select,
)
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import GenericFunction


class Upsert(Protocol):
    """An INSERT that says what becomes of a row that is there already."""

    @property
    def excluded(self) -> Any:
        """The columns of the row that was to be inserted."""
        ...

    def on_conflict_do_update(self, *, index_elements: Any, set_: Any, where: Any = None) -> Executable:
        """Change the row that is there."""
        ...

    def on_conflict_do_nothing(self, *, index_elements: Any = None) -> Executable:
        """Leave the row that is there."""
        ...


Insert: TypeAlias = Callable[[Table], Upsert]
"""The dialect's own INSERT: `sqlalchemy.dialects.*.insert`."""


class _Among(GenericFunction[bool]):
    """Whether a column holds one of the values of a list, which is bound as a whole."""

    inherit_cache = True


def among(of: Column[Any], name: str) -> ColumnElement[bool]:
    """Give the rows whose column holds one of the list bound as `name`.

    The text of the statement is the same for any number of values, so that it is compiled, and planned,
    once: a list of JSON on SQLite, an array on PostgreSQL.
    """
    return _Among(of, bindparam(name, type_=ARRAY(of.type)))


@compiles(_Among, "sqlite")
def _among_json(element: _Among, compiler: SQLCompiler, **given: Any) -> str:
    of, values = element.clauses
    listed: Select[Any] = select(column("value")).select_from(func.json_each(bindparam(values.key)))
    return compiler.process(of.in_(listed), **given)


@compiles(_Among, "postgresql")
def _among_array(element: _Among, compiler: SQLCompiler, **given: Any) -> str:
    of, values = element.clauses
    return compiler.process(of == func.any(values), **given)


def by_no_index(of: Column[str]) -> ColumnElement[str]:
    """Give what a column of text holds as something that no index is of.

    Of one customer, or of a rare outcome, there are few rows, of a rule there may be millions: whoever names
    both is to be found by the former, and a database that knows no numbers of rows takes whatever stands in
    order already, or was made first.
    """
    return of.concat("")


def added_to(insert: Insert, table: Table, sums: Iterable[str]) -> Executable:
    """Give what adds to these columns of a row, and makes it where there is none."""
    put = insert(table)
    more = {name: table.c[name] + put.excluded[name] for name in sums}
    return put.on_conflict_do_update(index_elements=list(table.primary_key), set_=more)
