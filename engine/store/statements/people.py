"""SQL of what people see and get: questions, cases, coupons, points, segments, budgets."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any

from sqlalchemy import Executable, Select, Table, bindparam, func, select, tuple_, update

from engine.loyalty.ledger import ACCOUNTS
from engine.model.values import FOR_EVER, Micros
from engine.store.people_tables import ASK, CASE
from engine.store.records import CaseFilter
from engine.store.statements import Insert, added_to, among
from engine.store.tables import BUDGET, COUPON, LOT, POSTING, SEGMENT_MEMBERSHIP


def _put(insert: Insert, table: Table) -> Executable:
    put = insert(table)
    changed = {column.name: put.excluded[column.name] for column in table.c if not column.primary_key}
    return put.on_conflict_do_update(index_elements=list(table.primary_key), set_=changed)


@cache
def put_ask(insert: Insert) -> Executable:
    """A question, new or answered."""
    return _put(insert, ASK)


@cache
def ask_by_id() -> Executable:
    """One question."""
    return select(ASK).where(ASK.c.id == bindparam("id"))


@cache
def ask_page(answered: bool, of_one: bool, by_due: bool) -> Executable:
    """`limit` questions after `after`, open or answered, to everybody or to `who`.

    By id; or by (due, id), after the instant `due` and the id `after`.
    """
    state = ASK.c.answered_at.is_not(None) if answered else ASK.c.answered_at.is_(None)
    page = select(ASK).where(state)
    if of_one:
        page = page.where(ASK.c.who == bindparam("who"))
    if not by_due:
        return page.where(ASK.c.id > bindparam("after")).order_by(ASK.c.id).limit(bindparam("limit"))
    # So that those of the other kind are not gone through, to which the index leads first or last.
    kind = ASK.c.due == FOR_EVER if answered else ASK.c.due < FOR_EVER
    place = tuple_(ASK.c.due, ASK.c.id) > tuple_(bindparam("due"), bindparam("after"))
    return page.where(kind, place).order_by(ASK.c.due, ASK.c.id).limit(bindparam("limit"))


@cache
def count_open_asks() -> Executable:
    """How many questions are open."""
    return select(func.count()).select_from(ASK).where(ASK.c.answered_at.is_(None))


@cache
def open_asks() -> Executable:
    """Those of the questions `ids` that are not answered."""
    return select(ASK).where(among(ASK.c.id, "ids"), ASK.c.answered_at.is_(None))


@cache
def asks_of() -> Executable:
    """The questions about the customers `ids`."""
    return select(ASK).where(among(ASK.c.customer, "ids"))


@cache
def put_case(insert: Insert) -> Executable:
    """A case as it is now."""
    return _put(insert, CASE)


@cache
def case_by_id() -> Executable:
    """One case."""
    return select(CASE).where(CASE.c.id == bindparam("id"))


@cache
def count_cases() -> Executable:
    """How many cases are open, by ladder and how they stand."""
    kind = (CASE.c.ladder, CASE.c.status, CASE.c.paused, CASE.c.breached, CASE.c.exhausted)
    is_open = CASE.c.status.in_(("open", "acknowledged"))
    return select(*kind, func.count().label("number")).where(is_open).group_by(*kind).order_by(*kind)


def case_page(
    status: str | None,
    customers: Sequence[str] | None,
    found: CaseFilter,
    after: str | None,
    limit: int,
    due_from: Micros | None,
) -> Executable:
    """Cases by id, or by (due, id) from an instant on."""
    page = _cases(status, customers, found).limit(limit)
    if due_from is not None:
        place = tuple_(CASE.c.due, CASE.c.id)
        return page.where(place > tuple_(due_from, after or "")).order_by(CASE.c.due, CASE.c.id)
    page = page.order_by(CASE.c.id)
    return page if after is None else page.where(CASE.c.id > after)


def _cases(status: str | None, customers: Sequence[str] | None, found: CaseFilter) -> Select[Any]:
    page = select(CASE)
    for column, wanted in (
        (CASE.c.ladder, found.ladder),
        (CASE.c.who, found.who),
        (CASE.c.breached, found.breached),
        (CASE.c.exhausted, found.exhausted),
    ):
        if wanted is not None:
            page = page.where(column == wanted)
    if found.overdue_by is not None:
        page = page.where(CASE.c.overdue_at <= found.overdue_by)
    if status is not None:
        page = page.where(CASE.c.status == status)
    if customers is not None:
        page = page.where(CASE.c.customer.in_(customers))
    return page


@cache
def insert_coupon() -> Executable:
    """A coupon."""
    return COUPON.insert()


@cache
def coupons_of() -> Executable:
    """The coupons of the customers `ids`."""
    return select(COUPON).where(among(COUPON.c.customer, "ids")).order_by(COUPON.c.issued_at, COUPON.c.code)


@cache
def insert_posting() -> Executable:
    """A movement of points."""
    return POSTING.insert()


def postings_of(customers: Sequence[str], program: str | None) -> Executable:
    """Movements of points in the order of booking."""
    rows = select(POSTING).where(POSTING.c.customer.in_(customers)).order_by(POSTING.c.id)
    return rows if program is None else rows.where(POSTING.c.program == program)


@cache
def posting_by_key() -> Executable:
    """One movement of points."""
    return select(POSTING).where(POSTING.c.program == bindparam("program"), POSTING.c.key == bindparam("key"))


@cache
def add_to_lot(insert: Insert) -> Executable:
    """What movements add to a lot; a new one begins with it."""
    return added_to(insert, LOT, ACCOUNTS)


@cache
def points_of(closed: bool) -> Executable:
    """The sums of a program's lots by account; only of those of which nothing is left."""
    sums = select(*(func.sum(LOT.c[account]).label(account) for account in ACCOUNTS)).where(
        LOT.c.program == bindparam("program")
    )
    return sums.where(LOT.c.pending + LOT.c.available + LOT.c.reserved == 0) if closed else sums


