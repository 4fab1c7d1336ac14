"""Do: check again whether it may be done, do it inside, or put it on its way outside."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from engine.contact.arbitration import Rival, rank_of, stopped_by
from engine.contact.consent import address, refusal, unreachable_on
from engine.contact.gate import Attempt, Verdict, check
from engine.contact.log import release
from engine.contact.preferences import preferred_channel
from engine.errors import HoldfastError
from engine.expressions import Env
from engine.model.actions import ActionSpec
from engine.model.reasons import EndReason, HoldReason, RunStatus, SkipReason, StepOutcome
from engine.model.workflow import Do
from engine.runs import effects, start
from engine.runs.ending import end
from engine.runs.program import CompiledWorkflow, Instruction, purpose_of
from engine.runs.run import Effect, Run
from engine.runs.run import Wait as Pause
from engine.runs.stage import Stage
from engine.runs.steps import attempt, inputs_hash, proceed

PAUSE_CHECK = 60_000_000
"""A paused workflow is looked at again so many microseconds later."""


def do(stage: Stage, program: CompiledWorkflow, run: Run, instruction: Instruction) -> None:
    """Carry out a `do` step as far as it can be now."""
    step = instruction.step
    if not isinstance(step, Do):
        raise AssertionError("only a do is done")
    spec = stage.plans.actions[step.do]
    if run.arm == "held_out":
        attempt(stage, run, "do", StepOutcome.HELD_OUT, detail={"action": step.do})
        proceed(run, instruction, _as_if(spec))
        return
    winner = outranked(stage, program)
    if winner is not None:
        attempt(
            stage, run, "do", StepOutcome.CANCELLED, reason=EndReason.OUTRANKED.value, detail={"by": winner}
        )
        end(stage, run, RunStatus.STOPPED, EndReason.OUTRANKED.value, winner)
        return
    env = stage.env(run)
    arguments = _addressed(stage, program, spec, instruction, env)
    spec, arguments = _as_preferred(stage, program, spec, arguments)
    verdict = judge(stage, program, run, spec, arguments)
    if verdict.kind != "go":
        refused(stage, run, instruction, step, verdict, arguments)
    elif spec.kind == "internal":
        _inside(stage, run, instruction, step, arguments)
    else:
        _outside(stage, run, spec, arguments)


def _as_preferred(
    stage: Stage, program: CompiledWorkflow, spec: ActionSpec, arguments: dict[str, Any]
) -> tuple[ActionSpec, dict[str, Any]]:
    """Give the action and arguments by which a message goes: on the channel that the customer prefers,
    where it has a variant for it and they can be reached there; else as the step says.
    """
    messages, policy = stage.plans.workspace.messages, stage.plans.policy
    message = messages.get(str(arguments.get("message"))) if spec.channel is not None else None
    if message is None or not message.variants or "to" in arguments:
        return spec, arguments
    preferred = preferred_channel(policy, stage.view())
    other = stage.plans.actions.get(f"{preferred}.send")
    if preferred is None or preferred not in message.variants or other is None:
        return spec, arguments
    name, workflow = message.variants[preferred], program.workflow
    purpose = purpose_of(workflow, messages.get(name))
    hindrance = unreachable_on(
        policy, workflow.class_, preferred, stage.member.standing.contact, stage.view(), purpose,
        stage.plans.suppressed,
    )  # fmt: skip
    return (spec, arguments) if hindrance is not None else (other, {**arguments, "message": name})


def _addressed(
    stage: Stage, program: CompiledWorkflow, spec: ActionSpec, instruction: Instruction, env: Env
) -> dict[str, Any]:
    """Give the arguments; a message to an account goes to the workflow's `contact`, or its address."""
    arguments = {name: value.value(env) for name, value in instruction.arguments.items()}
    if spec.channel is not None and stage.member.kind == "account" and "to" not in arguments:
        arguments["to"] = program.contact.value(env) or address(spec.channel, stage.view())
    return arguments


def effect_key(run: Run) -> str:
    """Give the stable key of the effect of the step a run stands at: run, step path, iteration."""
    return f"{run.id}:{run.path}:0"


