"""Rewards: points that buy something, at once or after a reservation, and what they buy."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from engine.decisions.decision import identity
from engine.decisions.rules import compile_value
from engine.decisions.scopes import customer_scope
from engine.errors import ConflictError, HoldfastError, NotFoundError
from engine.expressions import Env
from engine.loyalty import ledger, reserving
from engine.loyalty.ledger import Redemption
from engine.model.actions import BuiltInEvent
from engine.model.program import Program, Redeem
from engine.model.reasons import StepOutcome
from engine.model.values import Micros, Money
from engine.runs import coupons
from engine.runs.points import program_of, text
from engine.runs.run import Coupon, Effect, Run
from engine.runs.stage import Stage

GIFT = "program"
"""The first word of the workflow that a gift's effect names: it belongs to no run."""


def redeem(stage: Stage, key: str, arguments: Mapping[str, Any], run: Run | None) -> dict[str, Any]:
    """Carry out points.redeem: take the reward's points, and give what it gives."""
    program = program_of(stage, arguments)
    reward = reward_of(program, str(arguments["reward"]))
    done = buy(stage, program, key, reward.points, reward, run=run)
    told = {"program": program.id, "key": key, "reward": reward.reward}
    hops = stage.hops_of(run) + 1
    stage.emit(BuiltInEvent.POINTS_REDEEMED.value, told, key, cause="run", hops=hops)
    return {"redeemed": done.points, "code": done.code}


def spent(stage: Stage, properties: Mapping[str, Any]) -> None:
    """Take in that a run spent points, where a record is played: what they bought is events of its own."""
    program = stage.plans.workspace.programs.get(str(properties.get("program")))
    key, name = str(properties.get("key")), str(properties.get("reward"))
    reward = next((each for each in program.redeem if each.reward == name), None) if program else None
    whole_ledger = stage.member.standing.ledger
    if program is None or reward is None or key in whole_ledger.book(program.id).redemptions:
        return
    try:
        posting = ledger.redeem(
            whole_ledger, program.id, stage.member.id, key, reward.points, stage.now,
            reward=name, gives=_named(stage, reward),
        )  # fmt: skip
    except HoldfastError:
        return  # other files have changed what there was to spend
    stage.changes.postings += [posting] if posting is not None else []


def reward_of(program: Program, name: str) -> Redeem:
    """Give a reward of a program; raises NotFoundError."""
    for reward in program.redeem:
        if reward.reward == name:
            return reward
    raise NotFoundError(f"{program.id} has no reward {name}")


def buy(
    stage: Stage,
    program: Program,
    key: str,
    points: int,
    reward: Redeem | None,
    *,
    run: Run | None = None,
    reason: str | None = None,
    by: str | None = None,
) -> Redemption:
    """Spend points and give what they buy; the same again gives what came of it the first time.

    What a webhook delivers reserves its points until that is settled.
    """
    customer, whole_ledger = stage.member.id, stage.member.standing.ledger
    book = whole_ledger.book(program.id)
    name = None if reward is None else reward.reward
    if _delivers(reward):
        posting = reserving.reserve(
            whole_ledger, program.id, customer, key, points, stage.now, until=None, reward=name, by=by
        )
    else:
        posting = ledger.redeem(
            whole_ledger, program.id, customer, key, points, stage.now,
            reward=name, gives=_named(stage, reward), reason=reason, by=by,
        )  # fmt: skip
    if posting is not None:
        stage.changes.postings.append(posting)
        if reward is not None:
            _give(stage, program, key, reward, run)
    return book.redemptions[key]


def reserve(
    stage: Stage,
    program: Program,
    key: str,
    points: int,
    reward: Redeem | None,
    until: Micros,
    by: str | None,
) -> Redemption:
    """Set points aside until an instant; the same again gives the reservation as it stands."""
    whole_ledger = stage.member.standing.ledger
    name = None if reward is None else reward.reward
    posting = reserving.reserve(
        whole_ledger, program.id, stage.member.id, key, points, stage.now, until=until, reward=name, by=by
    )
    if posting is not None:
        stage.changes.postings.append(posting)
    return whole_ledger.book(program.id).redemptions[key]


def commit(stage: Stage, program: Program, key: str, by: str | None) -> Redemption:
    """Spend what was reserved, and give what it buys; what a webhook delivers is sent on its way."""
    whole_ledger = stage.member.standing.ledger
    book = whole_ledger.book(program.id)
    held = book.redemptions.get(key)
    reward = None if held is None or held.reward is None else reward_of(program, held.reward)
    if held is not None and held.state == "reserved" and _delivers(reward) and reward is not None:
        if held.until is not None:
            held.until = None
            _give(stage, program, key, reward, None)
        return held
    posting = reserving.commit(
        whole_ledger, program.id, stage.member.id, key, stage.now, gives=_named(stage, reward), by=by
    )
    if posting is not None:
        stage.changes.postings.append(posting)
        if reward is not None:
            _give(stage, program, key, reward, None)
    return book.redemptions[key]