@cache
def insert_membership() -> Executable:
    """A customer in a segment."""
    return SEGMENT_MEMBERSHIP.insert()


@cache
def close_membership() -> Executable:
    """A customer out of a segment at `valid_to`."""
    return (
        update(SEGMENT_MEMBERSHIP)
        .where(
            SEGMENT_MEMBERSHIP.c.segment == bindparam("b_segment"),
            SEGMENT_MEMBERSHIP.c.customer == bindparam("b_customer"),
            SEGMENT_MEMBERSHIP.c.valid_to.is_(None),
        )
        .values(valid_to=bindparam("valid_to"))
    )


def members_of(segment: str, at: Micros | None, after: str | None, limit: int) -> Executable:
    """The ids in a segment now or at an instant."""
    row = SEGMENT_MEMBERSHIP.c
    page = select(row.customer).where(row.segment == segment).order_by(row.customer).limit(limit)
    if at is None:
        page = page.where(row.valid_to.is_(None))
    else:
        page = page.where(row.valid_from <= at, row.valid_to.is_(None) | (row.valid_to > at)).distinct()
    return page if after is None else page.where(row.customer > after)


@cache
def memberships_of() -> Executable:
    """Every membership of `customer`, past ones too."""
    return (
        select(SEGMENT_MEMBERSHIP)
        .where(SEGMENT_MEMBERSHIP.c.customer == bindparam("customer"))
        .order_by(SEGMENT_MEMBERSHIP.c.valid_from, SEGMENT_MEMBERSHIP.c.id)
    )


@cache
def spent() -> Executable:
    """What was spent of the budgets `names`, in any period."""
    return select(BUDGET).where(among(BUDGET.c.budget, "names")).order_by(BUDGET.c.budget, BUDGET.c.period)


@cache
def begin_spending(insert: Insert) -> Executable:
    """A budget's period of which nothing is spent, unless it is there."""
    return insert(BUDGET).on_conflict_do_nothing(index_elements=list(BUDGET.primary_key))


@cache
def hold_spent() -> Executable:
    """What was spent of `budget` in `period`, held until the transaction ends."""
    return (
        select(BUDGET)
        .where(BUDGET.c.budget == bindparam("budget"), BUDGET.c.period == bindparam("period"))
        .with_for_update()
    )


@cache
def one_budget() -> Executable:
    """`budget` in `period`."""
    row = BUDGET.c
    return select(BUDGET).where(row.budget == bindparam("budget"), row.period == bindparam("period"))


@cache
def put_spent(insert: Insert) -> Executable:
    """What has been spent of a budget's period."""
    return _put(insert, BUDGET)