def judge(
    stage: Stage, program: CompiledWorkflow, run: Run, spec: ActionSpec, arguments: Mapping[str, Any]
) -> Verdict:
    """Ask the gate whether this may be done at this instant."""
    plans = stage.plans
    if "to" in arguments and spec.channel is not None and not arguments["to"]:
        return Verdict("skip", SkipReason.RECIPIENT.value)
    if plans.paused(run.workflow):
        return Verdict("hold", HoldReason.PAUSED.value, stage.now + PAUSE_CHECK)
    workflow = program.workflow
    asked = Attempt(
        workflow=run.workflow,
        class_=workflow.class_,
        rank=rank_of(plans.policy, workflow),
        action=spec.name,
        effect_key=effect_key(run),
        due=run.wait.since if run.wait is not None and run.wait.since else stage.now,
        channel=spec.channel,
        to_customer="to" not in arguments,
        purpose=purpose_of(workflow, plans.workspace.messages.get(str(arguments.get("message")))),
        worth=effects.worth_of(arguments),
        reserved=effect_key(run) in stage.member.standing.reserved,
    )
    return check(
        plans.policy,
        plans.workspace.settings.timezone,
        asked,
        stage.member.standing.contact,
        stage.view(),
        _rivals(stage, run),
        stage.now,
        stage.taken(spec.name, run.workflow),
        plans.suppressed,
    )


def outranked(stage: Stage, program: CompiledWorkflow) -> str | None:
    """Give the open run of the same group, of a higher rank, that stops this one at its next `do`."""
    return stopped_by(rank_of(stage.plans.policy, program.workflow), start.rivals_of(stage, program))


def message(program: CompiledWorkflow, stage: Stage, effect: Effect, channel: str) -> Attempt:
    """Give what the contact log keeps of a message to the customer."""
    return Attempt(
        workflow=effect.workflow,
        class_=program.workflow.class_,
        rank=rank_of(stage.plans.policy, program.workflow),
        action=effect.action,
        effect_key=effect.key,
        due=stage.now,
        channel=channel,
    )


def reserve(stage: Stage, effect: Effect) -> None:
    """Take what an effect on its way costs from the budgets of its action; again for the same: once."""
    reserved = stage.member.standing.reserved
    if effect.key not in reserved:
        shares = stage.reserve(effect.action, effects.worth_of(effect.arguments), effect.workflow)
        if shares:
            reserved[effect.key] = shares


def give_back(stage: Stage, key: str) -> None:
    """Give back what an effect reserved: its place under the caps, and its share of budgets."""
    standing = stage.member.standing
    release(standing.contact, key)
    stage.release(standing.reserved.pop(key, ()))


def spend(stage: Stage, effect: Effect) -> None:
    """Spend for good what an effect reserved that has been taken, or may have been."""
    reserve(stage, effect)
    stage.commit(stage.member.standing.reserved.pop(effect.key, ()))


def refused(
    stage: Stage,
    run: Run,
    instruction: Instruction,
    step: Do,
    verdict: Verdict,
    arguments: Mapping[str, Any],
) -> None:
    """Record that the gate said no: hold and try again, leave it out, or stop the run."""
    inputs = inputs_hash(arguments)
    detail = {"action": step.do, **({"because": verdict.because} if verdict.because else {})}
    if verdict.kind == "hold":
        since = run.wait.since if run.wait is not None and run.wait.since else stage.now
        attempt(
            stage, run, "do", StepOutcome.HELD,
            reason=verdict.reason, until=verdict.until, effect=effect_key(run), inputs=inputs, detail=detail,
        )  # fmt: skip
        run.status = RunStatus.WAITING
        run.wait = Pause(kind="hold", due=verdict.until, since=since)
        return
    outcome = StepOutcome.SKIPPED if verdict.kind == "skip" else StepOutcome.CANCELLED
    attempt(
        stage, run, "do", outcome,
        reason=verdict.reason, effect=effect_key(run), inputs=inputs, detail=detail,
    )  # fmt: skip
    run.status, run.wait = RunStatus.RUNNING, None
    if verdict.kind == "stop":
        end(stage, run, RunStatus.STOPPED, verdict.reason)
    else:
        proceed(run, instruction, {"outcome": StepOutcome.SKIPPED.value, "reason": verdict.reason})


