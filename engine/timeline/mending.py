"""What people do about steps that went wrong: let a run go on at one, and write down how it ended."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from engine.contact.log import reserve
from engine.contact.log import settle as settle_log
from engine.model.reasons import EndReason, RunStatus, StepOutcome
from engine.model.values import Micros
from engine.runs import advance, doing
from engine.runs.changes import Changes
from engine.runs.ending import RETRIED
from engine.runs.run import Effect, Run, StepAttempt
from engine.runs.stage import Emitted
from engine.timeline.cast import Cast
from engine.timeline.moment import Moment
from engine.timeline.play import drain
from engine.timeline.world import World

AGAIN = "retry"
"""The reason of a failed attempt that is made again."""


def has_failed(run: Run) -> bool:
    """Tell whether a run ended because a step of it failed, so that it can go on there."""
    stopped = run.status is RunStatus.STOPPED and run.reason == EndReason.EFFECT_FAILED.value
    return stopped or run.status is RunStatus.FAILED


def rival(cast: Cast, run: Run) -> str | None:
    """Give the customer's open run of the same workflow and key, which stands in the way of another."""
    for other in cast.get(run.customer).runs.values():
        if other.open and (other.workflow, other.key) == (run.workflow, run.key):
            return other.id
    return None


def retry(world: World, cast: Cast, changes: Changes, run: Run, by: str, now: Micros) -> None:
    """Let a run that has failed go on at its failed step, whose effect keeps its key."""
    member = cast.get(run.customer)
    queue: list[Emitted] = []
    moment = Moment(world, member, changes, now, queue, at_event=True)
    run.seq += 1
    run.status, run.reason, run.detail = RunStatus.RUNNING, None, None
    run.ended_at, run.wait = None, None
    run.flags = [*(flag for flag in run.flags if flag != RETRIED), RETRIED]
    member.runs[run.id] = run
    member.standing.goals = [goal for goal in member.standing.goals if goal.run != run.id]
    record(changes, run, run.path, doing.effect_key(run), StepOutcome.FAILED, AGAIN, {"by": by}, now)
    changes.customers[member.id] = None
    advance.advance(moment.stage, run)
    moment.forget()
    drain(world, cast, changes, queue, now)


def record(
    changes: Changes,
    run: Run,
    path: str,
    key: str,
    outcome: StepOutcome,
    reason: str | None,
    detail: Mapping[str, Any],
    now: Micros,
) -> None:
    """Append to a run, which may have ended or gone on, what a person says of one of its effects."""
    run.attempts += 1
    changes.attempts.append(
        StepAttempt(
            run=run.id,
            seq=run.seq,
            attempt=run.attempts,
            path=path,
            verb="do",
            at=now,
            outcome=outcome,
            reason=reason,
            effect=key,
            detail=dict(detail),
        )
    )
    changes.runs[run.id] = run


def count(world: World, cast: Cast, changes: Changes, effect: Effect, now: Micros) -> None:
    """Count a message under the caps that is known only now to have been sent."""
    member = cast.get(effect.customer)
    spec, program = world.plans.actions.get(effect.action), world.plans.workflows.get(effect.workflow)
    if spec is None or spec.channel is None or program is None or "to" in effect.arguments:
        return
    moment = Moment(world, member, changes, now, [], at_event=True)
    if any(sent.effect_key == effect.key for sent in member.standing.contact.sends):
        return
    reserve(
        member.standing.contact,
        doing.message(program, moment.stage, effect, spec.channel).as_sent(now),
    )
    settle_log(member.standing.contact, effect.key, now)
    changes.customers[member.id] = None


def give_up(cast: Cast, changes: Changes, customer: str, error: str, now: Micros) -> list[str]:
    """End as failed the runs of a customer that are due, on which the core has failed; give their ids.

    With each goes the run that waits for it. Nothing else is played: nobody hears of their end, and a
    person may let them go on.
    """
    member = cast.get(customer)
    failing = [run for run in member.runs.values() if run.open and run.due is not None and run.due <= now]
    ended: list[str] = []
    while failing:
        run = failing.pop()
        failing += [
            other for other in member.runs.values()
            if other.wait is not None and other.wait.kind == "child" and other.wait.token == run.id
        ]  # fmt: skip
        key = doing.effect_key(run)
        record(changes, run, run.path, key, StepOutcome.FAILED, EndReason.ERROR.value, {"error": error}, now)
        run.seq += 1
        run.status, run.reason, run.detail = RunStatus.FAILED, EndReason.ERROR.value, error
        run.ended_at, run.wait = now, None
        del member.runs[run.id]
        ended.append(run.id)
    if ended:
        changes.customers[member.id] = None
    return ended
