"""Advance: a run at its step, and what is so at this instant, become the next step and its effects."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from engine.decisions.decide import line_of
from engine.experiments.assignment import arm as arm_of
from engine.expressions import Outcome
from engine.model.reasons import EndReason, RunStatus, StepOutcome
from engine.model.workflow import (
    AskStep,
    Do,
    If,
    RunChild,
    Split,
    Stop,
    Wait,
    WaitFor,
)  # fmt: skip
from engine.runs import doing, start, waiting
from engine.runs.ending import end
from engine.runs.program import END, CompiledWorkflow, Instruction
from engine.runs.run import AskItem, Run
from engine.runs.run import Wait as Pause
from engine.runs.stage import Stage
from engine.runs.steps import attempt, inputs_hash, proceed, turn


def advance(stage: Stage, run: Run) -> None:
    """Carry a running run on until it waits or ends."""
    program = stage.plans.program(run)
    if program is None:
        end(stage, run, RunStatus.FAILED, EndReason.ERROR.value, "its definition is gone")
        return
    while run.status is RunStatus.RUNNING:
        if run.path == END:
            end(stage, run, RunStatus.COMPLETED, None)
            return
        instruction = program.instructions.get(run.path)
        if instruction is None:
            end(stage, run, RunStatus.FAILED, EndReason.ERROR.value, f"there is no step {run.path}")
            return
        _take(stage, program, run, instruction)
        stage.changes.runs[run.id] = run


def due(stage: Stage, run: Run) -> None:
    """A waiting run's time has come: what it waited for is over, one way or the other."""
    wait = run.wait
    program = stage.plans.program(run)
    if wait is None or program is None:
        advance(stage, run)
        return
    instruction = program.instructions[run.path]
    # A hold is kept while its step is tried again: it is measured from when the step first came due.
    run.status, run.wait = RunStatus.RUNNING, wait if wait.kind == "hold" else None
    if wait.kind == "time":
        proceed(run, instruction)
    elif wait.kind == "event":
        attempt(stage, run, "wait_for", StepOutcome.EXECUTED, reason="timed_out")
        proceed(run, instruction, {"timed_out": True, "event": None})
    elif wait.kind == "ask":
        _answered(stage, run, instruction, None)
    advance(stage, run)


def settled(stage: Stage, run: Run, outcome: StepOutcome, answers: Mapping[str, Any]) -> None:
    """The effect that a run waited for has settled: go on, or stop where a failure says so."""
    program = stage.plans.program(run)
    instruction = program.instructions.get(run.path) if program else None
    if instruction is None or not isinstance(instruction.step, Do):
        return
    doing.settle(stage, run, instruction, instruction.step, outcome, answers)
    advance(stage, run)


def child_ended(stage: Stage, parent: Run, child: Run) -> None:
    """The child that a run waited for has ended."""
    if parent.wait is None or parent.wait.kind != "child" or parent.wait.token != child.id:
        return
    program = stage.plans.program(parent)
    if program is None:
        return
    parent.status, parent.wait = RunStatus.RUNNING, None
    answers = {"outcome": child.status.value, "reason": child.reason}
    attempt(stage, parent, "run", StepOutcome.EXECUTED, answers=answers, detail={"run": child.id})
    proceed(parent, program.instructions[parent.path], answers)
    advance(stage, parent)


def answered(stage: Stage, run: Run, choice: str, by: str) -> bool:
    """A person answered what a run asked; False where it waits for no such answer."""
    program = stage.plans.program(run)
    if program is None or run.wait is None or run.wait.kind != "ask":
        return False
    instruction = program.instructions[run.path]
    if not isinstance(instruction.step, AskStep) or choice not in instruction.step.ask.choices:
        return False
    run.status, run.wait = RunStatus.RUNNING, None
    _answered(stage, run, instruction, (choice, by))
    advance(stage, run)
    return True


def _take(stage: Stage, program: CompiledWorkflow, run: Run, instruction: Instruction) -> None:
    step = instruction.step
    if isinstance(step, Do):
        doing.do(stage, program, run, instruction)
    elif isinstance(step, Wait):
        until = waiting.moment(stage, run, instruction, step, stage.now)
        _pause(stage, run, "wait", Pause(kind="time", due=until, since=stage.now))
    elif isinstance(step, WaitFor):
        waiting.look(stage, run, instruction, step)
    elif isinstance(step, If):
        _branch(stage, run, instruction)
    elif isinstance(step, Split):
        _split(stage, program, run, instruction, step)
    elif isinstance(step, AskStep):
        _ask(stage, run, instruction, step)
    elif isinstance(step, RunChild):
        _child(stage, run, instruction, step)
    elif isinstance(step, Stop):
        attempt(stage, run, "stop", StepOutcome.EXECUTED, reason=step.stop)
        end(stage, run, RunStatus.STOPPED, step.stop)


