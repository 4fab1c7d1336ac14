"""Experiments: what the definitions say is measured, counted in the database, and compared by the core."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import msgspec

from engine.authoring.wording import known_or
from engine.customers.zones import Zone
from engine.errors import NotFoundError, RequestError
from engine.experiments.comparison import Comparison, compare, with_holm
from engine.experiments.detectable import SHARES, Detectable, planned
from engine.model.reasons import ExperimentStatus
from engine.model.values import DAY, Duration, Micros
from engine.model.workflow import Workflow
from engine.model.workspace import Workspace
from engine.runtime.reports.counting import (
    PartKind,
    arms_of,
    count,
    has_outcome,
    parts,
    stage_of,
    until_of,
    windows_of,
)
from engine.store.interface import Reader

LOOKED_BACK: Micros = 28 * DAY
"""How far back a plan looks for the customers that a workflow's rules reach."""


class Measured(msgspec.Struct, frozen=True, kw_only=True):
    """What a report counts, in the words of the definition; lengths of time as they are written."""

    goal: str | None
    within: Duration | None
    where: str | None
    revenue: str | None
    revenue_within: Duration | None
    before: Duration | None
    holdout: str | None
    global_holdout: str
    salt: str | None
    until: Micros | None


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """An experiment as of an instant. `tests` counts its comparisons, `tests_everywhere` the workspace's."""

    workflow: str
    status: ExperimentStatus
    as_of: Micros
    zone: str
    first_at: Micros | None
    last_at: Micros | None
    measured: Measured
    comparisons: list[Comparison]
    tests: int
    tests_everywhere: int


class Listed(msgspec.Struct, frozen=True, kw_only=True):
    """An experiment in a list: what it measures, how it stands, and how many came to its holdout."""

    workflow: str
    status: ExperimentStatus
    measured: Measured
    comparisons: list[tuple[PartKind, str | None, str, str]]
    exposures: int
    first_at: Micros | None
    last_at: Micros | None


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """What a workflow could find: with its own holdout, and with others.

    `customers_from` and `base_from` tell where the two numbers come from.
    """

    workflow: str
    customers: int
    customers_from: Literal["given", "decisions"]
    base: float
    base_from: Literal["given", "measured"]
    share: float
    own: Detectable
    others: list[tuple[float, Detectable]]


def listed(workspace: Workspace, reader: Reader, zone: Zone, now: Micros) -> list[Listed]:
    """Give every workflow that is an experiment, by id."""
    known = {row.workflow: row for row in reader.exposed_workflows()}
    found = []
    for workflow in experiments(workspace):
        row = known.get(workflow.id)
        found.append(
            Listed(
                workflow=workflow.id,
                status=_status(workflow, zone, now, started=row is not None),
                measured=_measured(workspace, workflow, zone),
                comparisons=[
                    (part.kind, part.split, arm, part.control)
                    for part in parts(workspace, workflow)
                    for arm in arms_of(part)
                ],
                exposures=0 if row is None else row.exposures,
                first_at=None if row is None else row.first_at,
                last_at=None if row is None else row.last_at,
            )
        )
    return found


def experiments(workspace: Workspace) -> list[Workflow]:
    """Give the workflows of which something can be compared: arms, and a goal or revenue; by id."""
    return [
        workflow
        for _, workflow in sorted(workspace.workflows.items())
        if has_outcome(workflow) and parts(workspace, workflow)
    ]


def report(workspace: Workspace, reader: Reader, zone: Zone, name: str, now: Micros) -> Report:
    """Compare the arms of a workflow as of an instant; raises `NotFoundError`."""
    workflow = workflow_of(workspace, name)
    stage = stage_of(workflow, zone, now)
    seen: list[Micros] = []
    comparisons: list[Comparison] = []
    for part in parts(workspace, workflow):
        drawn, at = count(reader, workflow, part, zone, now)
        seen += at
        experiment = workflow.experiment
        adjust = experiment is not None and experiment.before is not None
        comparisons += compare(drawn, stage, goal=workflow.goal is not None, adjust=adjust)
    return Report(
        workflow=workflow.id,
        status=_status(workflow, zone, now, started=bool(seen)),
        as_of=now,
        zone=zone.name,
        first_at=min(seen, default=None),
        last_at=max(seen, default=None),
        measured=_measured(workspace, workflow, zone),
        comparisons=with_holm(comparisons),
        tests=len(comparisons),
        tests_everywhere=sum(
            len(arms_of(part)) for one in experiments(workspace) for part in parts(workspace, one)
        ),
    )


