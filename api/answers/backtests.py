"""What the doors answer with about the backtest of a plan."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

import msgspec

from api.answers.values import time
from engine.authoring.backtest import Difference, RuleCount
from engine.customers.zones import moment_of
from engine.runtime.reports.backtesting import Backtested, RuleCompared, State


class SideOfRule(msgspec.Struct, frozen=True):
    """What a rule decided on one side; of those fired some were held out, or refused a run."""

    fired: int
    customers: int
    held_out: int
    refused: int
    not_met: int
    unknown: int


class FiredOn(msgspec.Struct, frozen=True):
    """How often a rule fired on a day, before and after."""

    day: date
    before: int
    after: int


class RuleDiffers(msgspec.Struct, frozen=True, kw_only=True):
    """A rule that is decided otherwise, null on a side that does not have it; days on which it fired."""

    rule: str
    before: SideOfRule | None
    after: SideOfRule | None
    days: list[FiredOn]


class LineDiffers(msgspec.Struct, frozen=True):
    """A line with other outcomes before and after, null where it is not, and the values that it saw."""

    text: str
    before: str | None
    after: str | None
    values: dict[str, Any]


class DecidedOtherwise(msgspec.Struct, frozen=True, kw_only=True):
    """A customer of whom a rule is decided otherwise, at the first such instant."""

    rule: str
    customer: str
    at: datetime
    before: str
    after: str
    lines: list[LineDiffers]


class BacktestAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """A plan's backtest: `state` is playing (`done` of `of` events), done or failed.

    `same` is how many rules are decided alike, `differing` how many customers are not. `examples` are the
    first of these, null for roles that see no customers.
    """

    token: str
    state: State
    done: int
    of: int
    failed: str | None
    as_of: datetime
    from_: datetime | None = msgspec.field(name="from")
    to: datetime | None
    events: int
    customers: int
    rules: list[RuleDiffers]
    same: int
    differing: int
    examples: list[DecidedOtherwise] | None


def backtest_answer(found: Backtested, *, customers: bool) -> BacktestAnswer:
    """Show how a backtest stands; customers are told only where that is said."""
    return BacktestAnswer(
        token=found.token,
        state=found.state,
        done=found.done,
        of=found.of,
        failed=found.failed,
        as_of=moment_of(found.as_of),
        from_=time(found.from_),
        to=time(found.to),
        events=found.events,
        customers=found.customers,
        rules=[_rule(each) for each in found.rules],
        same=found.same,
        differing=found.differing,
        examples=[_customer(each) for each in found.examples] if customers else None,
    )


def _rule(found: RuleCompared) -> RuleDiffers:
    return RuleDiffers(
        rule=found.rule,
        before=_side(found.old),
        after=_side(found.new),
        days=[FiredOn(date.fromisoformat(day), old, new) for day, old, new in found.days],
    )


def _side(count: RuleCount | None) -> SideOfRule | None:
    if count is None:
        return None
    return SideOfRule(*(getattr(count, name) for name in SideOfRule.__struct_fields__))


def _customer(found: Difference) -> DecidedOtherwise:
    return DecidedOtherwise(
        rule=found.rule,
        customer=found.customer,
        at=moment_of(found.at),
        before=found.old,
        after=found.new,
        lines=[LineDiffers(line.text, line.old, line.new, line.values) for line in found.lines],
    )
