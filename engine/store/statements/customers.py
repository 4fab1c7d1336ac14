"""SQL of customers: hot rows, chunks, aliases."""

from __future__ import annotations

from functools import cache

from sqlalchemy import (
    Column,
    ColumnElement,
    Executable,
    Select,
    bindparam,
    delete,
    func,
    select,
    union_all,
    update,
)

from engine.store.statements import Insert, among
from engine.store.tables import ALIAS, BUCKET_CHUNK, CUSTOMER

BARE = tuple(column for column in CUSTOMER.c if column is not CUSTOMER.c.shard)

_HOLD_ORDER = (CUSTOMER.c.kind.desc(), CUSTOMER.c.id)
"""Persons before accounts: whoever needs both takes them in this order, so that nobody waits in a ring."""


@cache
def members_by_id() -> Executable:
    """The hot rows of `ids`; a place that is only held has none yet."""
    return select(*BARE).where(among(CUSTOMER.c.id, "ids"), CUSTOMER.c.version > 0)


@cache
def hold_place(insert: Insert) -> Executable:
    """A place for a customer who is not stored yet, of version 0; only its own transaction sees it."""
    return insert(CUSTOMER).on_conflict_do_nothing(index_elements=[CUSTOMER.c.id])


@cache
def hold() -> Executable:
    """The versions of `ids`, held until the transaction ends."""
    return (
        select(CUSTOMER.c.id, CUSTOMER.c.version)
        .where(among(CUSTOMER.c.id, "ids"))
        .order_by(*_HOLD_ORDER)
        .with_for_update()
    )


@cache
def hold_free() -> Executable:
    """Those of `ids` that nobody holds, held until the transaction ends."""
    return (
        select(CUSTOMER.c.id)
        .where(among(CUSTOMER.c.id, "ids"), CUSTOMER.c.version > 0)
        .order_by(*_HOLD_ORDER)
        .with_for_update(skip_locked=True)
    )


@cache
def present() -> Executable:
    """Those of `ids` that have a row."""
    return select(CUSTOMER.c.id).where(among(CUSTOMER.c.id, "ids"))


@cache
def drop_places() -> Executable:
    """Places that were held and stayed empty, away."""
    return delete(CUSTOMER).where(among(CUSTOMER.c.id, "ids"), CUSTOMER.c.version == 0)


@cache
def chunks_of() -> Executable:
    """All chunks of `ids`."""
    return select(BUCKET_CHUNK).where(among(BUCKET_CHUNK.c.customer, "ids"))


@cache
def member_page() -> Executable:
    """`limit` hot rows after the id `after`."""
    return (
        select(*BARE)
        .where(CUSTOMER.c.id > bindparam("after"))
        .order_by(CUSTOMER.c.id)
        .limit(bindparam("limit"))
    )


@cache
def customers_named() -> Executable:
    """`limit` names from `start` to before `end` and after `after`, each with the customer who goes by it."""

    def among(name: Column[str], customer: Column[str], *more: ColumnElement[bool]) -> Select[str, str]:
        # Each by itself in order: PostgreSQL would sort all of both otherwise.
        within = name >= bindparam("start"), name < bindparam("end"), name > bindparam("after"), *more
        some = select(name.label("name"), customer.label("customer")).where(*within).order_by(name)
        part = some.limit(bindparam("limit")).subquery()
        return select(part.c.name, part.c.customer)

    found = union_all(
        among(CUSTOMER.c.id, CUSTOMER.c.id, CUSTOMER.c.erased_at.is_(None)),
        among(ALIAS.c.id, ALIAS.c.survivor),
    )
    return found.order_by("name").limit(bindparam("limit"))


@cache
def members_of_account() -> Executable:
    """The ids of persons tied to `account`."""
    return select(CUSTOMER.c.id).where(CUSTOMER.c.account == bindparam("account")).order_by(CUSTOMER.c.id)


@cache
def due_customers() -> Executable:
    """`limit` ids that are due at `now`."""
    return (
        select(CUSTOMER.c.id)
        .where(CUSTOMER.c.next_due <= bindparam("now"))
        .order_by(CUSTOMER.c.next_due, CUSTOMER.c.id)
        .limit(bindparam("limit"))
    )


@cache
def claim_due(sharded: bool) -> Executable:
    """`limit` ids of one `kind` that are due at `now`, held; those that others hold are passed over."""
    due = (
        select(CUSTOMER.c.id)
        .where(CUSTOMER.c.next_due <= bindparam("now"), CUSTOMER.c.kind == bindparam("kind"))
        .order_by(CUSTOMER.c.next_due, CUSTOMER.c.id)
        .limit(bindparam("limit"))
        .with_for_update(skip_locked=True)
    )
    return due.where(CUSTOMER.c.shard == bindparam("shard")) if sharded else due


@cache
def earliest_due() -> Executable:
    """The next instant at which a customer is due."""
    return select(func.min(CUSTOMER.c.next_due)).where(CUSTOMER.c.next_due.is_not(None))


@cache
def count_customers() -> Executable:
    """How many customers there are."""
    return select(func.count()).select_from(CUSTOMER)


@cache
def insert_customer() -> Executable:
    """A customer's first row."""
    return CUSTOMER.insert()


@cache
def update_customer() -> Executable:
    """A customer's hot row, where it is still at version `expected`."""
    changed = (column for column in CUSTOMER.c if column is not CUSTOMER.c.id)
    return (
        update(CUSTOMER)
        .where(CUSTOMER.c.id == bindparam("b_id"), CUSTOMER.c.version == bindparam("b_expected"))
        .values({column: bindparam(column.name) for column in changed})
    )


@cache
def versions_of() -> Executable:
    """The versions of `ids`."""
    return select(CUSTOMER.c.id, CUSTOMER.c.version).where(among(CUSTOMER.c.id, "ids"))


@cache
def delete_customers() -> Executable:
    """The hot rows of `ids`, away."""
    return delete(CUSTOMER).where(among(CUSTOMER.c.id, "ids"))


@cache
def put_chunk(insert: Insert) -> Executable:
    """A chunk, in place of the one before."""
    put = insert(BUCKET_CHUNK)
    return put.on_conflict_do_update(
        index_elements=[BUCKET_CHUNK.c.customer, BUCKET_CHUNK.c.month], set_={"body": put.excluded.body}
    )


@cache
def delete_chunk() -> Executable:
    """One chunk, away."""
    return delete(BUCKET_CHUNK).where(
        BUCKET_CHUNK.c.customer == bindparam("b_customer"), BUCKET_CHUNK.c.month == bindparam("b_month")
    )


@cache
def delete_chunks() -> Executable:
    """All chunks of `ids`, away."""
    return delete(BUCKET_CHUNK).where(among(BUCKET_CHUNK.c.customer, "ids"))


@cache
def aliases_by_id() -> Executable:
    """What `ids` are bound to."""
    return select(ALIAS.c.id, ALIAS.c.survivor).where(among(ALIAS.c.id, "ids"))


@cache
def aliases_by_survivor() -> Executable:
    """What is bound to `ids`."""
    return select(ALIAS).where(among(ALIAS.c.survivor, "ids"))


@cache
def insert_alias() -> Executable:
    """A name bound to a customer."""
    return ALIAS.insert()
