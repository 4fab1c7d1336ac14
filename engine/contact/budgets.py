"""Budgets: what an action costs, and whether that still fits the period."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from decimal import Decimal

import msgspec

from engine.model.policy import Budget, ContactPolicy
from engine.model.values import WEEKDAYS, Day, Money, Weekday


class Share(msgspec.Struct, frozen=True, array_like=True):
    """What something holds of one period of a budget: reserved until it is committed or released.

    `budget` is the name of its counter, see `counter_of`; `own` tells that it is the customer's own
    counter, of a budget `per: customer`.
    """

    budget: str
    period: str
    amount: Decimal
    own: bool = False


def counter_of(name: str, budget: Budget, workflow: str) -> str:
    """Give the name of the counter that a workflow's spending goes to: `NAME`, or `NAME/WORKFLOW`."""
    return f"{name}/{workflow}" if budget.per == "workflow" else name


def budgets_of(policy: ContactPolicy, action: str) -> dict[str, Budget]:
    """Give the budgets that an action spends from, by name."""
    return {name: budget for name, budget in policy.budgets.items() if budget.of == action}


def period_of(budget: Budget, day: Day, week_starts: Weekday = "monday") -> str:
    """Name the period of a budget that a day of the workspace's zone falls in, by its first day.

    Together with the budget's name it is the key of its counter.
    """
    date = dt.date.fromordinal(day)
    first = {
        "day": date,
        "week": date - dt.timedelta(days=(date.weekday() - WEEKDAYS.index(week_starts)) % 7),
        "month": date.replace(day=1),
        "year": date.replace(month=1, day=1),
    }
    return first[budget.at_most.per].isoformat()


def overspent(
    policy: ContactPolicy, action: str, worth: Money | None, spent: Mapping[str, Decimal]
) -> str | None:
    """Give the budget that an action no longer fits, None where it fits all of them.

    `spent` is what the period has taken so far, reservations included, by the budget's name.
    """
    cost = worth.amount if worth is not None else Decimal(0)
    for name, budget in budgets_of(policy, action).items():
        limit = budget.at_most.money
        # What is worth so much of another currency fits nowhere.
        if worth is not None and worth.currency != limit.currency:
            return name
        if spent.get(name, Decimal(0)) + cost > limit.amount:
            return name
    return None
