"""Goals on numbers alone: amounts in their units, targets of each kind, and the line between."""

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest

from engine.customers.zones import instant_of
from engine.metrics.goals import Measured, Standing, amount, pace_of, stand, target_of, terms_of
from engine.model.goal import Change, Goal
from engine.model.reasons import GoalStatus
from engine.model.values import Observations

START, END = (instant_of(dt.datetime(2026, month, 1, tzinfo=dt.UTC)) for month in (1, 7))
MIDDLE = START + (END - START) // 2


def goal(**change: Any) -> Goal:
    return Goal(
        id="g",
        metric="csat",
        change=Change(**{"from_": None, **change}),
        between=(dt.date(2026, 1, 1), dt.date(2026, 7, 1)),
        at_least=Observations(30),
    )


def measured(value: Any, of: int = 30) -> Measured:
    given = None if value is None else Decimal(str(value))
    return Measured(value=given, of=of, start=START, end=START, as_of=START)


def standing(one: Goal, before: Measured, current: Measured | None, now: int = MIDDLE) -> Standing:
    return stand(one, "share", before, current, START, END, now)


@pytest.mark.parametrize(
    ("written", "unit", "value"),
    [
        ("24h", "seconds", 86_400),
        ("-2h", "seconds", -7200),
        ("80%", "share", "0.8"),
        ("5 points", "share", "0.05"),
        ("-1 point", "share", "-0.01"),
        ("10 points", "points", 10),
        ("25.00 EUR", "cents", 2500),
        (25, "cents", 2500),
        ("30", "points", 30),
        (Decimal("0.5"), "share", "0.5"),
    ],
)
def test_amounts_are_read_in_the_metrics_unit(written: Any, unit: str, value: Any) -> None:
    assert amount(written, unit) == Decimal(value)


@pytest.mark.parametrize(
    ("written", "unit"),
    [
        ("24h", "share"),
        ("80%", "seconds"),
        ("25.00 EUR", "share"),
        ("much", "share"),
        (True, "share"),
        (None, "share"),
    ],
)
def test_what_is_no_amount_of_that_unit_is_refused(written: Any, unit: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        amount(written, unit)


@pytest.mark.parametrize(
    ("change", "target"),
    [
        ({"kind": "relative", "by": "+15%"}, "0.805"),
        ({"kind": "points", "by": "15%"}, "0.85"),
        ({"kind": "points", "by": "15 points"}, "0.85"),
        ({"kind": "absolute", "to": "90%"}, "0.9"),
    ],
)
def test_fifteen_percent_more_means_two_things(change: dict[str, Any], target: str) -> None:
    assert target_of(Change(**change), "share", Decimal("0.7")) == Decimal(target)


def test_a_fall_of_a_fifth_in_carts_left_behind() -> None:
    assert target_of(Change(kind="relative", by="-20%"), "share", Decimal("0.7")) == Decimal("0.56")
    assert target_of(Change(kind="points", by="-20 points"), "share", Decimal("0.7")) == Decimal("0.5")


def test_the_line_stays_at_its_ends_outside_of_them() -> None:
    assert [pace_of(10, 20, START, END, at) for at in (START - 1, MIDDLE, END + 1)] == [10, 15, 20]


@pytest.mark.parametrize(
    ("value", "status"),
    [("0.79", GoalStatus.ON_TRACK), ("0.69", GoalStatus.BEHIND), ("0.95", GoalStatus.ON_TRACK)],
)
def test_more_is_better_where_the_target_is_higher(value: str, status: GoalStatus) -> None:
    one = goal(kind="absolute", from_="60%", to="80%")
    assert standing(one, measured(None, 0), measured(value)).status is status


def test_a_measured_baseline_of_too_few_says_nothing() -> None:
    one = goal(kind="relative", by="+10%")
    found = standing(one, measured("0.5", of=29), measured("0.9"))
    assert (found.status, found.baseline, found.target) == (GoalStatus.INSUFFICIENT_DATA, None, None)
    assert standing(one, measured("0.5"), measured("0.9")).status is GoalStatus.ON_TRACK


def test_too_few_at_the_deadline_are_no_success() -> None:
    one = goal(kind="absolute", from_="60%", to="80%")
    few, enough = measured(1, of=29), measured("0.8")
    assert standing(one, measured(None, 0), few, END).status is GoalStatus.INSUFFICIENT_DATA
    assert standing(one, measured(None, 0), enough, END).status is GoalStatus.ACHIEVED
    assert standing(one, measured(None, 0), measured("0.79"), END).status is GoalStatus.MISSED


def test_a_goal_that_says_something_else_has_other_terms() -> None:
    one = goal(kind="relative", by="+10%")
    assert terms_of(one) == terms_of(goal(kind="relative", by="+10%"))
    assert terms_of(one) != terms_of(goal(kind="relative", by="+11%"))
