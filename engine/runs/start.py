"""Start a run: whether it may, in which arm, with which key."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from engine.contact.arbitration import group_of, rank_of, refused_by
from engine.contact.consent import refusal
from engine.decisions.decision import Start, identity
from engine.experiments.assignment import HELD_OUT, expose
from engine.expressions import Env
from engine.model.reasons import Refusal, RunStatus
from engine.model.values import DAY, Micros
from engine.runs.program import CompiledWorkflow
from engine.runs.run import Run
from engine.runs.stage import Stage

MONTH = 30 * DAY
"""The starts of a month are kept in any case, for a file that asks for more tomorrow."""

HOP_LIMIT = 10
"""So many runs may lead to one another; what goes on beyond that is a circle."""


def start(
    stage: Stage,
    program: CompiledWorkflow,
    *,
    cause: str,
    input: Mapping[str, Any],
    event: Mapping[str, Any],
    from_at: Micros,
    rule: str | None = None,
    decision: str | None = None,
    parent: Run | None = None,
    trigger_event: str | None = None,
    hops: int = 0,
) -> tuple[Run, Start]:
    """Make a run, running or refused; `cause` makes it one of a kind for the workflow."""
    key = _key(stage, program, input, event)
    run = Run(
        id=identity(f"{cause}/{program.id}"),
        workflow=program.id,
        definition=program.hash,
        policy=stage.plans.policy_hash,
        customer=stage.member.id,
        key=key,
        decision=decision,
        rule=rule,
        status=RunStatus.RUNNING,
        started_at=stage.now,
        from_at=from_at,
        parent=parent.id if parent else None,
        hops=hops,
        trigger_event=trigger_event,
        event=dict(event),
        input=dict(input),
        path=program.first,
    )
    stage.changes.runs[run.id] = run
    reason = _refusal(stage, program, run)
    if reason is not None:
        run.status, run.reason, run.ended_at = RunStatus.REFUSED, reason.value, stage.now
        return run, Start(program.id, run.id, run.status.value, run.reason)
    _begin(stage, program, run, parent)
    return run, Start(program.id, run.id, run.status.value, None, run.arm)


def _begin(stage: Stage, program: CompiledWorkflow, run: Run, parent: Run | None) -> None:
    workflow = program.workflow
    if workflow.class_ == "marketing" and parent is None:
        exposure = expose(workflow, stage.plans.policy, run.id, stage.member.id, stage.now)
        run.arm = "held_out" if exposure.arm == HELD_OUT else "treated"
        stage.changes.exposures.append(exposure)
    if workflow.goal is not None:
        run.goal_until = stage.now + workflow.goal.within.micros
    stage.member.runs[run.id] = run
    _remember(stage, program, run.key)


def _remember(stage: Stage, program: CompiledWorkflow, key: str | None) -> None:
    """Keep when a key was run last; keys that `reentry` asks for no more are forgotten."""
    reentry, starts = program.workflow.reentry, stage.member.standing.starts
    if reentry.mode != "never":
        horizon = stage.now - max(reentry.after.micros if reentry.after else 0, MONTH) - 2 * DAY
        for place in [place for place, at in starts.items() if at < horizon and _is_of(place, program.id)]:
            del starts[place]
    starts[_place(program.id, key)] = stage.now


def _is_of(place: str, workflow: str) -> bool:
    return place.partition("\x1f")[0] == workflow


def _key(
    stage: Stage, program: CompiledWorkflow, input: Mapping[str, Any], event: Mapping[str, Any]
) -> str | None:
    if program.key is None:
        return None
    value = program.key.value_or_null(Env(stage.view(), event, input, {}, stage.clock))
    return None if value is None else str(value)


def _place(workflow: str, key: str | None) -> str:
    return workflow if key is None else f"{workflow}\x1f{key}"


def _refusal(stage: Stage, program: CompiledWorkflow, run: Run) -> Refusal | None:
    """Give the first reason that forbids the start, in the order of the closed list."""
    workflow, policy = program.workflow, stage.plans.policy
    if workflow.status in ("draft", "off"):
        return Refusal.NOT_LIVE
    if run.hops > HOP_LIMIT:
        return Refusal.HOPS
    if any(other.key == run.key for other in stage.open_runs((workflow.id,))):
        return Refusal.RUNNING
    if _too_soon(stage, program, run.key):
        return Refusal.REENTRY
    if group_of(policy, workflow.id) is not None:
        if refused_by(rank_of(policy, workflow), rivals_of(stage, program)) is not None:
            return Refusal.GROUP
    if stage.member.kind == "account":
        return None  # what it is sent goes to its contact, who is found at each message
    return refusal(
        policy,
        workflow.class_,
        program.ways,
        stage.member.standing.contact,
        stage.view(),
        stage.plans.suppressed,
    )


def _too_soon(stage: Stage, program: CompiledWorkflow, key: str | None) -> bool:
    last = stage.member.standing.starts.get(_place(program.id, key))
    reentry = program.workflow.reentry
    if last is None or reentry.mode == "always":
        return False
    if reentry.mode == "never" or reentry.after is None:
        return True
    days = reentry.after.days
    if days is None:
        return stage.now - last < reentry.after.micros
    return stage.day - stage.plans.zone.day_of(last) < days


def rivals_of(stage: Stage, program: CompiledWorkflow) -> list[tuple[str, int]]:
    """Give (workflow, rank) of the customer's open runs of the same exclusivity group."""
    policy, plans = stage.plans.policy, stage.plans
    group = group_of(policy, program.id)
    if group is None:
        return []
    members = [name for name in policy.groups[group] if name != program.id]
    return [
        (run.workflow, rank_of(policy, plans.workflows[run.workflow].workflow))
        for run in stage.open_runs(members)
        if run.workflow in plans.workflows
    ]
