"""Goals: a change of a stated kind, between two days, served by workflows that exist."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any

from engine.authoring.checks.literals import is_duration
from engine.authoring.draft import Draft
from engine.authoring.wording import quoted
from engine.metrics.catalog import METRICS
from engine.metrics.goals import amount
from engine.model.goal import Change, Goal
from engine.model.reasons import ChurnReason
from engine.model.values import Formula

_PERCENT = re.compile(r"[-+]?\d{1,4}(?:\.\d{1,4})? ?%")
_MONEY = re.compile(r"\d{1,12}(?:\.\d{1,4})? [A-Z]{3}")
_POINTS = re.compile(r"[-+]?\d{1,4}(?:\.\d{1,4})? points?")


def check(draft: Draft) -> None:
    """Check every goal."""
    for goal in draft.workspace.goals.values():
        _goal(draft, goal)


def _goal(draft: Draft, goal: Goal) -> None:
    start, end = goal.between
    if end <= start:
        draft.say(
            goal,
            "between",
            code="days-order",
            message="the second day is not after the first",
            hint="write the earlier day first",
        )
    for position, workflow in enumerate(goal.workflows):
        draft.refer(goal, "workflows", position, kind="workflow", name=workflow)
    reasons = [reason.value for reason in ChurnReason]
    if goal.because is not None and goal.because not in reasons:
        draft.unknown(goal, "because", noun="reason", name=goal.because, known=reasons)
    _change(draft, goal.change)
    metric = METRICS.get(goal.metric)
    if metric is None:
        draft.unknown(goal, "metric", noun="metric", name=goal.metric, known=METRICS)
        return
    if goal.statistic in ("median", "p90") and metric.unit != "seconds":
        draft.say(
            goal,
            "statistic",
            code="bad-option",
            message=f"{goal.metric} is one number, which has no {goal.statistic}",
            hint="leave statistic out",
        )
    _units(draft, goal.change, metric.unit)


def _change(draft: Draft, change: Change) -> None:
    written = {"from": change.from_, "to": change.to, "by": change.by}
    for name, value in written.items():
        if isinstance(value, Formula) or (value is not None and not _is_amount(value)):
            draft.say(
                change,
                name,
                code="wrong-type",
                message="an amount is expected here",
                hint="write a number, 24h, 10%, 5 points or 25.00 EUR",
            )
    if change.by is None and change.to is None:
        draft.say(
            change,
            code="missing-key",
            message="needs `to:` or `by:`",
            hint="write where it is to go, or by how much",
        )
    if change.by is not None and change.to is not None:
        draft.say(
            change,
            "by",
            code="bad-option",
            message="to and by say the same in two ways",
            hint="write one of them",
            at_key=True,
        )
    if change.kind != "absolute" and change.by is None and change.to is not None:
        draft.say(
            change,
            "to",
            code="bad-option",
            message=f"a {change.kind} change is by so much",
            hint="write by:, or kind: absolute",
            at_key=True,
        )
    if change.kind == "relative" and isinstance(change.by, str) and not _PERCENT.fullmatch(change.by):
        draft.say(
            change, "by", code="bad-option", message="a relative change is a share", hint="write by: -20%"
        )
    if change.kind == "absolute" and change.by is None and change.from_ is None:
        draft.say(change, code="missing-key", message="needs `from:`", hint="write where it stands now")


def _units(draft: Draft, change: Change, unit: str) -> None:
    """Check that amounts can be read in the metric's unit."""
    for name, value in {"from": change.from_, "to": change.to, "by": change.by}.items():
        if value is None or not _is_amount(value) or (name == "by" and change.kind == "relative"):
            continue
        try:
            amount(value, unit)
        except ValueError:
            draft.say(
                change,
                name,
                code="wrong-type",
                message=f"{quoted(str(value))} is not what this metric is measured in",
                hint=f"write it as {_WRITTEN[unit]}",
            )


_WRITTEN = {"share": "80% or 5 points", "points": "30", "cents": "25.00 EUR", "seconds": "24h"}


def _is_amount(value: Any) -> bool:
    if isinstance(value, (int, Decimal)) and not isinstance(value, bool):
        return True
    if not isinstance(value, str):
        return False
    return is_duration(value.lstrip("+-")) or any(
        form.fullmatch(value) for form in (_PERCENT, _MONEY, _POINTS)
    )
