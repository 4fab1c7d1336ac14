"""Goals at work: measured over what is stored, with what is frozen kept in the store."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import msgspec

from engine.metrics.catalog import METRICS, Metric
from engine.metrics.figure import Window
from engine.metrics.goals import Measured, Standing, measured, stand, terms_of
from engine.metrics.history import Options, declared
from engine.model.goal import Goal
from engine.model.values import Micros
from engine.model.workspace import Workspace
from engine.runtime.reports.measuring import Wanted, measure, nothing
from engine.store.interface import Reader
from engine.store.records import GoalRow


class GoalState(msgspec.Struct, frozen=True, kw_only=True):
    """A goal, where it stands, and what is frozen of it. `frozen` tells whether the baseline is kept yet."""

    goal: Goal
    unit: str
    start: Micros
    deadline: Micros
    standing: Standing
    baseline: Measured
    frozen: bool
    final: bool


class Looked(msgspec.Struct, frozen=True):
    """Where all goals stand, and what is to be frozen because of it."""

    states: tuple[GoalState, ...]
    freeze: tuple[GoalRow, ...]


def look(
    reader: Reader,
    workspace: Workspace,
    now: Micros,
    only: str | None = None,
    each_page: Callable[[], object] = nothing,
) -> Looked:
    """Measure the goals, in one pass over the base.

    The baseline is measured once, when a goal is first looked at: over the time `over` before its first
    day, or before now where that day is still to come. After the deadline the last measurement is
    kept, and nothing that comes later changes it.
    """
    goals = [goal for id, goal in sorted(workspace.goals.items()) if only in (None, id)]
    kept = [reader.goal(goal.id, terms_of(goal)) for goal in goals]
    windows = [_windows(workspace, goal, row, now) for goal, row in zip(goals, kept, strict=True)]
    wanted = [
        Wanted(METRICS[goal.metric], window, _options(goal))
        for goal, pair in zip(goals, windows, strict=True)
        for window in pair
        if window is not None
    ]
    found = iter(measured(figures[0]) for figures in measure(reader, workspace, wanted, each_page))
    states: list[GoalState] = []
    freeze: list[GoalRow] = []
    for goal, row, pair in zip(goals, kept, windows, strict=True):
        fresh = [next(found) if window is not None else None for window in pair]
        state, changed = _state(workspace, goal, row, fresh, now)
        states.append(state)
        if changed is not None:
            freeze.append(changed)
    return Looked(tuple(states), tuple(freeze))


def _options(goal: Goal) -> Options:
    statistic = goal.statistic if goal.statistic in ("mean", "median", "p90") else "median"
    return Options(statistic=statistic)


def span_of(workspace: Workspace, goal: Goal) -> tuple[Micros, Micros]:
    """Give a goal's first instant and its deadline: the midnights that begin its two days."""
    zone = declared(workspace).zone
    return tuple(zone.start_of_day(day.toordinal()) for day in goal.between)  # type: ignore[return-value]


def _windows(
    workspace: Workspace, goal: Goal, row: GoalRow | None, now: Micros
) -> tuple[Window | None, Window | None]:
    """Give what is to be measured: the baseline unless it is kept, and now unless the end is."""
    start, end = span_of(workspace, goal)
    over = goal.over.micros

    def until(last: Micros) -> Window:
        return Window(start=last - over, end=last, as_of=now, zone=workspace.settings.timezone)

    settled = row is not None and row.settled is not None
    return (
        until(min(start, now)) if row is None else None,
        None if settled or now < start else until(min(now, end)),
    )


def _state(
    workspace: Workspace, goal: Goal, row: GoalRow | None, fresh: Sequence[Measured | None], now: Micros
) -> tuple[GoalState, GoalRow | None]:
    metric: Metric = METRICS[goal.metric]
    start, end = span_of(workspace, goal)
    before, current = fresh
    if row is not None:
        before = msgspec.json.decode(row.baseline, type=Measured)
        if row.settled is not None:
            current = msgspec.json.decode(row.settled, type=Measured)
    assert before is not None
    final = now >= end
    state = GoalState(
        goal=goal,
        unit=metric.unit,
        start=start,
        deadline=end,
        standing=stand(goal, metric.unit, before, current, start, end, now),
        baseline=before,
        frozen=row is not None,
        final=final,
    )
    settles = final and current is not None and (row is None or row.settled is None)
    if row is not None and not settles:
        return state, None
    return state, GoalRow(
        goal=goal.id,
        terms=terms_of(goal),
        created_at=now if row is None else row.created_at,
        baseline=msgspec.json.encode(before),
        settled=msgspec.json.encode(current) if settles else None,
    )
