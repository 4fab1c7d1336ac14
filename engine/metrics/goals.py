"""Goals: a baseline that was frozen, a target, a straight line between them, and where one stands."""

from __future__ import annotations

import hashlib
import re
from decimal import Decimal
from typing import Any

import msgspec

from engine.errors import ValueSyntaxError
from engine.metrics.figure import QUOTIENTS, Figure, Number, divided
from engine.model.goal import Change, Goal
from engine.model.reasons import GoalStatus
from engine.model.values import SECOND, Duration, Micros, Money

_SIGNED = re.compile(r"(?P<sign>[-+]?)(?P<number>\d+(?:\.\d+)?) ?(?P<unit>%|points?)?")


class Measured(msgspec.Struct, frozen=True, kw_only=True):
    """A value as it was measured: over how many observations, from when to when, as of when."""

    value: Number | None
    of: int
    start: Micros
    end: Micros
    as_of: Micros


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """Where a goal stands at an instant. `pace` is what the straight line says of that instant."""

    status: GoalStatus
    baseline: Number | None
    target: Number | None
    pace: Number | None
    current: Measured | None


def terms_of(goal: Goal) -> str:
    """Give the hash of what a goal measures and means: another one has another baseline."""
    told = (goal.metric, goal.statistic, goal.change, goal.between, str(goal.over))
    text = msgspec.json.encode(msgspec.to_builtins(told, str_keys=True), order="sorted")
    return hashlib.sha256(text).hexdigest()


def measured(figure: Figure) -> Measured:
    """Give a figure as a goal's measurement; observations are what it was divided by."""
    of = figure.of if figure.of is not None else int(figure.denominator or 0)
    return Measured(value=figure.value, of=of, start=figure.start, end=figure.end, as_of=figure.as_of)


def amount(value: Any, unit: str) -> Decimal:
    """Read an amount in a metric's unit: `24h` in seconds, `5%` and `5 points` as a share, money in cents.

    A bare number is in the unit of the metric, money in whole units of the currency. Raises
    ValueError for anything else.
    """
    if isinstance(value, (int, Decimal)) and not isinstance(value, bool):
        return Decimal(value) * (100 if unit == "cents" else 1)
    if not isinstance(value, str):
        raise ValueError(f"{value!r} is no amount")
    text = value.strip()
    signed = _SIGNED.fullmatch(text)
    if signed is not None:
        number = Decimal(signed["sign"] + signed["number"])
        if signed["unit"] is None:
            return number * (100 if unit == "cents" else 1)
        if unit not in ("share", "points"):
            raise ValueError(f"{text!r} is a share")
        return number if unit == "points" else number / 100
    try:
        if unit == "cents":
            return Money.parse(text).amount * 100
        if unit != "seconds":
            raise ValueError(f"{text!r} is no {unit}")
        sign, rest = (-1, text[1:]) if text.startswith("-") else (1, text.removeprefix("+"))
        return sign * divided(Duration.parse(rest).micros, SECOND)
    except ValueSyntaxError as error:
        raise ValueError(str(error)) from None


def baseline_of(change: Change, unit: str, frozen: Measured, at_least: int) -> Number | None:
    """Give what a goal starts from: what is written, else what was measured; None for too little."""
    if change.from_ is not None:
        return amount(change.from_, unit)
    return frozen.value if frozen.of >= at_least else None


def target_of(change: Change, unit: str, baseline: Number | None) -> Decimal | None:
    """Give where a goal leads.

    `absolute`: to a value, or by so much. `points`: by so many of the metric's own points (percentage
    points of a share). `relative`: by a share of the baseline.
    """
    if change.to is not None and change.kind != "relative":
        return amount(change.to, unit)
    if baseline is None:
        return None
    start = Decimal(baseline)
    if change.kind == "relative":
        share = amount(change.by if change.by is not None else change.to, "share")
        return QUOTIENTS.multiply(start, 1 + share if change.by is not None else share)
    return start + amount(change.by, unit)


def pace_of(baseline: Number, target: Number, start: Micros, end: Micros, now: Micros) -> Decimal:
    """Give what the straight line from the baseline at `start` to the target at `end` says of `now`."""
    passed = min(max(now - start, 0), end - start)
    return QUOTIENTS.add(
        Decimal(baseline), divided((Decimal(target) - Decimal(baseline)) * passed, end - start)
    )


def stand(
    goal: Goal, unit: str, frozen: Measured, current: Measured | None, start: Micros, end: Micros, now: Micros
) -> Standing:
    """Give where a goal stands at `now`; at the deadline and after, `current` is the last measurement.

    Until the deadline a goal is on track or behind its line, also where the target is met already: it
    is to be met at the end. Too few observations say neither.
    """
    at_least = goal.at_least.count
    baseline = baseline_of(goal.change, unit, frozen, at_least)
    target = target_of(goal.change, unit, baseline)
    pace = None if baseline is None or target is None else pace_of(baseline, target, start, end, now)
    return Standing(
        status=_status(baseline, target, pace, current, at_least, start, end, now),
        baseline=baseline,
        target=target,
        pace=pace,
        current=current,
    )


def _status(
    baseline: Number | None,
    target: Decimal | None,
    pace: Decimal | None,
    current: Measured | None,
    at_least: int,
    start: Micros,
    end: Micros,
    now: Micros,
) -> GoalStatus:
    if now < start:
        return GoalStatus.NOT_STARTED
    if current is None or current.value is None or current.of < at_least:
        return GoalStatus.INSUFFICIENT_DATA
    if baseline is None or target is None or pace is None:
        return GoalStatus.INSUFFICIENT_DATA
    bound = target if now >= end else pace
    met = current.value <= bound if target < baseline else current.value >= bound
    if now >= end:
        return GoalStatus.ACHIEVED if met else GoalStatus.MISSED
    return GoalStatus.ON_TRACK if met else GoalStatus.BEHIND
