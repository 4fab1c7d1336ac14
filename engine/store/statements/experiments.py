"""SQL of experiments: who came to which arm first, whether the goal was reached, and what was spent."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import CTE, Executable, Select, and_, case, func, or_, select

from engine.experiments.assignment import GLOBAL_SALT, HELD_OUT, TREATED
from engine.model.values import DAY, Micros
from engine.store.comparing import REACHES, Exposed, Spent
from engine.store.tables import ALIAS, DECISION, EVENT, EXPOSURE, RUN


def arm_counts(exposed: Exposed, measured_before: Micros) -> Executable:
    """How many customers came to each arm first, by design, and how many of them reached the goal.

    `measured` are those whose run started before an instant, so that their time is over. Who had reached
    the goal before they came to the arm is counted apart.
    """
    first = _first(exposed).c
    early = and_(first.goal_at.is_not(None), first.goal_at < first.at)
    in_time = or_(first.goal_at.is_(None), first.goal_at >= first.at)
    measured = and_(first.started_at < measured_before, in_time)
    return select(
        first.arm,
        first.design,
        first.conflicting,
        func.count().label("customers"),
        _number(measured).label("measured"),
        _number(and_(measured, first.goal_at.is_not(None))).label("reached"),
        _number(early).label("reached_before"),
        func.min(first.at).label("first_at"),
        func.max(first.at).label("last_at"),
    ).group_by(first.arm, first.design, first.conflicting)


def spending(exposed: Exposed, designs: Sequence[str], spent: Spent) -> Executable:
    """Each first exposure with each event of money about it, customer by customer.

    (customer, arm, when they came, when the event occurred, its properties), the last two NULL where
    there is none. Events are looked for under every id that means the customer.
    """
    first = _first(exposed).c
    wanted = (
        select(first.who, first.arm, first.at, first.who.label("id"))
        .where(first.design.in_(designs), first.conflicting == 0, first.at < spent.measured_before)
        .cte("names", recursive=True)
    )
    # Each customer with every name that means them: nothing is joined but by an index of a table.
    names = wanted.union_all(
        select(wanted.c.who, wanted.c.arm, wanted.c.at, ALIAS.c.id).select_from(
            wanted.join(ALIAS, ALIAS.c.survivor == wanted.c.id)
        )
    )
    start = names.c.at - spent.before
    about = and_(
        EVENT.c.customer == names.c.id,
        EVENT.c.name == spent.event,
        EVENT.c.occurred_at >= start,
        EVENT.c.occurred_at < names.c.at + spent.after,
        # Nothing is received long before it occurs; so the index leaves the years before out.
        EVENT.c.received_at >= start - DAY,
    )
    return (
        select(names.c.who, names.c.arm, names.c.at, EVENT.c.occurred_at, EVENT.c.properties)
        .select_from(names.outerjoin(EVENT, about))
        .order_by(names.c.who)
    )


def reached(rules: Sequence[str], start: Micros, end: Micros) -> Executable:
    """How many customers rules fired for in a span, or would have."""
    return (
        select(func.count(DECISION.c.customer.distinct()))
        .where(DECISION.c.rule.in_(rules), DECISION.c.outcome.in_(REACHES))
        .where(DECISION.c.at >= start, DECISION.c.at < end)
    )


def exposed_workflows() -> Executable:
    """Which workflows have exposures to their holdout, how many, and since when."""
    return (
        select(
            EXPOSURE.c.workflow,
            func.count().label("exposures"),
            func.min(EXPOSURE.c.at).label("first_at"),
            func.max(EXPOSURE.c.at).label("last_at"),
        )
        .where(EXPOSURE.c.split == "")
        .group_by(EXPOSURE.c.workflow)
        .order_by(EXPOSURE.c.workflow)
    )


def _number(condition: Any) -> Any:
    return func.sum(case((condition, 1), else_=0))


def _first(exposed: Exposed) -> CTE:
    """The first exposure of each customer, by the name that they go by now, and whether another disagrees.

    The first one alone: what happens after it, a second run too, may be an effect of the arm.
    """
    named = _rows(exposed).cte("named", recursive=True)
    # Each exposure under every name up to the last: nothing is joined but by an index of a table.
    rows = named.union_all(
        select(ALIAS.c.survivor, named.c.run, named.c.at, named.c.design, named.c.arm).select_from(
            named.join(ALIAS, ALIAS.c.id == named.c.who)
        )
    )
    bound = select(ALIAS.c.id).where(ALIAS.c.id == rows.c.who).exists()
    ranked = (
        select(
            rows.c.who,
            rows.c.arm,
            rows.c.design,
            rows.c.at,
            RUN.c.goal_at,
            RUN.c.started_at,
            func.row_number().over(partition_by=rows.c.who, order_by=(rows.c.at, rows.c.run)).label("place"),
            func.min(rows.c.arm).over(partition_by=rows.c.who).label("least"),
            func.max(rows.c.arm).over(partition_by=rows.c.who).label("most"),
        )
        .select_from(rows.join(RUN, RUN.c.id == rows.c.run))
        .where(~bound)
        .cte("ranked")
    )
    return (
        select(
            ranked.c.who,
            ranked.c.arm,
            ranked.c.design,
            ranked.c.at,
            ranked.c.goal_at,
            ranked.c.started_at,
            case((ranked.c.least != ranked.c.most, 1), else_=0).label("conflicting"),
        )
        .where(ranked.c.place == 1)
        .cte("first")
    )


def _rows(exposed: Exposed) -> Select[Any]:
    arm: Any = EXPOSURE.c.arm
    if exposed.by_global:
        arm = case((EXPOSURE.c.salt == GLOBAL_SALT, HELD_OUT), else_=TREATED)
    rows: Any = select(
        EXPOSURE.c.customer.label("who"),
        EXPOSURE.c.run,
        EXPOSURE.c.at,
        EXPOSURE.c.design,
        arm.label("arm"),
    ).where(EXPOSURE.c.workflow.in_(exposed.workflows), EXPOSURE.c.split == exposed.split)
    if not exposed.by_global:
        rows = rows.where(EXPOSURE.c.salt != GLOBAL_SALT)
    found: Select[Any] = rows if exposed.until is None else rows.where(EXPOSURE.c.at < exposed.until)
    return found
