"""SQL of privacy: readings of personal data, erased ids, and the rows that erasing somebody concerns."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Executable,
    Select,
    Table,
    bindparam,
    case,
    delete,
    func,
    or_,
    select,
    update,
)

from engine.model.values import Micros
from engine.store.personal import AccessFilter
from engine.store.personal_tables import ACCESS, ERASURE
from engine.store.statements import Insert
from engine.store.tables import ALIAS, CUSTOMER, EVENT, IDEMPOTENCY, LOT, QUARANTINE


@cache
def insert_access() -> Executable:
    """A reading of personal data."""
    return ACCESS.insert()


def _found(rows: Select[Any], found: AccessFilter) -> Select[Any]:
    if found.start is not None:
        rows = rows.where(ACCESS.c.at >= found.start)
    if found.end is not None:
        rows = rows.where(ACCESS.c.at < found.end)
    if found.who is not None:
        rows = rows.where(or_(ACCESS.c.owner == found.who, ACCESS.c.key_id == found.who))
    if found.subjects is not None:
        rows = rows.where(ACCESS.c.subject.in_(found.subjects))
    return rows


def access_page(found: AccessFilter, after: tuple[Micros, int] | None, limit: int) -> Executable:
    """Readings by (at, id)."""
    page = _found(select(ACCESS), found).order_by(ACCESS.c.at, ACCESS.c.id).limit(limit)
    if after is None:
        return page
    at, id = after
    return page.where(or_(ACCESS.c.at > at, (ACCESS.c.at == at) & (ACCESS.c.id > id)))


def count_accesses(found: AccessFilter) -> Executable:
    """How many readings there are."""
    return _found(select(func.count()).select_from(ACCESS), found)


@cache
def access_reasons() -> Executable:
    """The readings that say what they were for."""
    return select(ACCESS.c.id, ACCESS.c.reason).where(ACCESS.c.reason.is_not(None))


@cache
def set_access_reason() -> Executable:
    """What the reading `b_id` was for."""
    return update(ACCESS).where(ACCESS.c.id == bindparam("b_id")).values(reason=bindparam("reason"))


@cache
def erasures() -> Executable:
    """Erased ids by mark."""
    return select(ERASURE).order_by(ERASURE.c.mark)


@cache
def put_erasure(insert: Insert) -> Executable:
    """The mark of an erased id; one that was lifted holds again."""
    put = insert(ERASURE)
    return put.on_conflict_do_update(
        index_elements=[ERASURE.c.mark], set_={"at": put.excluded.at, "lifted_at": put.excluded.lifted_at}
    )


@cache
def lift_erasure() -> Executable:
    """The erasure of `b_mark` holds no more."""
    return (
        update(ERASURE).where(ERASURE.c.mark == bindparam("b_mark")).values(lifted_at=bindparam("lifted_at"))
    )


def every_name() -> tuple[Executable, ...]:
    """The ids under which anything is stored, one column after another."""
    columns = (
        CUSTOMER.c.id, ALIAS.c.id, ALIAS.c.survivor, EVENT.c.customer, EVENT.c.anonymous_id,
        QUARANTINE.c.customer,
    )  # fmt: skip
    return tuple(select(column).where(column.is_not(None)).distinct() for column in columns)


def rows_of(table: Table, column: str, values: Sequence[str]) -> Executable:
    """The rows of a table that have one of some values in a column."""
    return select(table).where(table.c[column].in_(values))


def delete_rows(table: Table, column: str, values: Sequence[Any]) -> Executable:
    """These rows, away."""
    return delete(table).where(table.c[column].in_(values))


@cache
def reshape(table: Table) -> Executable:
    """A row as it is now, known by the key that it had as `b_<column>`."""
    return (
        update(table)
        .where(*_known(table))
        .values({column.name: bindparam(column.name) for column in table.c})
    )


@cache
def delete_row(table: Table) -> Executable:
    """A row, known by its key as `b_<column>`, away."""
    return delete(table).where(*_known(table))


def _known(table: Table) -> list[ColumnElement[bool]]:
    return [key == bindparam(f"b_{key.name}") for key in table.primary_key]


@cache
def rename_lot() -> Executable:
    """The lot `b_key` of `b_program`, called `key` from now on."""
    return update(LOT).where(*_known(LOT)).values(key=bindparam("key"))


def count_sent(customers: Sequence[str], outside: Sequence[str]) -> Executable:
    """How many of some customers' events came from outside, and how many were not decided yet."""
    return select(
        func.coalesce(func.sum(case((EVENT.c.cause.in_(outside), 1), else_=0)), 0),
        func.count() - func.count(EVENT.c.decided_at),
    ).where(EVENT.c.customer.in_(customers))


@cache
def answers() -> Executable:
    """Every kept answer to a request."""
    return select(IDEMPOTENCY)
