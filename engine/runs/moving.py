"""Moving: what becomes of open runs when a release has changed their workflow's file."""

from __future__ import annotations

from engine.model.reasons import EndReason, RunStatus, StayReason, StepOutcome
from engine.model.values import Micros
from engine.model.workflow import AskStep, Do, RunChild, Step, Wait, WaitFor
from engine.runs import waiting
from engine.runs.ending import end
from engine.runs.program import END, CompiledWorkflow, Instruction
from engine.runs.run import Run
from engine.runs.run import Wait as Pause
from engine.runs.stage import Stage
from engine.runs.steps import attempt

VERB = "on_change"
"""What step attempts say that record a change of the file."""


def change_over(stage: Stage) -> None:
    """Do with each open run as its workflow's new file says in `on_change`, and record it.

    `finish_on_old` leaves it pinned to the definition it began with, of which there is nothing to
    record, and so does `move` where it cannot go on in the new one; a workflow that is gone finishes
    too. A run that is moved is in the new file from now on: a wait whose length was changed is counted
    anew from when it began.
    """
    for run in sorted(stage.member.runs.values(), key=lambda one: (one.started_at, one.id)):
        program = stage.plans.workflows.get(run.workflow)
        if program is None or program.hash == run.definition or not run.open:
            continue
        if program.workflow.on_change == "stop":
            _record(stage, run, program, StepOutcome.CANCELLED, EndReason.RELEASE.value)
            end(stage, run, RunStatus.CANCELLED, EndReason.RELEASE.value)
        elif program.workflow.on_change == "move" and run.declined != program.hash:
            _move(stage, run, program)


def _move(stage: Stage, run: Run, program: CompiledWorkflow) -> None:
    old = stage.plans.program(run)
    before = old.instructions.get(run.path) if old else None
    after = program.instructions.get(run.path)
    reason = StayReason.DEFINITION_GONE if old is None else _stays(run, before, after)
    if reason is not None:
        _record(stage, run, program, StepOutcome.SKIPPED, reason.value)
        run.declined = program.hash
        return
    due = None if before is None or after is None else _anew(stage, run, before, after)
    if run.wait is not None and due is not None:
        run.wait = Pause(kind=run.wait.kind, due=due, since=run.wait.since, token=run.wait.token)
    _record(stage, run, program, StepOutcome.EXECUTED, None, due)
    run.definition = program.hash
    run.seq += 1


def _record(
    stage: Stage,
    run: Run,
    program: CompiledWorkflow,
    outcome: StepOutcome,
    reason: str | None,
    until: Micros | None = None,
) -> None:
    """Append what became of a run, with both definitions by their hashes."""
    detail = {"from": run.definition, "to": program.hash}
    attempt(stage, run, VERB, outcome, reason=reason, until=until, detail=detail)


def _stays(run: Run, before: Instruction | None, after: Instruction | None) -> StayReason | None:
    """Tell why a run cannot go on in the new definition, None where it can."""
    if run.path == END:
        return None
    if after is None or before is None:
        return StayReason.STEP_GONE
    return None if _alike(before.step, after.step) else StayReason.OTHER_STEP


def _alike(before: Step, after: Step) -> bool:
    """Tell whether what a run has begun at one step may be ended at another.

    An action that is on its way, a child, a question and an awaited event are each their step's own.
    """
    if isinstance(before, Do) and isinstance(after, Do):
        return before.do == after.do
    if isinstance(before, RunChild) and isinstance(after, RunChild):
        return before.run == after.run
    if isinstance(before, WaitFor) and isinstance(after, WaitFor):
        return before.wait_for == after.wait_for
    if isinstance(before, AskStep) and isinstance(after, AskStep):
        return before.ask.choices == after.ask.choices
    return type(before) is type(after)


def _anew(stage: Stage, run: Run, before: Instruction, after: Instruction) -> Micros | None:
    """Give when a wait is over whose length was changed, None where nothing changes.

    What is over by then is over now. An open question keeps the time that a person was told.
    """
    wait, step, old = run.wait, after.step, before.step
    if wait is None:
        return None
    if isinstance(step, Wait) and isinstance(old, Wait) and wait.kind == "time" and step.wait != old.wait:
        return max(waiting.moment(stage, run, after, step, wait.since), stage.now)
    if isinstance(step, WaitFor) and isinstance(old, WaitFor) and wait.kind == "event":
        if step.up_to != old.up_to:
            return max(waiting.later(stage, wait.since, step.up_to), stage.now)
    return None
