"""React: what an event does to the customer's open runs: reach the goal, end them, move them on."""

from __future__ import annotations

from engine.customers.event import Event
from engine.decisions.standing import GoalWatch
from engine.expressions import Env, Outcome
from engine.model.reasons import EndReason, RunStatus
from engine.model.workflow import WaitFor
from engine.runs import advance, waiting
from engine.runs.changes import GoalReached
from engine.runs.ending import end
from engine.runs.program import CompiledWorkflow, Exit
from engine.runs.run import Run, Signal
from engine.runs.stage import Stage
from engine.timeline.moment import Moment

LATE_ORDER = "late_order"
"""The flag of a run whose exit occurred before a message left and was received after it."""


def react(moment: Moment, event: Event) -> None:
    """Show an event to every open run of the customer, oldest first."""
    _watched(moment, event)
    ref = f"{event.source}/{event.message_id}"
    for run in sorted(moment.member.runs.values(), key=lambda one: (one.started_at, one.id)):
        if run.trigger_event == ref or not run.open:
            continue
        program = moment.stage.plans.program(run)
        if program is not None:
            _show(moment, program, run, event)


def _show(moment: Moment, program: CompiledWorkflow, run: Run, event: Event) -> None:
    stage = moment.stage
    _goal(moment, program, run, event)
    for exit_ in program.exits:
        if exit_.event == event.name and leaves(stage, program, run, exit_, event):
            if _sent_after(moment, run, event) and LATE_ORDER not in run.flags:
                run.flags = [*run.flags, LATE_ORDER]
            end(stage, run, RunStatus.STOPPED, EndReason.EXIT.value, event.name)
            moment.forget()
            return
    if event.name == "run_ended":
        _child(moment, run, event)
    if event.name in program.awaited:
        _signal(moment, program, run, event)


def leaves(stage: Stage, program: CompiledWorkflow, run: Run, exit_: Exit, event: Event) -> bool:
    """Tell whether an event ends a run: later than what began it, of the run's key where it has one."""
    if event.occurred_at < run.from_at:
        return False
    wanted = exit_.matcher.wanted(stage.env(run))
    if any(event.properties.get(name) != value for name, value in wanted.items()):
        return False
    if not wanted and program.key_name is not None and program.key_name in event.properties:
        if str(event.properties[program.key_name]) != run.key:
            return False
    if exit_.where is None:
        return True
    return exit_.where.outcome(stage.env(run, stage.seen(event.name, event.properties))) is Outcome.MET


def _signal(moment: Moment, program: CompiledWorkflow, run: Run, event: Event) -> None:
    signal = Signal(event.source, event.message_id, event.name, event.occurred_at, dict(event.properties))
    if not waiting.keep(run, signal):
        return
    moment.changes.runs[run.id] = run
    moment.changes.customers[run.customer] = None
    instruction = program.instructions.get(run.path)
    if run.wait is None or run.wait.kind != "event" or instruction is None:
        return
    step = instruction.step
    if isinstance(step, WaitFor) and waiting.fits(moment.stage, run, instruction, step, signal):
        waiting.found(moment.stage, run, instruction, signal)
        advance.advance(moment.stage, run)
        moment.forget()


def _child(moment: Moment, run: Run, event: Event) -> None:
    wait = run.wait
    if wait is None or wait.kind != "child" or wait.token != event.properties.get("run"):
        return
    child = moment.changes.runs.get(str(wait.token))
    if child is not None:
        advance.child_ended(moment.stage, run, child)
        moment.forget()


def _goal(moment: Moment, program: CompiledWorkflow, run: Run, event: Event) -> None:
    goal = program.workflow.goal
    if goal is None or run.goal_at is not None or goal.event != event.name:
        return
    if not run.from_at <= event.occurred_at or event.occurred_at > (run.goal_until or 0):
        return
    where, stage = program.goal_where, moment.stage
    seen = stage.seen(event.name, event.properties)
    if where is None or where.outcome(stage.env(run, seen)) is Outcome.MET:
        run.goal_at = event.occurred_at
        moment.changes.runs[run.id] = run
        moment.changes.goals.append(GoalReached(run.id, run.workflow, event.occurred_at))


def _watched(moment: Moment, event: Event) -> None:
    """See whether the goal of a run that has ended is reached in time, though it be told late."""
    standing = moment.member.standing
    late = moment.world.ruleset.workspace.settings.limits.stale_after.micros
    kept: list[GoalWatch] = []
    for watch in standing.goals:
        if watch.event == event.name and _reaches(moment, watch, event):
            moment.changes.goals.append(GoalReached(watch.run, watch.workflow, event.occurred_at))
        elif watch.until + late >= moment.now:
            kept.append(watch)
    if len(kept) != len(standing.goals):
        standing.goals = kept
        moment.changes.customers[moment.member.id] = None


def _reaches(moment: Moment, watch: GoalWatch, event: Event) -> bool:
    if not watch.since <= event.occurred_at <= watch.until:
        return False
    if watch.definition is None:
        return True
    stage = moment.stage
    program = stage.plans.pinned(watch.workflow, watch.definition)
    if program is None or program.goal_where is None:
        return False
    seen = stage.seen(event.name, event.properties)
    env = Env(stage.view(), seen, watch.known.get("input"), watch.known.get("run"), stage.clock)
    return program.goal_where.outcome(env) is Outcome.MET


def _sent_after(moment: Moment, run: Run, event: Event) -> bool:
    prefix = f"{run.id}:"
    return any(
        sent.effect_key.startswith(prefix) and not sent.reserved and sent.at > event.occurred_at
        for sent in moment.member.standing.contact.sends
    )
