"""What people do with a customer's points: each is an event, which does the same whenever it is played."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from engine.customers.event import Event
from engine.errors import HoldfastError, NotFoundError, RequestError
from engine.loyalty import adjusting
from engine.loyalty.ledger import Adjustment, Redemption
from engine.model.program import Program
from engine.model.values import Micros
from engine.runs import rewards
from engine.runs.points import text
from engine.runs.stage import Stage
from engine.runs.waiting import later

Act: TypeAlias = Callable[[Stage, Program, str, Mapping[str, Any]], Redemption | Adjustment]


def act(stage: Stage, name: str, properties: Mapping[str, Any]) -> Redemption | Adjustment:
    """Do what an event of a person's says; the same again changes nothing and gives the same.

    Raises NotFoundError, RequestError, ForbiddenError or ConflictError, and has then changed nothing.
    """
    programs, named = stage.plans.workspace.programs, properties.get("program")
    only = next(iter(programs.values())) if named is None and len(programs) == 1 else None
    program = only or programs.get(str(named))
    if program is None:
        raise NotFoundError(f"there is no program {named}")
    done = ACTS[name](stage, program, str(properties.get("key")), properties)
    stage.forget()
    return done


def replay(stage: Stage, event: Event) -> None:
    """Do it again as it was done; one that cannot be done now, under other files, changes nothing.

    In the tests of a workspace it is done for the first time, and needs no key.
    """
    try:
        act(stage, event.name, {"key": event.message_id, **event.properties})
    except HoldfastError:
        return


def _redeem(stage: Stage, program: Program, key: str, asked: Mapping[str, Any]) -> Redemption:
    points, reward = _wanted(program, asked)
    return rewards.buy(
        stage, program, key, points, reward, reason=text(asked.get("reason")), by=text(asked.get("by"))
    )


def _reserve(stage: Stage, program: Program, key: str, asked: Mapping[str, Any]) -> Redemption:
    points, reward = _wanted(program, asked)
    written = asked.get("until")
    until = int(written) if written is not None else later(stage, stage.now, program.reserve)
    return rewards.reserve(stage, program, key, points, reward, until, text(asked.get("by")))


def _commit(stage: Stage, program: Program, key: str, asked: Mapping[str, Any]) -> Redemption:
    return rewards.commit(stage, program, key, text(asked.get("by")))


def _release(stage: Stage, program: Program, key: str, asked: Mapping[str, Any]) -> Redemption:
    return rewards.release(stage, program, key, text(asked.get("by")))


def _adjust(stage: Stage, program: Program, key: str, asked: Mapping[str, Any]) -> Adjustment:
    points, terms = int(asked.get("points") or 0), program.adjust
    if not points:
        raise RequestError("an adjustment is of 1 point or more, to give or to take")
    if terms.limit is not None and abs(points) > terms.limit:
        raise RequestError(
            f"{program.id} lets nobody adjust more than {terms.limit} points", code="over_limit"
        )
    book = stage.member.standing.ledger.book(program.id)
    waits = later(stage, stage.now, terms.void_after) if abs(points) > terms.approve_above else None
    posting = adjusting.propose(
        stage.member.standing.ledger, program.id, stage.member.id, key, points, str(asked.get("reason")),
        str(asked.get("by")), stage.now, waits_until=waits, expires_at=_expiry(stage, program),
    )  # fmt: skip
    stage.changes.postings += [posting] if posting is not None else []
    return book.adjustments[key]


def _approve(stage: Stage, program: Program, key: str, asked: Mapping[str, Any]) -> Adjustment:
    whole_ledger = stage.member.standing.ledger
    posting = adjusting.approve(
        whole_ledger, program.id, stage.member.id, key, str(asked.get("by")), stage.now,
        expires_at=_expiry(stage, program),
    )  # fmt: skip
    stage.changes.postings += [posting] if posting is not None else []
    return whole_ledger.book(program.id).adjustments[key]


def _refuse(stage: Stage, program: Program, key: str, asked: Mapping[str, Any]) -> Adjustment:
    whole_ledger = stage.member.standing.ledger
    adjusting.refuse(whole_ledger, program.id, key, str(asked.get("by")), stage.now)
    return whole_ledger.book(program.id).adjustments[key]


def _expiry(stage: Stage, program: Program) -> Micros | None:
    expire = program.adjust.expire
    return later(stage, stage.now, expire) if expire is not None else None


def _wanted(program: Program, asked: Mapping[str, Any]) -> tuple[int, Any]:
    if asked.get("reward") is not None:
        reward = rewards.reward_of(program, str(asked["reward"]))
        return reward.points, reward
    points = int(asked.get("points") or 0)
    if points <= 0:
        raise RequestError("name a reward, or 1 point or more")
    return points, None


ACTS: Mapping[str, Act] = {
    "points_redeemed": _redeem,
    "points_reserved": _reserve,
    "reservation_committed": _commit,
    "reservation_released": _release,
    "points_adjusted": _adjust,
    "adjustment_approved": _approve,
    "adjustment_refused": _refuse,
}
"""The events that people cause by acting on points, and what each does."""
