"""Experiments: something to compare, by something that is counted."""

from __future__ import annotations

from engine.authoring.draft import SNAKE, Draft, snake_case
from engine.authoring.wording import quoted
from engine.customers.catalog import declared_properties
from engine.expressions import Kind
from engine.model.workflow import Experiment, ExperimentRevenue, Split, Workflow
from engine.runs.program import walk


def check(draft: Draft) -> None:
    """Check what every workflow says of its experiment."""
    for workflow in draft.workspace.workflows.values():
        if workflow.experiment is not None:
            _experiment(draft, workflow, workflow.experiment)


def _experiment(draft: Draft, workflow: Workflow, experiment: Experiment) -> None:
    if not _has_arms(draft, workflow):
        draft.say(
            workflow,
            "experiment",
            code="no-arms",
            message="nobody is held out and nothing is split, so there is nothing to compare",
            hint="write holdout: 10%, or a split",
            at_key=True,
        )
    if workflow.goal is None and experiment.revenue is None:
        draft.say(
            workflow,
            "experiment",
            code="missing-key",
            message="needs `goal:` in the workflow, or `revenue:` here",
            hint="write what is counted, such as goal: {event: order_completed, within: 7d}",
            at_key=True,
        )
    if experiment.revenue is not None:
        _revenue(draft, workflow, experiment.revenue)
    elif experiment.before is not None:
        draft.say(
            experiment,
            "before",
            code="bad-option",
            message="before takes noise out of revenue, and no revenue is counted",
            hint="write revenue: {of: order_completed, sum: total}, or take before out",
            at_key=True,
        )


def _has_arms(draft: Draft, workflow: Workflow) -> bool:
    if any(isinstance(step, Split) for step in walk(workflow.steps)):
        return True
    if workflow.class_ != "marketing":
        return False
    # A share that is missing or cannot be read is told elsewhere.
    shares = (workflow.holdout, draft.workspace.policy.global_holdout)
    return workflow.holdout is None or any(share is not None and share.share > 0 for share in shares)


def _revenue(draft: Draft, workflow: Workflow, revenue: ExperimentRevenue) -> None:
    draft.event(revenue, "of", name=revenue.of)
    if revenue.within is None and workflow.goal is None:
        draft.say(
            revenue,
            code="missing-key",
            message="needs `within:`",
            hint="without a goal nothing says how long revenue counts; write within: 30d",
        )
    declared = declared_properties(draft.workspace.facts.events).get(revenue.of)
    if not SNAKE.fullmatch(revenue.sum):
        draft.say(
            revenue,
            "sum",
            code="bad-name",
            message=f"{quoted(revenue.sum)} is no property's name",
            hint=f"write {snake_case(revenue.sum) or 'it as total'}",
        )
    elif declared is not None and revenue.sum not in declared:
        draft.unknown(
            revenue,
            "sum",
            noun="property",
            name=revenue.sum,
            known=declared,
            otherwise=f"declare it under {revenue.of}",
        )
    elif declared is not None and declared[revenue.sum] not in (Kind.NUMBER, Kind.ANY):
        draft.say(
            revenue,
            "sum",
            code="wrong-kind",
            message=f"sum needs a number, and {revenue.sum} is a {declared[revenue.sum].value}",
            hint="use another property",
        )