def _pause(stage: Stage, run: Run, verb: str, wait: Pause) -> None:
    attempt(stage, run, verb, StepOutcome.EXECUTED, until=wait.due)
    run.status, run.wait = RunStatus.WAITING, wait


def _branch(stage: Stage, run: Run, instruction: Instruction) -> None:
    env = stage.env(run)
    if instruction.condition is None:
        raise AssertionError("an if was compiled without its condition")
    outcome = instruction.condition.outcome(env)
    way = "then" if outcome is Outcome.MET else "else"
    lines = [line_of(line) for line in instruction.condition.trace(env)]
    detail = {"lines": [[line.text, line.outcome, line.values] for line in lines]}
    inputs = inputs_hash({name: value for line in lines for name, value in line.values.items()})
    attempt(stage, run, "if", StepOutcome.EXECUTED, reason=outcome.value, inputs=inputs, detail=detail)
    turn(run, instruction, instruction.branches[way])


def _split(stage: Stage, program: CompiledWorkflow, run: Run, instruction: Instruction, step: Split) -> None:
    shares = {name: arm.share for name, arm in step.arms.items()}
    chosen = arm_of(program.id, step.split, run.customer, shares)
    attempt(stage, run, "split", StepOutcome.EXECUTED, reason=chosen, answers={"arm": chosen})
    turn(run, instruction, instruction.branches[chosen], {"arm": chosen})


def _ask(stage: Stage, run: Run, instruction: Instruction, step: AskStep) -> None:
    until = waiting.later(stage, stage.now, step.ask.up_to)
    if run.arm == "held_out":
        attempt(stage, run, "ask", StepOutcome.HELD_OUT, until=until)
    else:
        who = instruction.arguments["who"].value(stage.env(run))
        token = f"{run.id}:{run.path}:0"
        asked = {"who": str(who or ""), "question": step.ask.question, "choices": step.ask.choices}
        attempt(
            stage, run, "ask", StepOutcome.EXECUTED,
            until=until, inputs=inputs_hash(asked), detail={"who": asked["who"]},
        )  # fmt: skip
        stage.changes.asks.append(
            AskItem(
                id=token,
                run=run.id,
                customer=run.customer,
                who=str(who or ""),
                question=step.ask.question,
                choices=step.ask.choices,
                asked_at=stage.now,
                due=until,
            )
        )
    run.status = RunStatus.WAITING
    run.wait = Pause(kind="ask", due=until, since=stage.now, token=f"{run.id}:{run.path}:0")


def _answered(stage: Stage, run: Run, instruction: Instruction, answer: tuple[str, str] | None) -> None:
    step = instruction.step
    if not isinstance(step, AskStep):
        return
    choice, by = answer if answer is not None else (step.ask.else_, "")
    reason = None if answer is not None else "timed_out"
    attempt(stage, run, "ask", StepOutcome.EXECUTED, reason=reason, answers={"choice": choice, "by": by})
    proceed(run, instruction, {"choice": choice, "by": by})


def _child(stage: Stage, run: Run, instruction: Instruction, step: RunChild) -> None:
    program = stage.plans.workflows.get(step.run)
    if run.arm == "held_out" or program is None:
        attempt(stage, run, "run", StepOutcome.HELD_OUT)
        proceed(run, instruction, {"outcome": RunStatus.COMPLETED.value, "reason": None})
        return
    env = stage.env(run)
    given = {name: value.value(env) for name, value in instruction.arguments.items()}
    inputs = inputs_hash(given)
    child, started = start.start(
        stage,
        program,
        cause=f"{run.id}/{run.path}",
        input=given,
        event=run.event,
        from_at=run.from_at,
        parent=run,
        trigger_event=run.trigger_event,
        hops=run.hops + 1,
    )
    if started.status == RunStatus.REFUSED.value:
        answers = {"outcome": started.status, "reason": started.reason}
        attempt(stage, run, "run", StepOutcome.SKIPPED, reason=started.reason, inputs=inputs, answers=answers)
        proceed(run, instruction, answers)
        return
    attempt(stage, run, "run", StepOutcome.EXECUTED, inputs=inputs, detail={"run": child.id})
    run.status = RunStatus.WAITING
    run.wait = Pause(kind="child", since=stage.now, token=child.id)
    advance(stage, child)
