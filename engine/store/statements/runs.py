"""SQL of runs, their step attempts, and who was exposed to which arm."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

from sqlalchemy import Executable, bindparam, func, select, tuple_, update

from engine.model.values import Micros
from engine.store.tables import EXPOSURE, RUN, STEP_ATTEMPT


@cache
def insert_run() -> Executable:
    """A new run."""
    return RUN.insert()


@cache
def update_run() -> Executable:
    """A run, where it is still at the transition `expected`."""
    kept = ("id", "trigger_key", "workflow", "started_at", "fence", "lease_until")
    changed = (column for column in RUN.c if column.name not in kept)
    return (
        update(RUN)
        .where(RUN.c.id == bindparam("b_id"), RUN.c.seq == bindparam("b_expected"))
        .values({column: bindparam(column.name) for column in changed})
    )


@cache
def runs_by_key() -> Executable:
    """The ids and trigger keys of the runs that have one of `keys`, or one of `ids`."""
    return select(RUN.c.id, RUN.c.trigger_key).where(
        RUN.c.trigger_key.in_(bindparam("keys", expanding=True))
        | RUN.c.id.in_(bindparam("ids", expanding=True))
    )


@cache
def run_by_id() -> Executable:
    """One run."""
    return select(RUN).where(RUN.c.id == bindparam("id"))


@cache
def open_runs_of() -> Executable:
    """The open runs of the customers `ids`."""
    return select(RUN).where(RUN.c.open_for.in_(bindparam("ids", expanding=True)))


def run_page(
    workflow: str | None,
    customers: Sequence[str] | None,
    status: str | None,
    start: Micros | None,
    end: Micros | None,
    after: tuple[Micros, str] | None,
    limit: int,
    newest: bool,
) -> Executable:
    """Runs by (started, id), or backwards."""
    place = tuple_(RUN.c.started_at, RUN.c.id)
    page = select(RUN).limit(limit)
    if workflow is not None:
        page = page.where(RUN.c.workflow == workflow)
    if customers is not None:
        page = page.where(RUN.c.customer.in_(customers))
    if status is not None:
        page = page.where(RUN.c.status == status)
    if start is not None:
        page = page.where(RUN.c.started_at >= start)
    if end is not None:
        page = page.where(RUN.c.started_at < end)
    if after is not None:
        page = page.where(place < tuple_(*after) if newest else place > tuple_(*after))
    if newest:
        return page.order_by(RUN.c.started_at.desc(), RUN.c.id.desc())
    return page.order_by(RUN.c.started_at, RUN.c.id)


@cache
def overdue_runs() -> Executable:
    """`limit` open runs that were due before `before`."""
    return (
        select(RUN)
        .where(RUN.c.due < bindparam("before"))
        .order_by(RUN.c.due, RUN.c.id)
        .limit(bindparam("limit"))
    )


@cache
def count_overdue() -> Executable:
    """How many open runs were due before `before`."""
    return select(func.count()).select_from(RUN).where(RUN.c.due < bindparam("before"))


@cache
def count_open() -> Executable:
    """How many runs are open."""
    return select(func.count()).select_from(RUN).where(RUN.c.open_for.is_not(None))


@cache
def insert_attempt() -> Executable:
    """What a run attempted."""
    return STEP_ATTEMPT.insert()


@cache
def attempts_of() -> Executable:
    """What `run` attempted."""
    return (
        select(STEP_ATTEMPT)
        .where(STEP_ATTEMPT.c.run == bindparam("run"))
        .order_by(STEP_ATTEMPT.c.seq, STEP_ATTEMPT.c.attempt)
    )


@cache
def insert_exposure() -> Executable:
    """Who reached a workflow's start, and the arm."""
    return EXPOSURE.insert()


def exposures(workflow: str | None, customers: Sequence[str] | None) -> Executable:
    """Exposures by (at, run)."""
    rows = select(EXPOSURE).order_by(EXPOSURE.c.at, EXPOSURE.c.run)
    if workflow is not None:
        rows = rows.where(EXPOSURE.c.workflow == workflow)
    return rows if customers is None else rows.where(EXPOSURE.c.customer.in_(customers))
