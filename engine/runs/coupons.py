"""The life of coupons on a customer's timeline: issued, then redeemed, run out or made void, once."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import msgspec

from engine.contact import coupons
from engine.contact.coupons import Held, Redemption
from engine.customers.event import Event
from engine.customers.zones import instant_of, moment_of
from engine.decisions.decision import identity
from engine.model.actions import BuiltInEvent
from engine.model.reasons import CouponRefusal, CouponStatus
from engine.model.values import Duration, Micros, Money
from engine.runs.changes import CouponMove
from engine.runs.run import Coupon, Run
from engine.runs.stage import Stage


def issue(
    stage: Stage, coupon: Coupon, key: str, *, action: str, worth: Money | None, run: Run | None
) -> Coupon:
    """Issue a coupon under an effect key: its worth is reserved in the budgets of the action.

    Gives it with the shares that it holds from now on.
    """
    coupon = msgspec.structs.replace(
        coupon, shares=stage.reserve(action, worth, run.workflow if run is not None else "")
    )
    standing = stage.member.standing
    standing.coupons[coupon.code] = Held(coupon.issued_at, coupon.expires_at, coupon.shares)
    stage.changes.coupons.append(coupon)
    issued = {
        "code": coupon.code, "percent": coupon.percent, "worth": coupon.worth, "run": coupon.run,
        "expires_at": moment_of(coupon.expires_at) if coupon.expires_at is not None else None,
    }  # fmt: skip
    stage.emit(BuiltInEvent.COUPON_ISSUED.value, issued, key, cause="run", hops=stage.hops_of(run))
    return coupon


def known(stage: Stage, event: Event) -> None:
    """Take in that a coupon was issued, where a record is played in which its run does not run again."""
    code = str(event.properties.get("code"))
    if event.cause != "run" or code in stage.member.standing.coupons:
        return
    expires = event.properties.get("expires_at")
    ends = instant_of(datetime.fromisoformat(str(expires))) if expires is not None else None
    stage.member.standing.coupons[code] = Held(event.occurred_at, ends)


def until(stage: Stage, length: Any) -> Micros | None:
    """Give the end of a coupon that is issued now: of the day, where its length is in days."""
    if length is None:
        return None
    duration = length if isinstance(length, Duration) else Duration.parse(length)
    if duration.days is None:
        return stage.now + duration.micros
    return stage.plans.zone.start_of_day(stage.day + duration.days + 1)


def redeemed(stage: Stage, event: Event) -> None:
    """Take in that a coupon was used: its worth is spent for good, or the use is refused and recorded.

    One that had run out, and whose use occurred before and was only heard of later, was used: its worth
    is taken again, also where the budget has no room left for it.
    """
    code, reference = str(event.properties.get("code")), _text(event.properties, "reference")
    held = stage.member.standing.coupons.get(code)
    judged, refused = coupons.redemption(held, event.occurred_at, reference)
    if refused is not None:
        _refuse(stage, event, code, refused)
    if held is None or judged is not Redemption.FIRST:
        return
    if held.status is CouponStatus.EXPIRED:
        stage.retake(held.shares)
    stage.commit(held.shares)
    _end(stage, code, held, CouponStatus.REDEEMED, event.occurred_at, reference=reference)


def voided(stage: Stage, properties: Mapping[str, Any]) -> None:
    """Take in that a person made a coupon void: its worth goes back. One that has ended stays as it is."""
    code = str(properties.get("code"))
    held = stage.member.standing.coupons.get(code)
    if held is None or held.status is not CouponStatus.ISSUED:
        return
    stage.release(held.shares)
    note, by = _text(properties, "reason"), _text(properties, "by")
    _end(stage, code, held, CouponStatus.VOID, stage.now, note=note, by=by)


def expire(stage: Stage) -> None:
    """Let coupons run out that are due: what they hold goes back to the budgets' periods."""
    for code, held in sorted(stage.member.standing.coupons.items()):
        due = held.expires_at
        if held.status is not CouponStatus.ISSUED or due is None or due > stage.now:
            continue
        stage.release(held.shares)
        _end(stage, code, held, CouponStatus.EXPIRED, due)
        stage.emit(BuiltInEvent.COUPON_EXPIRED.value, {"code": code}, code)


def _end(
    stage: Stage,
    code: str,
    held: Held,
    status: CouponStatus,
    at: Micros,
    *,
    reference: str | None = None,
    note: str | None = None,
    by: str | None = None,
) -> None:
    standing = stage.member.standing
    standing.coupons[code] = coupons.ended(held, status, at, reference)
    coupons.forget(standing.coupons)
    stage.changes.coupon_moves.append(
        CouponMove(
            code=code, customer=stage.member.id, status=status, ended_at=at, reference=reference,
            note=note, by=by,
        )
    )  # fmt: skip
    stage.changes.customers[stage.member.id] = None


def _refuse(stage: Stage, event: Event, code: str, refused: CouponRefusal) -> None:
    told = {"code": code, "reason": refused.value, "event": f"{event.source}/{event.message_id}"}
    stage.emit(BuiltInEvent.COUPON_REFUSED.value, told, identity(event.source, event.message_id, code))


def _text(properties: Mapping[str, Any], name: str) -> str | None:
    value = properties.get(name)
    return None if value is None else str(value)
