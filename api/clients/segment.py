"""Calls of Segment's tracking API, which RudderStack's clients speak too, as events.

What a call says is kept; what a library says of itself and of its destinations (`context`,
`integrations`, `channel`, `_metadata`) is not, but for traits and an account that stand in `context`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from api.clients.posthog import from_posthog
from api.decoding import batch_from, events_from
from engine.customers.event import CONTROL_EVENTS
from engine.customers.kinds import parse_time
from engine.customers.normalise import snake
from engine.model.reasons import QuarantineReason
from engine.runtime.intake import Unreadable

Raw = dict[str, Any]

BATCH = "batch"
"""The field under which a batch has its calls."""

_FIELDS = (
    ("id", ("messageId",)),
    ("customer", ("userId",)),
    ("anonymous_id", ("anonymousId",)),
    # Who passes calls on writes a corrected `timestamp` beside the one that was told.
    ("at", ("originalTimestamp", "timestamp")),
    ("sent_at", ("sentAt",)),
)


def calls_from(body: bytes, kind: str, most: int) -> list[object]:
    """Give the events that a body with one call of a `kind` means.

    What cannot be read comes as `Unreadable`; raises `RequestError` as `events_from` does.
    """
    return [_event(call, kind, None) for call in events_from(body, "", most)]


def batch_of_calls(body: bytes, most: int) -> list[object]:
    """Give the events that a batch means; each call says its kind under `type`.

    What cannot be read comes as `Unreadable`; raises `RequestError` as `batch_from` does.
    """
    envelope, calls = batch_from(body, BATCH, most)
    sent = _sound(envelope.get("sentAt"))
    return [_event(call, None, sent) for call in calls]


def batch_of_either(body: bytes, most: int) -> list[object]:
    """Give the events that a batch means whose calls are Segment's or PostHog's.

    PostHog's have no `type` and name who it is about under `distinct_id`.
    """
    envelope, calls = batch_from(body, BATCH, most)
    sent = _sound(envelope.get("sentAt") or envelope.get("sent_at"))
    return [
        from_posthog(call, sent)
        if isinstance(call, dict) and "type" not in call and "distinct_id" in call
        else _event(call, None, sent)
        for call in calls
    ]


def _sound(sent_at: object) -> object:
    """Give when a batch was sent; None where that is no time: no event is to be lost for it."""
    try:
        parse_time(sent_at)
    except (ArithmeticError, ValueError):
        return None
    return sent_at


def _event(call: object, kind: str | None, sent: object) -> object:
    if not isinstance(call, dict):
        return call
    told = kind or call.get("type")
    translate = _KINDS.get(told) if isinstance(told, str) else None
    if translate is None:
        detail = f"the type of a call is one of {', '.join(sorted(_KINDS))}"
        return Unreadable(QuarantineReason.BAD_NAME.value, detail, decoded=call)
    raw: Raw = {}
    for ours, names in _FIELDS:
        for name in names:
            # Some send an empty text for nobody. A null would become a property.
            if (value := call.get(name)) is not None and value != "":
                raw[ours] = value
                break
    if sent is not None:
        raw.setdefault("sent_at", sent)
    context = call.get("context")
    return translate(raw, call, context if isinstance(context, Mapping) else {})


def _track(raw: Raw, call: Raw, context: Mapping[str, Any]) -> object:
    name = call.get("event")
    if isinstance(name, str) and snake(name) in CONTROL_EVENTS:
        detail = f"{name} is a call of its own, not the name of one that is tracked"
        return Unreadable(QuarantineReason.RESERVED_NAME.value, detail, decoded=call)
    if name is not None:
        raw["event"] = name
    if context.get("groupId"):
        raw["account"] = context["groupId"]
    if call.get("properties") is not None:
        raw["properties"] = call["properties"]
    return raw


def _identify(raw: Raw, call: Raw, context: Mapping[str, Any]) -> object:
    raw["event"] = "identify"
    traits, told = call.get("traits"), context.get("traits")
    # RudderStack's library for Python puts the traits there and nowhere else.
    if isinstance(told, Mapping) and (traits is None or isinstance(traits, Mapping)):
        traits = {**told, **(traits or {})}
    raw["traits"] = {} if traits is None else traits
    return raw


def _viewed(name: str) -> Callable[[Raw, Raw, Mapping[str, Any]], object]:
    def translate(raw: Raw, call: Raw, context: Mapping[str, Any]) -> object:
        raw["event"] = name
        own = {key: call[key] for key in ("name", "category") if call.get(key) is not None}
        properties = call.get("properties")
        raw["properties"] = {**properties, **own} if isinstance(properties, Mapping) else own
        return raw

    return translate


def _group(raw: Raw, call: Raw, context: Mapping[str, Any]) -> object:
    account = call.get("groupId")
    if account is None or account == "":
        detail = "a group call names the account under groupId"
        return Unreadable(QuarantineReason.NO_CUSTOMER.value, detail, decoded=call)
    traits = call.get("traits")
    raw |= {"event": "group", "account": account, "traits": {} if traits is None else traits}
    return raw


def _alias(raw: Raw, call: Raw, context: Mapping[str, Any]) -> object:
    previous = call.get("previousId")
    if previous is None or previous == "":
        detail = "an alias call names the id of before under previousId"
        return Unreadable(QuarantineReason.NO_CUSTOMER.value, detail, decoded=call)
    raw |= {"event": "alias", "properties": {"previous_id": previous}}
    return raw


_KINDS: Mapping[str, Callable[[Raw, Raw, Mapping[str, Any]], object]] = {
    "track": _track,
    "identify": _identify,
    "page": _viewed("page_viewed"),
    "screen": _viewed("screen_viewed"),
    "group": _group,
    "alias": _alias,
}
