"""The actions that ship: what each takes under `with:`, and what it answers."""

from __future__ import annotations

import enum
from typing import Literal

import msgspec

from engine.model.facts import FactType


class Argument(msgspec.Struct, frozen=True):
    """One key of an action's `with:`; `form` is what its value is read as.

    The forms: text, number, percent, money, duration, customer (another customer's id), message,
    ladder, segment, reward, who (a person or role), reversal (what takes points back), map, any.
    """

    form: str
    required: bool = False
    says: str = ""


class ActionSpec(msgspec.Struct, frozen=True):
    """An action: whether it leaves the building, its arguments, its answers besides `outcome`."""

    name: str
    kind: Literal["external", "internal"]
    arguments: dict[str, Argument]
    answers: dict[str, FactType] = {}
    channel: Literal["email", "sms"] | None = None
    open: bool = False
    says: str = ""


def _spec(name: str, kind: Literal["external", "internal"], says: str, /, **rest: object) -> ActionSpec:
    return msgspec.convert({"name": name, "kind": kind, "says": says, **rest}, ActionSpec)


def _key(form: str, required: bool = False, says: str = "") -> dict[str, object]:
    return {"form": form, "required": required, "says": says}


SHIPPED: dict[str, ActionSpec] = {
    spec.name: spec
    for spec in (
        _spec(
            "email.send",
            "external",
            "Send a message to the customer, or to a person or role.",
            arguments={
                "message": _key("message", True, "the message to send"),
                "to": _key("who", False, "a person or role instead of the customer"),
            },
            channel="email",
            open=True,
        ),
        _spec(
            "sms.send",
            "external",
            "Send a text message to the customer through the SMS connector.",
            arguments={
                "message": _key("message", True, "the message to send"),
                "to": _key("who", False, "a person or role instead of the customer"),
            },
            channel="sms",
            open=True,
        ),
        _spec(
            "webhook.call",
            "external",
            "Call a webhook of holdfast.yaml with a signed JSON body.",
            arguments={
                "webhook": _key("text", True, "its name under connectors.webhooks"),
                "body": _key("map", False, "the JSON body"),
            },
            answers={"status": FactType.NUMBER},
            open=True,
        ),
        _spec(
            "event.emit",
            "internal",
            "Record an event for the customer, or for another one.",
            arguments={
                "event": _key("text", True, "its name"),
                "customer": _key("customer", False, "another customer"),
                "properties": _key("map", False, "its properties"),
            },
        ),
        _spec("customer.set", "internal", "Set traits of the customer.", arguments={}, open=True),
        _spec(
            "segment.add",
            "internal",
            "Put the customer on a static list.",
            arguments={"segment": _key("segment", True, "a segment with static: yes")},
        ),
        _spec(
            "segment.remove",
            "internal",
            "Take the customer off a static list.",
            arguments={"segment": _key("segment", True, "a segment with static: yes")},
        ),
        _spec(
            "contact.suppress",
            "internal",
            "Stop contacting the customer.",
            arguments={
                "channel": _key("text", False, "email or sms; all without it"),
                "reason": _key("text", True, "why, as it is kept"),
            },
        ),
        _spec(
            "points.grant",
            "internal",
            "Grant points.",
            arguments={
                "points": _key("number", True, "how many; floored to whole points"),
                "program": _key("text", False, "needed where there are several"),
                "customer": _key("customer", False, "another customer, such as a referrer"),
                "expires": _key("duration", False, "from now; never without it"),
                "pending_for": _key("duration", False, "how long they cannot be spent yet"),
                "reason": _key("text", False, "kept in the ledger"),
                "reversed_by": _key(
                    "reversal", False, "the event that takes them back: event, match, and of with less"
                ),
            },
            answers={"granted": FactType.NUMBER},
        ),
        _spec(
            "points.redeem",
            "internal",
            "Redeem a reward of the program.",
            arguments={
                "reward": _key("reward", True, "one of the program's redeem list"),
                "program": _key("text", False, "needed where there are several"),
            },
            answers={"redeemed": FactType.NUMBER, "code": FactType.TEXT},
        ),
        _spec(
            "coupon.issue",
            "internal",
            "Issue a coupon with a code of its own.",
            arguments={
                "percent": _key("number", False, "this or amount"),
                "amount": _key("money", False, "this or percent"),
                "worth": _key("money", False, "what it costs the budget"),
                "expires": _key("duration", False, "from now; never without it"),
            },
            answers={"code": FactType.TEXT, "expires_at": FactType.TIME},
        ),
        _spec(
            "case.open",
            "internal",
            "Open a case and tell the ladder's first level.",
            arguments={
                "ladder": _key("ladder", True, "the ladder that says who is told"),
                "title": _key("text", True, "what it is about, in a line"),
                "priority": _key("text", False, "one of the ladder's resolve_within; normal without it"),
                "since": _key(
                    "time", False, "when it began, if that was earlier; its clocks count from then"
                ),
                "key": _key("text", False, "one open case for each key"),
            },
            answers={"case": FactType.TEXT},
        ),
        _spec(
            "case.cancel",
            "internal",
            "Close the case as no longer needed.",
            arguments={
                "key": _key("text", False, "the key that it was opened with"),
                "case": _key("text", False, "its id; without both, the cases that this run opened"),
                "reason": _key("text", False, "why, as it is kept"),
            },
        ),
        _spec(
            "survey.send",
            "internal",
            "Record a survey invitation, which a message then carries.",
            arguments={
                "survey": _key("text", True, "its name"),
                "about": _key("text", False, "what it is about, such as a ticket's id"),
            },
            answers={"survey_id": FactType.TEXT},
        ),
    )
}