def plan(
    workspace: Workspace,
    reader: Reader | None,
    zone: Zone,
    name: str,
    now: Micros,
    *,
    customers: int | None = None,
    base: float | None = None,
    known: Callable[[], Report] | None = None,
) -> Plan:
    """Tell what a workflow could find, before it starts.

    Without `customers` it counts those whom the workflow's rules reached in the last 28 days; without
    `base` it takes the control's rate, where one was measured: of the `known` report, or of one made now.
    Raises `NotFoundError`, and `RequestError` where a number is neither given nor known.
    """
    workflow = workflow_of(workspace, name)
    reached, rate = customers, base
    if reached is None and reader is not None:
        reached = reader.reached(_starters(workspace, name), now - LOOKED_BACK, now) or None
    if reached is None:
        raise RequestError(
            f"no rule has reached anybody for {name} in the last 28 days; say how many come as `customers`",
            code="customers_unknown",
        )
    if rate is None and reader is not None:
        rate = _base(report(workspace, reader, zone, name, now) if known is None else known())
    if rate is None:
        raise RequestError(
            f"nothing was measured of {name} yet; say what share reaches the goal anyway, with `base`",
            code="base_unknown",
        )
    share = float(workflow.holdout.share) if workflow.holdout is not None else 0.0
    return Plan(
        workflow=name,
        customers=reached,
        customers_from="decisions" if customers is None else "given",
        base=rate,
        base_from="measured" if base is None else "given",
        share=share,
        own=planned(reached, share, rate),
        others=[(other, planned(reached, other, rate)) for other in SHARES],
    )


def workflow_of(workspace: Workspace, name: str) -> Workflow:
    """Give a workflow of which something can be measured; raises `NotFoundError`."""
    workflow = workspace.workflows.get(name)
    if workflow is None:
        raise NotFoundError(f"there is no workflow {name}; {known_or(name, workspace.workflows)}")
    if not has_outcome(workflow):
        raise NotFoundError(f"the workflow {name} has neither a goal nor revenue; write goal: in its file")
    return workflow


def _status(workflow: Workflow, zone: Zone, now: Micros, *, started: bool) -> ExperimentStatus:
    if not started:
        return ExperimentStatus.NOT_STARTED
    ended = stage_of(workflow, zone, now) == "ended"
    return ExperimentStatus.ENDED if ended else ExperimentStatus.RUNNING


def _measured(workspace: Workspace, workflow: Workflow, zone: Zone) -> Measured:
    goal, experiment = workflow.goal, workflow.experiment
    within, revenue_within = windows_of(workflow)
    revenue = None if experiment is None else experiment.revenue
    return Measured(
        goal=None if goal is None else goal.event,
        within=within,
        where=None if goal is None or goal.where is None else goal.where.text,
        revenue=None if revenue is None else f"{revenue.of}.{revenue.sum}",
        revenue_within=revenue_within,
        before=None if experiment is None else experiment.before,
        holdout=None if workflow.holdout is None else str(workflow.holdout),
        global_holdout=str(workspace.policy.global_holdout),
        salt=(workflow.salt or workflow.id) if workflow.holdout is not None else None,
        until=until_of(workflow, zone),
    )


def _starters(workspace: Workspace, workflow: str) -> list[str]:
    return sorted(
        rule.id
        for rule in workspace.rules.values()
        if any(getattr(action, "run", None) == workflow for action in rule.then)
    )


def _base(found: Report) -> float | None:
    """Give the rate of the first control of which enough is measured to be one."""
    for comparison in found.comparisons:
        if comparison.control.measured and comparison.control.reached:
            return comparison.control.rate
    return None
