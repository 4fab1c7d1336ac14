"""Moving: what becomes of open runs when a release has changed their workflow's file."""

from __future__ import annotations

from engine.model.reasons import EndReason, RunStatus
from engine.runs.ending import end
from engine.runs.program import END, CompiledWorkflow
from engine.runs.run import Run
from engine.runs.stage import Stage


def change_over(stage: Stage) -> None:
    """Do with each open run as its workflow's new file says in `on_change`.

    `finish_on_old` leaves it pinned to the definition it began with, and so does `move` where the new
    one has no such step; a workflow that is gone finishes too.
    """
    for run in sorted(stage.member.runs.values(), key=lambda one: (one.started_at, one.id)):
        program = stage.plans.workflows.get(run.workflow)
        if program is None or program.hash == run.definition or not run.open:
            continue
        if program.workflow.on_change == "stop":
            end(stage, run, RunStatus.CANCELLED, EndReason.RELEASE.value)
        elif program.workflow.on_change == "move" and _fits(stage, run, program):
            run.definition = program.hash
            run.seq += 1
            stage.changes.runs[run.id] = run


def _fits(stage: Stage, run: Run, program: CompiledWorkflow) -> bool:
    """Tell whether a run's step stands at the same place of the new definition, and is of its kind."""
    old = stage.plans.program(run)
    before = old.instructions.get(run.path) if old else None
    after = program.instructions.get(run.path)
    if run.path == END:
        return True
    return before is not None and after is not None and type(before.step) is type(after.step)
