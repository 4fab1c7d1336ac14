"""SQL of contact: suppressions, and how coupons and budgets stand."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

from sqlalchemy import Executable, bindparam, select, update

from engine.store.statements import Insert
from engine.store.tables import COUPON, SUPPRESSION


@cache
def coupon_by_code() -> Executable:
    """The coupon `code`."""
    return select(COUPON).where(COUPON.c.code == bindparam("code"))


@cache
def move_coupon() -> Executable:
    """How the coupon `b_code` stands now, and whose it is."""
    changed = ("customer", "status", "ended_at", "reference", "note", "by")
    return (
        update(COUPON)
        .where(COUPON.c.code == bindparam("b_code"))
        .values({name: bindparam(name) for name in changed})
    )


@cache
def insert_suppression(insert: Insert) -> Executable:
    """A suppression, unless the same one holds already."""
    return insert(SUPPRESSION).on_conflict_do_nothing()


@cache
def suppressed() -> Executable:
    """Why the address `target` gets nothing on `channel`."""
    row = SUPPRESSION.c
    return (
        select(row.reason)
        .where(
            row.target == bindparam("target"),
            row.channel.in_([bindparam("channel"), "*"]),
            row.scope == "address",
            row.removed_at.is_(None),
        )
        .order_by(row.id)
        .limit(1)
    )


@cache
def suppression_by_id() -> Executable:
    """The suppression `id`."""
    return select(SUPPRESSION).where(SUPPRESSION.c.id == bindparam("id"))


def suppression_page(
    targets: Sequence[str] | None, channel: str | None, removed: bool, after: int | None, limit: int
) -> Executable:
    """Suppressions that hold or do no more, by id."""
    row = SUPPRESSION.c
    page = select(SUPPRESSION).order_by(row.id).limit(limit)
    page = page.where(row.removed_at.is_not(None) if removed else row.removed_at.is_(None))
    if targets is not None:
        page = page.where(row.target.in_(targets))
    if channel is not None:
        page = page.where(row.channel.in_([channel, "*"]))
    return page if after is None else page.where(row.id > after)


@cache
def remove_suppression() -> Executable:
    """A suppression that holds no more."""
    return (
        update(SUPPRESSION)
        .where(SUPPRESSION.c.id == bindparam("b_id"), SUPPRESSION.c.removed_at.is_(None))
        .values({name: bindparam(name) for name in ("removed_at", "removed_by", "removed_note")})
    )


@cache
def lift_suppression() -> Executable:
    """The customer `b_target` may be written to again on `b_channel`."""
    row = SUPPRESSION.c
    return (
        update(SUPPRESSION)
        .where(
            row.target == bindparam("b_target"),
            row.channel == bindparam("b_channel"),
            row.scope == "customer",
            row.removed_at.is_(None),
        )
        .values({name: bindparam(name) for name in ("removed_at", "removed_by", "removed_note")})
    )
