"""SQL of plans, proposals and the record of changes."""

from __future__ import annotations

from functools import cache

from sqlalchemy import Executable, bindparam, delete, func, or_, select, update

from engine.store.release_tables import CHANGE, PLAN, PROPOSAL
from engine.store.statements import Insert
from engine.store.tables import CUSTOMER, EVENT, RELEASE, RUN


@cache
def plan() -> Executable:
    """A plan."""
    return select(PLAN).where(PLAN.c.token == bindparam("token"))


@cache
def put_plan(insert: Insert) -> Executable:
    """A plan, in the place of the same one made before."""
    put = insert(PLAN)
    return put.on_conflict_do_update(
        index_elements=[PLAN.c.token], set_={"at": put.excluded.at, "document": put.excluded.document}
    )


@cache
def delete_plans() -> Executable:
    """Plans made before `before`, away."""
    return delete(PLAN).where(PLAN.c.at < bindparam("before"))


@cache
def proposal() -> Executable:
    """A proposal."""
    return select(PROPOSAL).where(PROPOSAL.c.number == bindparam("number"))


@cache
def proposals() -> Executable:
    """All proposals."""
    return select(PROPOSAL).order_by(PROPOSAL.c.number)


@cache
def put_proposal(insert: Insert) -> Executable:
    """A proposal, or what has become of it."""
    put = insert(PROPOSAL)
    return put.on_conflict_do_update(index_elements=[PROPOSAL.c.number], set_={"state": put.excluded.state})


@cache
def insert_change() -> Executable:
    """A line of the record of changes."""
    return CHANGE.insert()


@cache
def changes() -> Executable:
    """The record of changes, as far as it is asked for."""
    row = CHANGE.c
    return (
        select(CHANGE)
        .where(
            row.at >= bindparam("start"),
            row.at < bindparam("end"),
            row.id > bindparam("after"),
            or_(row.release == bindparam("release"), bindparam("release") == -1),
        )
        .order_by(row.id)
        .limit(bindparam("limit"))
    )


@cache
def count_changes() -> Executable:
    """How many lines a period of the record has."""
    return (
        select(func.count())
        .select_from(CHANGE)
        .where(CHANGE.c.at >= bindparam("start"), CHANGE.c.at < bindparam("end"))
    )


@cache
def approve_emergency() -> Executable:
    """A release that went live before it was approved, approved."""
    return (
        update(RELEASE)
        .where(RELEASE.c.number == bindparam("b_number"), RELEASE.c.approver.is_(None))
        .values(approver=bindparam("approver"))
    )


@cache
def customer_ids() -> Executable:
    """Every customer's id."""
    return select(CUSTOMER.c.id).order_by(CUSTOMER.c.id)


@cache
def open_runs() -> Executable:
    """How many runs of each workflow are open."""
    return select(RUN.c.workflow, func.count()).where(RUN.c.open_for.is_not(None)).group_by(RUN.c.workflow)


@cache
def event_names() -> Executable:
    """The names of all events."""
    return select(EVENT.c.name).distinct()
