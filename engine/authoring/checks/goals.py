"""Goals: a change of a stated kind, between two days, served by workflows that exist."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any

from engine.authoring.checks.literals import is_duration
from engine.authoring.draft import Draft
from engine.model.goal import Change, Goal
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
    _change(draft, goal.change)


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
    if change.kind == "absolute" and change.by is None and change.from_ is None:
        draft.say(change, code="missing-key", message="needs `from:`", hint="write where it stands now")


def _is_amount(value: Any) -> bool:
    if isinstance(value, (int, Decimal)) and not isinstance(value, bool):
        return True
    if not isinstance(value, str):
        return False
    return is_duration(value) or any(form.fullmatch(value) for form in (_PERCENT, _MONEY, _POINTS))
