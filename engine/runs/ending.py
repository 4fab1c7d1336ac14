"""End a run: record it, call off what has not left, tell the run that waits for it."""

from __future__ import annotations

import msgspec

from engine.customers.kinds import sent_form
from engine.decisions.standing import GoalWatch
from engine.model.reasons import RunStatus, StepOutcome
from engine.runs.asking import give_back
from engine.runs.changes import Settled
from engine.runs.run import Run
from engine.runs.stage import Stage
from engine.runs.steps import attempt

RETRIED = "retried"
"""The flag of a run that had failed, and that a person has let go on."""


def end(stage: Stage, run: Run, status: RunStatus, reason: str | None, detail: str | None = None) -> None:
    """End a run. An effect that waits to be sent is cancelled.

    One that is being sent right now may arrive all the same: it keeps what it reserved until that is known.
    """
    if not run.open:
        return
    wait = run.wait
    if wait is not None and wait.kind == "effect" and wait.token is not None:
        called_off = Settled(wait.token, StepOutcome.CANCELLED.value, reason, stage.now, call_off=True)
        stage.changes.settled.append(called_off)
        attempt(stage, run, "do", StepOutcome.CANCELLED, reason=reason, effect=wait.token)
    if wait is not None and wait.kind == "ask":
        give_back(stage, wait)
    run.seq += 1
    run.status, run.reason, run.detail = status, reason, detail
    run.ended_at, run.wait = stage.now, None
    stage.changes.runs[run.id] = run
    properties = {
        "run": run.id, "workflow": run.workflow, "status": status.value, "reason": reason or "",
    }  # fmt: skip
    # A run that a person let go on ends once more.
    once_more = f"{run.id}:{run.seq}" if RETRIED in run.flags else run.id
    stage.emit("run_ended", properties, once_more, cause="run", hops=run.hops)
    for child in list(stage.member.runs.values()):
        if child.parent == run.id and child.open:
            end(stage, child, status, reason)
    _watch(stage, run)
    del stage.member.runs[run.id]


def _watch(stage: Stage, run: Run) -> None:
    """Keep an eye on the goal of a run that ended before its time was up; exits by it reached it."""
    program = stage.plans.program(run)
    goal = program.workflow.goal if program else None
    if program is None or goal is None or run.goal_at is not None:
        return
    if run.goal_until is None or run.goal_until <= stage.now:
        return
    watch = GoalWatch(run.id, run.workflow, goal.event, run.from_at, run.goal_until)
    if program.goal_where is not None:
        roots = {name.partition(".")[0] for name in program.goal_where.names}
        known = {"input": run.input, "run": run.answers}
        kept = {name: sent_form(values) for name, values in known.items() if name in roots}
        watch = msgspec.structs.replace(watch, definition=run.definition, known=kept)
    stage.member.standing.goals = [*stage.member.standing.goals, watch]
