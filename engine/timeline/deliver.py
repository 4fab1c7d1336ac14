"""Deliver: check an effect again at the moment of sending, and take in how it ended."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

import msgspec

from engine.contact.log import prune, reserve
from engine.contact.log import settle as settle_log
from engine.customers.facts import Facts
from engine.model.actions import ActionSpec
from engine.model.reasons import EndReason, RunStatus, StepOutcome
from engine.model.values import Micros
from engine.model.workflow import Do
from engine.runs import advance, doing, rewards
from engine.runs.changes import Changes, Settled
from engine.runs.ending import end
from engine.runs.program import CompiledWorkflow, Instruction
from engine.runs.run import Effect, Run
from engine.runs.stage import Emitted
from engine.runs.steps import attempt as note
from engine.runs.steps import inputs_hash
from engine.timeline.cast import Cast
from engine.timeline.moment import Moment
from engine.timeline.play import drain
from engine.timeline.world import World


class Attempt(msgspec.Struct, frozen=True):
    """What to do with an effect now: send it, leave it for later, or drop it (all is recorded).

    With `go` come the customer's facts and the message class; a held effect's run waits for `until`.
    """

    kind: Literal["go", "hold", "drop"]
    facts: Facts | None = None
    class_: str = "service"
    until: Micros | None = None


class Result(msgspec.Struct, frozen=True):
    """How sending ended for good."""

    outcome: Literal["executed", "failed", "uncertain"]
    answers: Mapping[str, Any] = {}
    detail: Mapping[str, Any] = {}


def attempt(world: World, cast: Cast, changes: Changes, effect: Effect, now: Micros) -> Attempt:
    """Make every check again. A message that may go has its place under the caps reserved.

    One that may not, and that an attempt before this one may have sent, ends as uncertain.
    """
    member = cast.get(effect.customer)
    moment = Moment(world, member, changes, now, [], at_event=True)
    if not effect.run:
        return Attempt("go", moment.facts(), "service")
    found = _standing_at(moment, effect)
    if found is None and effect.apart:
        return _apart(moment, effect)
    if found is None and effect.unsure:
        return _unsure(world, cast, changes, effect, "run_ended", now)
    if found is None:
        hand_back(world, cast, changes, effect, now)
        changes.settled.append(Settled(effect.key, StepOutcome.CANCELLED.value, "run_ended", now))
        return Attempt("drop")
    run, program, instruction, step = found
    spec = world.plans.actions[effect.action]
    winner = doing.outranked(moment.stage, program)
    if winner is not None and effect.unsure:
        return _unsure(world, cast, changes, effect, EndReason.OUTRANKED.value, now)
    if winner is not None:
        reason = EndReason.OUTRANKED.value
        doing.give_back(moment.stage, effect.key)
        changes.settled.append(Settled(effect.key, StepOutcome.CANCELLED.value, reason, now))
        end(moment.stage, run, RunStatus.STOPPED, reason, winner)
        moment.forget()
        drain(world, cast, changes, moment.stage.queue, now)
        return Attempt("drop")
    verdict = doing.judge(moment.stage, program, run, spec, effect.arguments)
    if verdict.kind != "go" and effect.unsure:
        return _unsure(world, cast, changes, effect, verdict.reason, now)
    if verdict.kind != "go":
        doing.give_back(moment.stage, effect.key)
        changes.settled.append(Settled(effect.key, verdict.kind, verdict.reason, now))
        queue = moment.stage.queue
        doing.refused(moment.stage, run, instruction, step, verdict, effect.arguments)
        if run.open and run.status is RunStatus.RUNNING:
            advance.advance(moment.stage, run)
        moment.forget()
        drain(world, cast, changes, queue, now)
        return Attempt("hold" if verdict.kind == "hold" else "drop", until=verdict.until)
    _reserve(moment, program, spec, effect)
    prune(world.plans.policy, member.standing.contact, now)
    changes.customers[member.id] = None
    return Attempt("go", moment.facts(), program.workflow.class_)


def _apart(moment: Moment, effect: Effect) -> Attempt:
    """Check a message that a person sends again, whose run stands elsewhere; nobody waits for it."""
    plans, changes, now = moment.world.plans, moment.changes, moment.now
    program, spec = plans.workflows.get(effect.workflow), plans.actions[effect.action]
    if program is None:
        changes.settled.append(Settled(effect.key, StepOutcome.CANCELLED.value, "run_ended", now))
        return Attempt("drop")
    stand_in = Run(
        id=effect.run, workflow=effect.workflow, definition="", policy="", customer=effect.customer, key=None,
        decision=None, rule=None, status=RunStatus.WAITING, started_at=effect.created_at,
        from_at=effect.created_at, path=effect.path,
    )  # fmt: skip
    verdict = doing.judge(moment.stage, program, stand_in, spec, effect.arguments)
    if verdict.kind == "hold":
        return Attempt("hold", until=verdict.until)
    if verdict.kind != "go":
        doing.give_back(moment.stage, effect.key)
        outcome = StepOutcome.UNCERTAIN if effect.unsure else StepOutcome.SKIPPED
        changes.settled.append(Settled(effect.key, outcome.value, verdict.reason, now))
        changes.customers[moment.member.id] = None
        return Attempt("drop")
    _reserve(moment, program, spec, effect)
    changes.customers[moment.member.id] = None
    return Attempt("go", moment.facts(), program.workflow.class_)


def _unsure(
    world: World, cast: Cast, changes: Changes, effect: Effect, refused: str | None, now: Micros
) -> Attempt:
    settle(world, cast, changes, effect, Result("uncertain", detail={"refused": refused}), now)
    return Attempt("drop")


def _reserve(moment: Moment, program: CompiledWorkflow, spec: ActionSpec, effect: Effect) -> None:
    """Take an effect's place under the caps and its share of budgets.

    One whose run was ended while it left takes them anew.
    """
    doing.reserve(moment.stage, effect)
    if spec.channel is not None and "to" not in effect.arguments:
        message = doing.message(program, moment.stage, effect, spec.channel)
        reserve(moment.member.standing.contact, message.as_sent(moment.now))


def hand_back(world: World, cast: Cast, changes: Changes, effect: Effect, now: Micros) -> None:
    """Give back what an effect reserved that has not left, and is tried again or not at all.

    One that an attempt before this one may have sent keeps it until that is known.
    """
    member = cast.get(effect.customer)
    if not effect.unsure:
        doing.give_back(Moment(world, member, changes, now, [], at_event=True).stage, effect.key)
    changes.customers[member.id] = None


def give_back(world: World, cast: Cast, changes: Changes, effect: Effect, now: Micros, reason: str) -> None:
    """Record a refusal after which the effect is tried again: its reservation is given back."""
    hand_back(world, cast, changes, effect, now)
    member = cast.get(effect.customer)
    moment = Moment(world, member, changes, now, [], at_event=True)
    found = _standing_at(moment, effect)
    if found is not None:
        note(
            moment.stage, found[0], "do", StepOutcome.FAILED, reason="retry", effect=effect.key,
            inputs=inputs_hash(effect.arguments), detail={"action": effect.action, "error": reason},
        )  # fmt: skip


def settle(world: World, cast: Cast, changes: Changes, effect: Effect, result: Result, now: Micros) -> None:
    """Take in how an effect ended: the contact log, the run that waits for it, what becomes known."""
    member = cast.get(effect.customer)
    queue: list[Emitted] = []
    moment = Moment(world, member, changes, now, queue, at_event=True)
    outcome = StepOutcome(result.outcome)
    changes.settled.append(Settled(effect.key, outcome.value, None, now))
    changes.customers[member.id] = None
    spec = world.plans.actions.get(effect.action)
    found = _standing_at(moment, effect)
    if outcome is StepOutcome.FAILED:
        doing.give_back(moment.stage, effect.key)
    else:
        program = found[1] if found else world.plans.workflows.get(effect.workflow)
        if program is not None and spec is not None:
            _reserve(moment, program, spec, effect)
        settle_log(member.standing.contact, effect.key, now)
        doing.spend(moment.stage, effect)
    # One that was uncertain before a person sent it again has been told of.
    told = effect.apart and effect.unsure
    if outcome is not StepOutcome.FAILED and spec is not None and spec.channel is not None and not told:
        _tell_sent(moment, effect, found, spec.channel)
    if found is not None:
        run = found[0]
        note(
            moment.stage, run, "do", outcome, effect=effect.key, inputs=inputs_hash(effect.arguments),
            answers=dict(result.answers), detail={"action": effect.action, **result.detail},
        )  # fmt: skip
        advance.settled(moment.stage, run, outcome, result.answers)
    elif rewards.is_gift(effect):
        rewards.delivered(moment.stage, effect, outcome)
    moment.forget()
    drain(world, cast, changes, queue, now)


def settle_gift(
    world: World, cast: Cast, changes: Changes, effect: Effect, outcome: StepOutcome, now: Micros
) -> None:
    """Take in what a person says of what points bought: whether it was delivered after all."""
    member = cast.get(effect.customer)
    moment = Moment(world, member, changes, now, [], at_event=True)
    if rewards.is_gift(effect):
        rewards.delivered(moment.stage, effect, outcome)
        moment.forget()


def answer(
    world: World, cast: Cast, changes: Changes, customer: str, run: str, choice: str, by: str, now: Micros
) -> bool:
    """Hand a person's answer to the run that asked; False where it no longer waits for one."""
    member = cast.get(customer)
    queue: list[Emitted] = []
    moment = Moment(world, member, changes, now, queue, at_event=True)
    found = member.runs.get(run)
    if found is None or not advance.answered(moment.stage, found, choice, by):
        return False
    moment.forget()
    drain(world, cast, changes, queue, now)
    return True


