"""SQL of kept figures and of what was frozen of goals."""

from __future__ import annotations

from functools import cache

from sqlalchemy import Executable, bindparam, func, select

from engine.store.measure_tables import GOAL_STATE, METRIC_FIGURE
from engine.store.statements import Insert


@cache
def figures() -> Executable:
    """All figures of a period."""
    row = METRIC_FIGURE.c
    return (
        select(METRIC_FIGURE)
        .where(row.start == bindparam("start"), row.end == bindparam("end"))
        .order_by(row.metric, row.grouping, row.version)
    )


@cache
def figures_of() -> Executable:
    """The figures of one metric of a period."""
    row = METRIC_FIGURE.c
    return (
        select(METRIC_FIGURE)
        .where(
            row.metric == bindparam("metric"), row.start == bindparam("start"), row.end == bindparam("end")
        )
        .order_by(row.grouping, row.version)
    )


@cache
def insert_figure() -> Executable:
    """A version of a figure."""
    return METRIC_FIGURE.insert()


@cache
def goal() -> Executable:
    """What was frozen of a goal."""
    return select(GOAL_STATE).where(
        GOAL_STATE.c.goal == bindparam("goal"), GOAL_STATE.c.terms == bindparam("terms")
    )


@cache
def put_goal(insert: Insert) -> Executable:
    """What is frozen of a goal; what is there stays."""
    put = insert(GOAL_STATE)
    return put.on_conflict_do_update(
        index_elements=[GOAL_STATE.c.goal, GOAL_STATE.c.terms],
        set_={"settled": func.coalesce(GOAL_STATE.c.settled, put.excluded.settled)},
    )
