"""The actions that ship: what each takes under `with:`, and what it answers."""

from __future__ import annotations

import enum
from typing import Literal

import msgspec

from engine.model.facts import FactType


class Argument(msgspec.Struct, frozen=True):
    """One key of an action's `with:`; `form` is what its value is read as.

    The forms: text, number, percent, money, duration, customer (another customer's id), message,
    ladder, segment, reward, who (a person or role), map, any.
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
    BAND_CHANGED = "band_changed"  # a score's band changed: score, band, from, value
    STAGE_CHANGED = "stage_changed"  # a customer came into another stage: lifecycle, stage, from
    SCORE_OVERRIDDEN = "score_overridden"  # a person set a score by hand: score, value, reason, until, by
    SCORE_OVERRIDE_ENDED = "score_override_ended"  # a person ended that before its time: score, by
    TIER_REACHED = "tier_reached"  # a higher tier was reached: program, tier, from
    TIER_AT_RISK = "tier_at_risk"  # the period ends soon below the tier: program, tier, missing
    POINTS_EXPIRING = "points_expiring"  # points expire soon: program, points, expires_at
    COUPON_ISSUED = "coupon_issued"  # a coupon was issued: code, percent, worth, run
    COUPON_REDEEMED = "coupon_redeemed"  # a coupon was used: code
    COUPON_EXPIRED = "coupon_expired"  # a coupon ran out unused: code
    MESSAGE_SENT = "message_sent"  # a message left: run, workflow, step, message, channel
    MESSAGE_DELIVERED = "message_delivered"  # the provider delivered it
    MESSAGE_CLICKED = "message_clicked"  # the customer clicked in it
    MESSAGE_BOUNCED = "message_bounced"  # it bounced: hard or soft
    MESSAGE_COMPLAINED = "message_complained"  # the customer complained
    UNSUBSCRIBED = "unsubscribed"  # the customer unsubscribed: channel
    SURVEY_SENT = "survey_sent"  # a survey went out: survey, survey_id, about
    CASE_OPENED = "case_opened"  # a case was opened: case, ladder, title
    CASE_ACKNOWLEDGED = "case_acknowledged"  # somebody took the case: case, by
    CASE_RESOLVED = "case_resolved"  # the case was resolved: case, by
    RUN_ENDED = "run_ended"  # a run ended: run, workflow, status, reason
    WORKFLOW_SILENT = "workflow_silent"  # a workflow starts no more, of no customer: workflow, since, usual
    SOURCE_FAILED = "source_failed"  # a source of facts failed: facts, reason


BUILT_IN_EVENTS = frozenset(event.value for event in BuiltInEvent)

CONTRACT_EVENTS = ("expanded", "contracted", "cancel_requested", "cancel_undone", "churned", "reactivated")
"""Events that `subscriptions` derives from the contract event; they count like sent ones."""