def cancel(world: World, cast: Cast, changes: Changes, customer: str, run: str, by: str, now: Micros) -> bool:
    """End a run because a person said so; False where it has ended already."""
    member = cast.get(customer)
    queue: list[Emitted] = []
    moment = Moment(world, member, changes, now, queue, at_event=True)
    found = member.runs.get(run)
    if found is None or not found.open:
        return False
    end(moment.stage, found, RunStatus.CANCELLED, EndReason.OPERATOR.value, by)
    moment.forget()
    drain(world, cast, changes, queue, now)
    return True


Found = tuple[Run, CompiledWorkflow, Instruction, Do]


def _standing_at(moment: Moment, effect: Effect) -> Found | None:
    """Give the run that waits for an effect, None where it has ended or gone on."""
    run = moment.member.runs.get(effect.run)
    if run is None or not run.open or run.wait is None or run.wait.token != effect.key:
        return None
    program = moment.stage.plans.program(run)
    instruction = program.instructions.get(run.path) if program else None
    if program is None or instruction is None or not isinstance(instruction.step, Do):
        return None
    return run, program, instruction, instruction.step


def _tell_sent(moment: Moment, effect: Effect, found: Found | None, channel: str) -> None:
    properties: dict[str, Any] = {
        "run": effect.run,
        "workflow": effect.workflow,
        "step": effect.path,
        "message": effect.arguments.get("message"),
        "channel": channel,
    }
    if found is not None and found[1].key_name is not None:
        properties[found[1].key_name] = found[0].key
    hops = found[0].hops if found else 0
    moment.stage.emit("message_sent", properties, effect.key, cause="run", hops=hops)
