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
    select,
    tuple_,
)

from engine.model.reasons import DecisionOutcome
from engine.model.values import Micros
from engine.store.statements import Insert, added_to, by_no_index
from engine.store.tables import DECISION, DECISION_COUNT, DECISION_DAY, UNFIRED


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
def add_to_decision_day(insert: Insert) -> Executable:
    """How many decisions there are of a day, more by `number`."""
    return added_to(insert, DECISION_DAY, ("number",))


def decision_days(
    rule: str | None, outcome: str | None, first: int | None, end: int | None, newest: bool
) -> Executable:
    """How many decisions there are of those on each day from `first` to before `end`, by day."""
    day = DECISION_DAY.c.day
    found = select(day, cast(func.sum(DECISION_DAY.c.number), BigInteger)).group_by(day)
    found = found.order_by(day.desc() if newest else day)
    if rule is not None:
        found = found.where(DECISION_DAY.c.rule == rule)
    if outcome is not None:
        found = found.where(DECISION_DAY.c.outcome == outcome)
    if first is not None:
        found = found.where(day >= first)
    return found if end is None else found.where(day < end)


@cache
def tally_decisions() -> Executable:
    """Numbers of decisions from `start` to before `end`, days `first` to `last`, by (rule, outcome)."""
    key = (DECISION.c.rule, DECISION.c.outcome)
    # Of the rules that decided on those days: an index has the outcomes of a rule, and no row is read.
    day = DECISION_DAY.c.day
    rules = select(DECISION_DAY.c.rule).where(day >= bindparam("first"), day <= bindparam("last"))
    return (
        select(*key, func.count().label("number"))
        .where(DECISION.c.rule.in_(rules))
        .where(DECISION.c.at >= bindparam("start"), DECISION.c.at < bindparam("end"))
        .group_by(*key)
    )


@cache
def tally_decision_days() -> Executable:
    """Numbers of decisions of the days `first` to `last`, by (rule, outcome)."""
    key = (DECISION_DAY.c.rule, DECISION_DAY.c.outcome)
    number = cast(func.sum(DECISION_DAY.c.number), BigInteger).label("number")
    day = DECISION_DAY.c.day
    return select(*key, number).where(day >= bindparam("first"), day <= bindparam("last")).group_by(*key)


@cache
def decision_day_kinds() -> Executable:
    """Numbers of decisions of `rule` by (day, outcome), of the days from `first` to before `last`."""
    key = (DECISION_DAY.c.day, DECISION_DAY.c.outcome)
    number = cast(func.sum(DECISION_DAY.c.number), BigInteger).label("number")
    day = DECISION_DAY.c.day
    of_rule = select(*key, number).where(DECISION_DAY.c.rule == bindparam("rule"))
    return of_rule.where(day >= bindparam("first"), day < bindparam("last")).group_by(*key)


@cache
def decision_kinds() -> Executable:
    """Numbers of decisions of `rule` from `start` to before `end`, by outcome."""
    return by_kind(DECISION.c.outcome, DECISION.c.at).where(DECISION.c.rule == bindparam("rule"))


def by_kind(kind: Column[str], at: Column[int]) -> Select[Any]:
    """Numbers from `start` to before `end`, by kind."""
    numbers: Select[Any] = select(func.count().label("number")).add_columns(kind)
    within = numbers.where(at >= bindparam("start"), at < bindparam("end"))
    return within.group_by(kind).order_by(kind)


def _among(
    found: Select[Any],
    rule: str | None,
    customers: Sequence[str] | None,
    outcome: str | None,
    start: Micros | None,
    end: Micros | None,
) -> Select[Any]:
    # Of one customer there are few, and of what did not fire: their indexes are better than that of a rule.
    rare = customers is None and outcome not in (None, DecisionOutcome.FIRED.value)
    if rule is not None:
        column = DECISION.c.rule
        found = found.where((by_no_index(column) if rare or customers is not None else column) == rule)
    if customers is not None:
        found = found.where(DECISION.c.customer.in_(customers))
    if outcome is not None:
        found = found.where(DECISION.c.outcome == outcome)
    if rare:
        found = found.where(UNFIRED)
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
    return added_to(insert, DECISION_COUNT, ("number",))


@cache
def decision_counts(of_rule: bool, starts: bool, ends: bool) -> Executable:
    """Counts by (rule, hour, outcome): of `rule`, from `start`, to before `end`, where these are given."""
    key = (DECISION_COUNT.c.rule, DECISION_COUNT.c.hour, DECISION_COUNT.c.outcome)
    number = func.sum(DECISION_COUNT.c.number).label("number")
    counts = select(*key, cast(number, BigInteger)).group_by(*key).order_by(*key)
    if of_rule:
        counts = counts.where(DECISION_COUNT.c.rule == bindparam("rule"))
    if starts:
        counts = counts.where(DECISION_COUNT.c.hour >= bindparam("start"))
    if ends:
        counts = counts.where(DECISION_COUNT.c.hour < bindparam("end"))
    return counts