class BuiltInEvent(enum.Enum):
    """Events the engine itself records; they never count for `any`, `quiet` or staleness."""

    SEGMENT_ENTERED = "segment_entered"  # the customer entered a segment: segment
    SEGMENT_LEFT = "segment_left"  # the customer left a segment: segment
    SEGMENT_ASSIGNED = "segment_assigned"  # a person changed a static segment: segment, inside, by
    BAND_CHANGED = "band_changed"  # a score's band changed: score, band, from, value
    STAGE_CHANGED = "stage_changed"  # a customer came into another stage: lifecycle, stage, from
    SCORE_OVERRIDDEN = "score_overridden"  # a person set a score by hand: score, value, reason, until, by
    SCORE_OVERRIDE_ENDED = "score_override_ended"  # a person ended that before its time: score, by
    TIER_REACHED = "tier_reached"  # a higher tier was reached: program, tier, from
    TIER_AT_RISK = "tier_at_risk"  # the period ends soon below the tier: program, tier, missing, ends, falls
    TIER_LOST = "tier_lost"  # a period, and its grace, ended below the tier: program, tier, from
    POINTS_EXPIRING = "points_expiring"  # points expire soon: program, points, expires_at
    POINTS_GRANTED = "points_granted"  # a run or rule granted points: program, points, key, reason
    POINTS_REDEEMED = "points_redeemed"  # points were spent: program, key, reward or points, by
    POINTS_RESERVED = "points_reserved"  # a person set points aside: program, key, reward or points, by
    RESERVATION_COMMITTED = "reservation_committed"  # reserved points were spent: program, key, by
    RESERVATION_RELEASED = "reservation_released"  # reserved points were given back: program, key, by
    POINTS_ADJUSTED = "points_adjusted"  # a person gave or took points: program, key, points, reason, by
    ADJUSTMENT_APPROVED = "adjustment_approved"  # another person let it happen: program, key, by
    ADJUSTMENT_REFUSED = "adjustment_refused"  # another person turned it down: program, key, by
    ADJUSTMENT_VOID = "adjustment_void"  # nobody decided it in time: program, key, points
    COUPON_ISSUED = "coupon_issued"  # a coupon was issued: code, percent, worth, run, expires_at
    COUPON_REDEEMED = "coupon_redeemed"  # a coupon was used: code, reference (the shop's own name of the use)
    COUPON_EXPIRED = "coupon_expired"  # a coupon ran out unused: code
    COUPON_VOIDED = "coupon_voided"  # a person made a coupon void: code, reason, by
    COUPON_REFUSED = "coupon_refused"  # the use of a coupon was refused: code, reason, event
    MESSAGE_SENT = "message_sent"  # a message left: run, workflow, step, message, channel
    MESSAGE_DELIVERED = "message_delivered"  # the provider delivered it
    MESSAGE_CLICKED = "message_clicked"  # the customer clicked in it
    MESSAGE_BOUNCED = "message_bounced"  # it bounced: hard or soft
    MESSAGE_COMPLAINED = "message_complained"  # the customer complained
    UNSUBSCRIBED = "unsubscribed"  # the customer unsubscribed: channel
    CONTACT_SUPPRESSED = "contact_suppressed"  # a person stopped messages: channel, reason, by, note
    CONTACT_ALLOWED = "contact_allowed"  # a person allowed messages again: channel, by, note
    CONSENT_RECORDED = "consent_recorded"  # a person recorded consent: channel, purpose, granted, source, by
    SURVEY_SENT = "survey_sent"  # a survey went out: survey, survey_id, about
    CASE_OPENED = "case_opened"  # a case was opened: case, ladder, title, priority, key, who
    CASE_ACKNOWLEDGED = "case_acknowledged"  # somebody took the case: case, by
    CASE_ASSIGNED = "case_assigned"  # the case was given to somebody: case, who, by
    CASE_PAUSED = "case_paused"  # the case's clocks stand still: case, reason, by, since
    CASE_RESUMED = "case_resumed"  # the clocks go on: case, by
    CASE_PRIORITISED = "case_prioritised"  # the case has another priority: case, priority, by
    CASE_BREACH_NEAR = "case_breach_near"  # a clock runs out soon: case, clock (respond or resolve), due
    CASE_BREACHED = "case_breached"  # a clock has run out: case, clock, due
    CASE_EXHAUSTED = "case_exhausted"  # the ladder has ended, and nobody took the case: case, loops, levels
    CASE_RESOLVED = "case_resolved"  # the case was resolved: case, by
    CASE_REOPENED = "case_reopened"  # a closed case is open again: case, reason, by
    CASE_CANCELLED = "case_cancelled"  # the case is no longer needed: case, reason
    RUN_ENDED = "run_ended"  # a run ended: run, workflow, status, reason
    WORKFLOW_SILENT = "workflow_silent"  # a workflow starts no more, of no customer: workflow, since, usual
    CUSTOMER_ERASED = "customer_erased"  # somebody was erased, of no customer: customer (a pseudonym), by
    SOURCE_FAILED = "source_failed"  # a source of facts failed: facts, reason


BUILT_IN_EVENTS = frozenset(event.value for event in BuiltInEvent)

CONTRACT_EVENTS = ("expanded", "contracted", "cancel_requested", "cancel_undone", "churned", "reactivated")
"""Events that `subscriptions` derives from the contract event; they count like sent ones."""
