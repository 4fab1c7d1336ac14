"""SQL of decisions: the rows, and the counts of those that are not rows."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any

from sqlalchemy import (
    BigInteger,
    Column,
    Executable,
    Select,
    bindparam,
    cast,
    func,
    literal_column,
    select,
    tuple_,
)

from engine.model.values import Micros
from engine.store.activity import QUARTER
from engine.store.statements import Insert
from engine.store.tables import DECISION, DECISION_COUNT


@cache
def insert_decision() -> Executable:
    """A decision."""
    return DECISION.insert()


@cache
def decision_by_id() -> Executable:
    """One decision."""
    return select(DECISION).where(DECISION.c.id == bindparam("id"))


def count_decisions(
    rule: str | None,
    customers: Sequence[str] | None,
    outcome: str | None,
    start: Micros | None,
    end: Micros | None,
) -> Executable:
    """How many decisions there are of those."""
    return _among(select(func.count()).select_from(DECISION), rule, customers, outcome, start, end)


@cache
def tally_decisions() -> Executable:
    """Numbers of decisions from `start` to before `end` by (rule, outcome)."""
    key = (DECISION.c.rule, DECISION.c.outcome)
    return (
        select(*key, func.count().label("number"))
        .where(DECISION.c.at >= bindparam("start"), DECISION.c.at < bindparam("end"))
        .group_by(*key)
        .order_by(*key)
    )


@cache
def decision_quarters() -> Executable:
    """Numbers of decisions of `rule` from `start` to before `end`, by (quarter of an hour, outcome)."""
    return by_quarter(DECISION.c.at, DECISION.c.outcome).where(
        DECISION.c.rule == bindparam("rule"),
        DECISION.c.at >= bindparam("start"),
        DECISION.c.at < bindparam("end"),
    )


def by_quarter(at: Column[int], kind: Column[str]) -> Select[Any]:
    """Numbers by (quarter of an hour since 1970, kind): no zone's day begins within a quarter."""
    # Written into the statement: PostgreSQL takes two parameters of one value for two groupings.
    quarter = at // literal_column(str(QUARTER))
    numbers: Select[Any] = select(func.count().label("number"))
    grouped = numbers.group_by(quarter, kind).order_by(quarter, kind)
    return grouped.add_columns(quarter.label("quarter"), kind.label("kind"))


def _among(
    found: Select[Any],
    rule: str | None,
    customers: Sequence[str] | None,
    outcome: str | None,
    start: Micros | None,
    end: Micros | None,
) -> Select[Any]:
    if rule is not None:
        found = found.where(DECISION.c.rule == rule)
    if customers is not None:
        found = found.where(DECISION.c.customer.in_(customers))
    if outcome is not None:
        found = found.where(DECISION.c.outcome == outcome)
    if start is not None:
        found = found.where(DECISION.c.at >= start)
    if end is not None:
        found = found.where(DECISION.c.at < end)
    return found


def decision_page(
    rule: str | None,
    customers: Sequence[str] | None,
    outcome: str | None,
    start: Micros | None,
    end: Micros | None,
    after: tuple[Micros, str] | None,
    limit: int,
    newest: bool,
) -> Executable:
    """Decisions by (at, id), or backwards."""
    place = tuple_(DECISION.c.at, DECISION.c.id)
    page = _among(select(DECISION), rule, customers, outcome, start, end).limit(limit)
    if after is not None:
        page = page.where(place < tuple_(*after) if newest else place > tuple_(*after))
    if newest:
        return page.order_by(DECISION.c.at.desc(), DECISION.c.id.desc())
    return page.order_by(DECISION.c.at, DECISION.c.id)


@cache
def add_to_decision_count(insert: Insert) -> Executable:
    """A count of decisions, more by `number`."""
    put = insert(DECISION_COUNT)
    return put.on_conflict_do_update(
        index_elements=list(DECISION_COUNT.primary_key),
        set_={"number": DECISION_COUNT.c.number + put.excluded.number},
    )


def decision_counts(rule: str | None, start: Micros | None, end: Micros | None) -> Executable:
    """Counts by (rule, hour, outcome)."""
    key = (DECISION_COUNT.c.rule, DECISION_COUNT.c.hour, DECISION_COUNT.c.outcome)
    number = func.sum(DECISION_COUNT.c.number).label("number")
    counts = select(*key, cast(number, BigInteger)).group_by(*key).order_by(*key)
    if rule is not None:
        counts = counts.where(DECISION_COUNT.c.rule == rule)
    if start is not None:
        counts = counts.where(DECISION_COUNT.c.hour >= start)
    if end is not None:
        counts = counts.where(DECISION_COUNT.c.hour < end)
    return counts
