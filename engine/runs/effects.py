"""Internal effects: what the shipped actions change inside the engine, once per effect key.

Each gives its answers; what it makes known (a trait, an event, a segment change) is queued as an
event, so that every change of a customer is on its timeline.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

from engine.customers.zones import moment_of
from engine.decisions.decision import identity
from engine.errors import ValueSyntaxError
from engine.model.values import Money
from engine.runs import cases, coupons, points, rewards
from engine.runs.changes import MembershipChange
from engine.runs.run import Coupon, Run
from engine.runs.stage import Stage
from engine.segments.membership import Membership, place

Arguments = Mapping[str, Any]
Answers = dict[str, Any]


def perform(stage: Stage, action: str, key: str, arguments: Arguments, run: Run | None) -> Answers:
    """Carry out an internal action under its effect key; give its answers besides `outcome`."""
    answers = ACTIONS[action](stage, key, arguments, run)
    if action in TELLING:
        stage.changes.customers[stage.member.id] = None
    else:
        stage.forget()
    return answers


def _emit(stage: Stage, key: str, arguments: Arguments, run: Run | None) -> Answers:
    properties = arguments.get("properties") or {}
    customer = arguments.get("customer")
    stage.emit(
        str(arguments["event"]),
        properties,
        key,
        customer=str(customer) if customer is not None else None,
        cause="run",
        hops=stage.hops_of(run) + 1,
    )
    return {}


def _set(stage: Stage, key: str, arguments: Arguments, run: Run | None) -> Answers:
    stage.emit("identify", arguments, key, cause="run", hops=stage.hops_of(run) + 1)
    return {}


def _segment(inside: bool) -> Callable[[Stage, str, Arguments, Run | None], Answers]:
    def change(stage: Stage, key: str, arguments: Arguments, run: Run | None) -> Answers:
        segment = str(arguments["segment"])
        put(stage, segment, inside, key, hops=stage.hops_of(run) + 1)
        return {}

    return change


def put(stage: Stage, segment: str, inside: bool, key: str, hops: int = 0, *, cause: str = "action") -> bool:
    """Put the customer on a static list or off it; tell whether that changed anything."""
    member = stage.member.standing.memberships.setdefault(segment, Membership())
    if place(member, inside=inside, now=stage.now) is None:
        return False
    stage.changes.memberships.append(MembershipChange(stage.member.id, segment, stage.now, inside, cause))
    name = "segment_entered" if inside else "segment_left"
    stage.emit(name, {"segment": segment}, key, cause="run", hops=hops)
    return True


def _suppress(stage: Stage, key: str, arguments: Arguments, run: Run | None) -> Answers:
    channel, reason = arguments.get("channel"), str(arguments["reason"])
    stage.suppress(str(channel) if channel else None, reason, source=f"run/{run.id}" if run else "rule")
    return {}


def _coupon(stage: Stage, key: str, arguments: Arguments, run: Run | None) -> Answers:
    worth = worth_of(arguments)
    expires = coupons.until(stage, arguments.get("expires"))
    coupon = Coupon(
        code=_code(stage.plans.secret, key),
        customer=stage.member.id,
        run=run.id if run else "",
        percent=_text(arguments.get("percent")),
        amount=_text(arguments.get("amount")),
        worth=str(worth) if worth else None,
        issued_at=stage.now,
        expires_at=expires,
    )
    coupons.issue(stage, coupon, key, action="coupon.issue", worth=worth, run=run)
    return {"code": coupon.code, "expires_at": moment_of(expires) if expires is not None else None}


def _code(secret: str, key: str) -> str:
    """Give a coupon's code: twelve letters and digits that cannot be guessed without the secret."""
    digest = hashlib.sha256(f"coupon\x1f{secret}\x1f{key}".encode()).digest()
    alphabet = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"
    return "".join(alphabet[byte % 32] for byte in digest[:12])


def _survey(stage: Stage, key: str, arguments: Arguments, run: Run | None) -> Answers:
    survey_id = identity("survey", key)
    sent = {"survey": arguments["survey"], "survey_id": survey_id, "about": arguments.get("about")}
    stage.emit("survey_sent", sent, key, cause="run", hops=stage.hops_of(run))
    return {"survey_id": survey_id}


def worth_of(arguments: Arguments) -> Money | None:
    """Give what an effect takes from its budgets, None where nothing readable is written."""
    worth = arguments.get("worth")
    if isinstance(worth, Money):
        return worth
    try:
        return Money.parse(worth) if worth is not None else None
    except (ValueSyntaxError, InvalidOperation):
        return None


def _text(value: Any) -> str | None:
    if value is None:
        return None
    return f"{value:f}" if isinstance(value, Decimal) else str(value)


ACTIONS: Mapping[str, Callable[[Stage, str, Arguments, Run | None], Answers]] = {
    "event.emit": _emit,
    "customer.set": _set,
    "segment.add": _segment(True),
    "segment.remove": _segment(False),
    "contact.suppress": _suppress,
    "points.grant": points.grant,
    "points.redeem": rewards.redeem,
    "coupon.issue": _coupon,
    "case.open": cases.open_,
    "case.cancel": cases.cancel,
    "survey.send": _survey,
}
"""The internal actions that ship; their arguments are in `engine.model.actions`."""

TELLING = frozenset(("event.emit", "customer.set", "survey.send"))
"""Those that only queue an event: facts are what they were until it is taken, and are not computed anew."""
