"""Points as events earn them and as runs grant and redeem them, with what that makes known."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import msgspec

from engine.customers.event import Event
from engine.decisions.decision import identity
from engine.errors import ConflictError
from engine.expressions import Env, Expression, Outcome
from engine.loyalty import ledger
from engine.loyalty.tiers import qualify
from engine.model.program import Earn, Program
from engine.model.values import Duration, Micros, Money
from engine.runs import coupons
from engine.runs.run import Coupon, Run
from engine.runs.stage import Stage
from engine.runs.waiting import later


class CompiledEarn(msgspec.Struct, frozen=True):
    """One way to earn: on which event, how many points."""

    program: Program
    index: int
    earn: Earn
    points: Expression
    where: Expression | None


def earn(stage: Stage, compiled: CompiledEarn, event: Event, env: Env) -> None:
    """Grant what an event earns, once for each event, floored to whole points."""
    if compiled.where is not None and compiled.where.outcome(env) is not Outcome.MET:
        return
    earned = compiled.points.value_or_null(env)
    if not isinstance(earned, Decimal):
        return
    points = ledger.whole_points(earned)
    key = f"{event.source}/{event.message_id}/{compiled.index}"
    _grant(stage, compiled.program, key, points, compiled.earn.pending_for, compiled.earn.expire, None)


def grant(stage: Stage, key: str, arguments: Mapping[str, Any], run: Run | None) -> dict[str, Any]:
    """Carry out points.grant; for another customer it goes as an event of theirs."""
    program = _program(stage, arguments)
    points = _whole(arguments.get("points"))
    other = arguments.get("customer")
    if other is not None and str(other) != stage.member.id:
        stage.emit(
            GRANTED,
            {"program": program.id, "points": points, "key": key, "reason": arguments.get("reason"),
             "expires": _text(arguments.get("expires")), "pending_for": _text(arguments.get("pending_for"))},
            key, customer=str(other), cause="run", hops=stage.hops_of(run) + 1,
        )  # fmt: skip
        return {"granted": points}
    _grant(
        stage,
        program,
        key,
        points,
        _duration(arguments.get("pending_for")),
        _duration(arguments.get("expires")),
        _text(arguments.get("reason")),
    )
    return {"granted": points}


GRANTED = "points_granted"
"""The event by which a run of one customer grants points to another, such as a referrer."""


def granted(stage: Stage, properties: Mapping[str, Any]) -> None:
    """Apply a points_granted event to the customer that it is for."""
    program = stage.plans.workspace.programs.get(str(properties.get("program")))
    if program is None:
        return
    _grant(
        stage,
        program,
        str(properties.get("key")),
        _whole(properties.get("points")),
        _duration(properties.get("pending_for")),
        _duration(properties.get("expires")),
        _text(properties.get("reason")),
    )


def redeem(stage: Stage, key: str, arguments: Mapping[str, Any], run: Run | None) -> dict[str, Any]:
    """Carry out points.redeem: take the reward's points, and issue its coupon where it gives one."""
    program = _program(stage, arguments)
    reward = next(entry for entry in program.redeem if entry.reward == arguments["reward"])
    posting = ledger.redeem(
        stage.member.standing.ledger, program.id, stage.member.id, key, reward.points, stage.now
    )
    if posting is not None:
        stage.changes.postings.append(posting)
    gives = reward.gives.get("coupon")
    code = None
    if isinstance(gives, dict):
        code = identity(stage.plans.secret, "reward", key)[:12].upper()
        issued = Coupon(
            code=code, customer=stage.member.id, run=run.id if run else "",
            percent=_text(gives.get("percent")), amount=_text(gives.get("amount")),
            worth=_text(gives.get("worth")), issued_at=stage.now,
        )  # fmt: skip
        worth = None if issued.worth is None else Money.parse(issued.worth)
        coupons.issue(stage, issued, key, action="points.redeem", worth=worth, run=run)
    return {"redeemed": reward.points, "code": code}


def turn(stage: Stage, program: Program) -> None:
    """Let points mature and expire that are due, and the qualification period roll on."""
    book = stage.member.standing.ledger
    due = ledger.next_due(book, program.id)
    if due is not None and due <= stage.now:
        stage.changes.postings += ledger.mature(book, program.id, stage.member.id, stage.now)
        stage.changes.postings += ledger.expire(book, program.id, stage.member.id, stage.now)
    _qualify(stage, program, 0)


def _grant(
    stage: Stage,
    program: Program,
    key: str,
    points: int,
    pending_for: Duration | None,
    expires: Duration | None,
    reason: str | None,
) -> None:
    try:
        posting = ledger.grant(
            stage.member.standing.ledger,
            program.id,
            stage.member.id,
            key,
            points,
            stage.now,
            matures_at=_after(stage, pending_for),
            expires_at=_after(stage, expires),
            reason=reason,
        )
    except ConflictError:
        return
    if posting is not None:
        stage.changes.postings.append(posting)
        _qualify(stage, program, points)


def _qualify(stage: Stage, program: Program, points: int) -> None:
    book = stage.member.standing.ledger.book(program.id)
    change = qualify(program, book, points, stage.day)
    if change is not None and change.reached:
        reached = {"program": program.id, "tier": change.tier, "from": change.from_}
        stage.emit("tier_reached", reached, program.id, change.tier, stage.now)


def _program(stage: Stage, arguments: Mapping[str, Any]) -> Program:
    programs = stage.plans.workspace.programs
    name = arguments.get("program")
    return programs[str(name)] if name else next(iter(programs.values()))


def _after(stage: Stage, length: Duration | None) -> Micros | None:
    return later(stage, stage.now, length) if length is not None else None


def _duration(value: Any) -> Duration | None:
    if value is None or isinstance(value, Duration):
        return value
    return Duration.parse(value)


def _whole(value: Any) -> int:
    try:
        return ledger.whole_points(Decimal(str(value)))
    except (ArithmeticError, ValueError):
        return 0


def _text(value: Any) -> str | None:
    return None if value is None else str(value)