def settle(
    stage: Stage,
    run: Run,
    instruction: Instruction,
    step: Do,
    outcome: StepOutcome,
    answers: Mapping[str, Any],
) -> None:
    """Take in how the effect of a step ended: go on, or stop where a failure says so."""
    run.status, run.wait = RunStatus.RUNNING, None
    if outcome is StepOutcome.FAILED and step.on_failure == "stop":
        end(stage, run, RunStatus.STOPPED, EndReason.EFFECT_FAILED.value)
    else:
        proceed(run, instruction, {"outcome": outcome.value, **answers})


def _inside(stage: Stage, run: Run, instruction: Instruction, step: Do, arguments: Mapping[str, Any]) -> None:
    key, inputs = effect_key(run), inputs_hash(arguments)
    run.wait = None
    try:
        answers = effects.perform(stage, step.do, key, arguments, run)
    except (HoldfastError, LookupError, ValueError, ArithmeticError) as error:
        reason = getattr(error, "code", type(error).__name__)
        attempt(
            stage, run, "do", StepOutcome.FAILED,
            reason=str(reason), effect=key, inputs=inputs, detail={"action": step.do},
        )  # fmt: skip
        settle(stage, run, instruction, step, StepOutcome.FAILED, {"reason": str(reason)})
        return
    attempt(
        stage, run, "do", StepOutcome.EXECUTED,
        effect=key, inputs=inputs, answers=answers, detail={"action": step.do},
    )  # fmt: skip
    proceed(run, instruction, {"outcome": StepOutcome.EXECUTED.value, **answers})


def _outside(stage: Stage, run: Run, spec: ActionSpec, arguments: Mapping[str, Any]) -> None:
    since = run.wait.since if run.wait is not None and run.wait.since else stage.now
    key = effect_key(run)
    stage.changes.effects.append(
        Effect(
            key=key,
            run=run.id,
            workflow=run.workflow,
            customer=run.customer,
            path=run.path,
            action=spec.name,
            arguments=dict(arguments),
            context={"event": run.event, "input": run.input, "run": run.answers, "key": run.key},
            created_at=stage.now,
            due=stage.now,
            first_due=since,
        )
    )
    run.status = RunStatus.WAITING
    run.wait = Pause(kind="effect", since=since, token=key)


def _as_if(spec: ActionSpec) -> dict[str, Any]:
    """Give the answers of an effect that is held out: as if it had been done."""
    return {"outcome": StepOutcome.EXECUTED.value, **dict.fromkeys(spec.answers)}


def _rivals(stage: Stage, run: Run) -> list[Rival]:
    """Give the customer's other marketing messages that are due: runs that stand at a message now."""
    found = []
    for other in stage.member.runs.values():
        if other.id == run.id or not other.open or other.arm == "held_out":
            continue
        program = stage.plans.program(other)
        if program is None or program.workflow.class_ != "marketing":
            continue
        if _silenced(stage, program):
            continue
        due = _message_due(stage, program, other)
        if due is not None:
            found.append(Rival(other.workflow, rank_of(stage.plans.policy, program.workflow), due))
    return found


def _silenced(stage: Stage, program: CompiledWorkflow) -> bool:
    """Tell whether a workflow cannot reach the customer on any of its ways: nobody loses to it."""
    why = refusal(
        stage.plans.policy, program.workflow.class_, program.ways, stage.member.standing.contact,
        stage.view(), stage.plans.suppressed,
    )  # fmt: skip
    return why is not None


def _message_due(stage: Stage, program: CompiledWorkflow, run: Run) -> int | None:
    """Give when a run's next step is a message to the customer, None where it is something else."""
    instruction = program.instructions.get(run.path)
    if instruction is None or run.wait is None:
        return None
    if run.wait.kind == "time":
        instruction = program.instructions.get(instruction.next)
    elif run.wait.kind not in ("hold", "effect"):
        return None
    step = instruction.step if instruction else None
    if not isinstance(step, Do) or "to" in step.with_ or stage.plans.actions[step.do].channel is None:
        return None
    return run.wait.due if run.wait.due is not None else stage.now
