"""SQL of runs, their step attempts, and who was exposed to which arm."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any

from sqlalchemy import Column, Executable, Select, bindparam, func, select, tuple_, update

from engine.model.reasons import RunStatus
from engine.model.values import Micros
from engine.store.statements import among, by_no_index
from engine.store.statements.decisions import by_kind
from engine.store.tables import EXPOSURE, MOVED, OUTBOX, RUN, STEP_ATTEMPT


@cache
def insert_run() -> Executable:
    """A new run."""
    return RUN.insert()


@cache
def update_run() -> Executable:
    """A run, where it is still at the transition `expected`."""
    return _update_run("customer", "open_for", *_MOVES)


@cache
def move_run() -> Executable:
    """The same for one that stays open, for the same customer.

    An index is written anew for each column that is set, whether it has changed or not.
    """
    return _update_run(*_MOVES)


_MOVES = ("status", "due", "goal_at", "seq", "document")


def _update_run(*columns: str) -> Executable:
    return (
        update(RUN)
        .where(RUN.c.id == bindparam("b_id"), RUN.c.seq == bindparam("b_expected"))
        .values({RUN.c[name]: bindparam(name) for name in columns})
    )


@cache
def reach_goal() -> Executable:
    """A run whose goal was reached, unless it was before."""
    return (
        update(RUN)
        .where(RUN.c.id == bindparam("b_id"), RUN.c.goal_at.is_(None))
        .values(goal_at=bindparam("goal_at"))
    )


@cache
def run_by_id() -> Executable:
    """One run."""
    return select(RUN).where(RUN.c.id == bindparam("id"))


@cache
def open_runs_of() -> Executable:
    """The open runs of the customers `ids`."""
    return select(RUN).where(among(RUN.c.open_for, "ids"))


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
        column = RUN.c.workflow
        page = page.where((column if customers is None else by_no_index(column)) == workflow)
    if customers is not None:
        page = page.where(RUN.c.customer.in_(customers))
    if status is not None:
        page = page.where(RUN.c.status == status)
        if customers is None and status != RunStatus.WAITING.value:
            # The index of these is asked only by who says so.
            page = page.where(MOVED)
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
def starts(bounded: bool) -> Executable:
    """When the latest `limit` runs of `workflow` that were not refused began, from `start` on."""
    rows = (
        select(RUN.c.started_at)
        .where(RUN.c.workflow == bindparam("workflow"), RUN.c.started_at >= bindparam("start"))
        .where(RUN.c.status != "refused")
        .order_by(RUN.c.started_at.desc())
        .limit(bindparam("limit"))
    )
    return rows.where(RUN.c.started_at < bindparam("end")) if bounded else rows


@cache
def overdue_runs() -> Executable:
    """`limit` open runs that were due before `before`, after (`since`, `run`)."""
    return (
        select(RUN)
        .where(RUN.c.due < bindparam("before"), RUN.c.due >= bindparam("since"))
        .where(tuple_(RUN.c.due, RUN.c.id) > tuple_(bindparam("since"), bindparam("run")))
        .order_by(RUN.c.due, RUN.c.id)
        .limit(bindparam("limit"))
    )


@cache
def runs_by_id() -> Executable:
    """The runs `ids`."""
    return select(RUN).where(among(RUN.c.id, "ids"))


@cache
def unsent() -> Executable:
    """`limit` effects of open runs that could have been claimed before `before`, after (`since`, `run`)."""
    return _standing_still(OUTBOX.c.claimable_at)


@cache
def given_up() -> Executable:
    """`limit` dead letters of open runs, settled before `before`, after (`since`, `run`)."""
    return _standing_still(OUTBOX.c.settled_at).where(OUTBOX.c.dead.is_not(None))


def _standing_still(at: Column[int]) -> Select[Any]:
    # A run that waits for an effect has no due of its own; most have gone on, and wait for their time.
    waits = RUN.c.open_for.is_not(None), RUN.c.due.is_(None)
    return (
        select(OUTBOX)
        .join(RUN, RUN.c.id == OUTBOX.c.run)
        .where(*waits, at < bindparam("before"), at >= bindparam("since"))
        .where(tuple_(at, OUTBOX.c.run) > tuple_(bindparam("since"), bindparam("run")))
        .order_by(at, OUTBOX.c.run)
        .limit(bindparam("limit"))
    )


@cache
def count_unsent() -> Executable:
    """How many effects of open runs could have been claimed before `before`."""
    return (
        select(func.count())
        .select_from(OUTBOX.join(RUN, RUN.c.id == OUTBOX.c.run))
        .where(RUN.c.open_for.is_not(None), OUTBOX.c.claimable_at < bindparam("before"))
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
def tally_runs() -> Executable:
    """Numbers of runs that started from `start` to before `end`, by (workflow, status)."""
    key = (RUN.c.workflow, RUN.c.status)
    return (
        select(*key, func.count().label("number"))
        .where(RUN.c.started_at >= bindparam("start"), RUN.c.started_at < bindparam("end"))
        .group_by(*key)
        .order_by(*key)
    )


@cache
def run_kinds() -> Executable:
    """Numbers of runs of `workflow` that started from `start` to before `end`, by status."""
    return by_kind(RUN.c.status, RUN.c.started_at).where(RUN.c.workflow == bindparam("workflow"))


@cache
def open_run_page() -> Executable:
    """`limit` open runs by (customer, id), after (`customer`, `id`)."""
    return (
        select(RUN.c.open_for, RUN.c.id, RUN.c.workflow, RUN.c.document)
        .where(RUN.c.open_for >= bindparam("customer"))
        .where(tuple_(RUN.c.open_for, RUN.c.id) > tuple_(bindparam("customer"), bindparam("id")))
        .order_by(RUN.c.open_for, RUN.c.id)
        .limit(bindparam("limit"))
    )


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
    """Who reached a workflow's start or a split, and the arm."""
    return EXPOSURE.insert()


def exposures(workflow: str | None, customers: Sequence[str] | None) -> Executable:
    """Exposures by (at, run, split)."""
    rows = select(EXPOSURE).order_by(EXPOSURE.c.at, EXPOSURE.c.run, EXPOSURE.c.split)
    if workflow is not None:
        rows = rows.where(EXPOSURE.c.workflow == workflow)
    return rows if customers is None else rows.where(EXPOSURE.c.customer.in_(customers))