def release(stage: Stage, program: Program, key: str, by: str | None) -> Redemption:
    """Give back what was reserved; raises ConflictError for what is on its way to the customer."""
    whole_ledger = stage.member.standing.ledger
    held = whole_ledger.book(program.id).redemptions.get(key)
    if held is not None and held.state == "reserved" and held.until is None:
        raise ConflictError(f"{key} is being delivered", code="being_delivered")
    posting = reserving.release(whole_ledger, program.id, stage.member.id, key, stage.now, by=by)
    if posting is not None:
        stage.changes.postings.append(posting)
    return whole_ledger.book(program.id).redemptions[key]


def is_gift(effect: Effect) -> bool:
    """Tell whether an effect delivers what points bought."""
    return not effect.run and effect.workflow.startswith(f"{GIFT} ")


def delivered(stage: Stage, effect: Effect, outcome: StepOutcome) -> None:
    """Take in how delivering ended: spend the points, or give them back; uncertain ones stay reserved."""
    program = stage.plans.workspace.programs.get(effect.workflow.partition(" ")[2])
    key = str(effect.context.get("redemption"))
    whole_ledger, customer = stage.member.standing.ledger, stage.member.id
    if program is None or outcome is StepOutcome.UNCERTAIN:
        return
    try:
        if outcome is not StepOutcome.EXECUTED:
            posting = reserving.release(
                whole_ledger, program.id, customer, key, stage.now, reason="not delivered"
            )
        else:
            posting = reserving.take_again(whole_ledger, program.id, customer, key, stage.now)
            if posting is None:
                gave = _named(stage, reward_of(program, effect.path))
                posting = reserving.commit(whole_ledger, program.id, customer, key, stage.now, gives=gave)
    except HoldfastError:
        return
    if posting is not None:
        stage.changes.postings.append(posting)


def _delivers(reward: Redeem | None) -> bool:
    return reward is not None and "webhook" in reward.gives


def _named(stage: Stage, reward: Redeem | None) -> str | None:
    """Give what a reward gives in a few words, for the ledger."""
    if reward is None:
        return None
    credit = _value(stage, reward).get("credit")
    return f"{reward.reward}: {credit}" if credit is not None else reward.reward


def _give(stage: Stage, program: Program, key: str, reward: Redeem, run: Run | None) -> None:
    gives = _value(stage, reward)
    book = stage.member.standing.ledger.book(program.id)
    bought = book.redemptions[key]
    coupon, credit = gives.get("coupon"), gives.get("credit")
    if isinstance(coupon, Mapping):
        bought.code = _coupon(stage, key, coupon, run)
    if credit is not None:
        money = Money.parse(credit)
        held = book.credits.get(money.currency, Decimal(0))
        book.credits = {**book.credits, money.currency: held + money.amount}
        bought.gave = str(money)
    if gives.get("event") is not None:
        told = {"program": program.id, "reward": reward.reward, "redemption": key}
        stage.emit(str(gives["event"]), told, key, cause="run", hops=stage.hops_of(run) + 1)
    if gives.get("webhook") is not None:
        stage.changes.effects.append(_gift(stage, program, key, reward, gives))


def _coupon(stage: Stage, key: str, gives: Mapping[str, Any], run: Run | None) -> str:
    code = identity(stage.plans.secret, "reward", key)[:12].upper()
    issued = Coupon(
        code=code, customer=stage.member.id, run=run.id if run else "",
        percent=text(gives.get("percent")), amount=text(gives.get("amount")),
        worth=text(gives.get("worth")), issued_at=stage.now,
        expires_at=coupons.until(stage, gives.get("expires")),
    )  # fmt: skip
    worth = None if issued.worth is None else Money.parse(issued.worth)
    coupons.issue(stage, issued, key, action="points.redeem", worth=worth, run=run)
    return code


def _gift(stage: Stage, program: Program, key: str, reward: Redeem, gives: Mapping[str, Any]) -> Effect:
    body = gives.get("body")
    told = {"program": program.id, "reward": reward.reward, "points": reward.points, "redemption": key}
    return Effect(
        # What the redemption is called is the client's word: it stays out of logs and records.
        key=identity("gift", program.id, key),
        run="",
        workflow=f"{GIFT} {program.id}",
        customer=stage.member.id,
        path=reward.reward,
        action="webhook.call",
        arguments={
            "webhook": str(gives["webhook"]),
            "body": {**told, **(body if isinstance(body, Mapping) else {})},
        },
        context={"redemption": key},
        created_at=stage.now,
        due=stage.now,
        first_due=stage.now,
    )


def _value(stage: Stage, reward: Redeem) -> Mapping[str, Any]:
    scope = customer_scope(stage.member.kind, stage.plans.catalog, stage.plans.workspace.settings.timezone)
    given: Mapping[str, Any] = compile_value(reward.gives, scope).value(
        Env(stage.view(), None, None, None, stage.clock)
    )
    return given
