"""What a client sent, brought once into the form that the engine keeps.

Clients of many kinds are understood: Segment's keys, plain ones, and unknown top-level keys, which
become properties. What cannot be trusted to mean one thing is refused with its reason, and one
event's refusal never touches its neighbours.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from decimal import Decimal
from functools import lru_cache
from typing import Any

import msgspec

from engine.customers.catalog import Catalog
from engine.customers.event import ALIAS, GROUP, IDENTIFY, MERGE, Cause, Event
from engine.customers.kinds import EARLIEST_EVENT, TOO_BIG, coerce, is_number, parse_time
from engine.errors import QuarantineError
from engine.model.actions import BUILT_IN_EVENTS, BuiltInEvent
from engine.model.reasons import QuarantineReason
from engine.model.values import DAY, MINUTE, Micros

DEEPEST = 32
LARGEST = 64 * 1024
LONGEST_ID = 256
LONGEST_NAME = 200
SKEW_FROM, SKEW_TO = MINUTE, DAY
"""The sender's clock is corrected by received - sent where they differ by this much."""
AHEAD: Micros = 5 * MINUTE
"""An event that occurred later than this after it was received is clamped."""

REPORTED = frozenset(
    event.value
    for event in (
        BuiltInEvent.MESSAGE_DELIVERED,
        BuiltInEvent.MESSAGE_CLICKED,
        BuiltInEvent.MESSAGE_BOUNCED,
        BuiltInEvent.MESSAGE_COMPLAINED,
        BuiltInEvent.UNSUBSCRIBED,
        BuiltInEvent.COUPON_REDEEMED,
        BuiltInEvent.CASE_ACKNOWLEDGED,
        BuiltInEvent.CASE_ASSIGNED,
        BuiltInEvent.CASE_PAUSED,
        BuiltInEvent.CASE_RESUMED,
        BuiltInEvent.CASE_PRIORITISED,
        BuiltInEvent.CASE_RESOLVED,
        BuiltInEvent.CASE_REOPENED,
        BuiltInEvent.CASE_CANCELLED,
        BuiltInEvent.SOURCE_FAILED,
    )
)
"""The engine's own events that a provider or a desk may report from outside."""

CUSTOMER_KEYS = ("customer", "customer_id", "user_id", "userId")
ANONYMOUS_KEYS = ("anonymous_id", "anonymousId")
_NAME = ("event", "name", "type")
MESSAGE_KEYS = ("id", "message_id", "messageId")
TIME_KEYS = ("at", "occurred_at", "timestamp", "time")
_SENT = ("sent_at", "sentAt")
ACCOUNT_KEYS = ("account", "account_id", "groupId")
_MAPS = ("properties", "traits")

_SMALLEST_EXPONENT = -400
_NO_FLAGS: tuple[str, ...] = ()
_encode = msgspec.json.Encoder(order="sorted", decimal_format="number").encode
_as_it_comes = msgspec.json.Encoder(decimal_format="number").encode


def _refuse(reason: QuarantineReason, detail: str) -> QuarantineError:
    return QuarantineError(reason.value, detail)


@lru_cache(maxsize=16384)
def snake(name: str) -> str:
    """Give a name in snake case: `Order Completed`, `orderCompleted` are `order_completed`."""
    name = re.sub(r"([A-Z]+)([A-Z][a-z])|([a-z\d])([A-Z])", _split, name)
    return re.sub(r"[\W_]+", "_", name).strip("_").lower()


def _split(match: re.Match[str]) -> str:
    return f"{match[1]}_{match[2]}" if match[1] else f"{match[3]}_{match[4]}"


_SMALL = 8 * 1024
"""Bytes of JSON of an event that is far below every limit of size, whatever it holds."""
_USUAL_DEPTH = 4
_AS_IT_IS = frozenset((str, bool, type(None)))
_NUMBERS = frozenset((int, float, Decimal))


def _clean(raw: Mapping[Any, Any]) -> dict[str, Any]:
    """Give an event's values: exact numbers, sound text, bounded depth and size.

    Writing a small event as JSON, which is native code, shows that all its texts are sound; then numbers
    alone are looked at. Whatever is out of the ordinary is walked through value by value, which
    finds the sentence to refuse it with.
    """
    try:
        text = _as_it_comes(raw)
    except (TypeError, ValueError, RecursionError):
        return _walked(raw)
    if len(text) > _SMALL or b"\\u0000" in text:
        return _walked(raw)
    try:
        return _with_exact_numbers(raw, _USUAL_DEPTH)
    except _UnusualError:
        return _walked(raw)


def _walked(raw: Mapping[Any, Any]) -> dict[str, Any]:
    clean: dict[str, Any] = _Clean().value(raw, 0)
    return clean


class _UnusualError(Exception):
    """An event holds what is not of the few types that most events are of."""


def _with_exact_numbers(values: Mapping[Any, Any], levels: int) -> dict[str, Any]:
    """Copy what stands in a small event whose texts are sound, objects of so many levels; no lists."""
    if not levels:
        raise _UnusualError
    copy: dict[str, Any] = {}
    for key, value in values.items():
        kind = type(value)
        if type(key) is not str:
            raise _UnusualError
        if kind in _AS_IT_IS:
            copy[key] = value
        elif kind in _NUMBERS:
            copy[key] = _exact(value)
        elif kind is dict:
            copy[key] = _with_exact_numbers(value, levels - 1)
        else:
            raise _UnusualError
    return copy


class _Clean:
    """Walks one event's values: exact numbers, sound text, bounded depth and size."""

    __slots__ = ("left",)

    def __init__(self) -> None:
        self.left = LARGEST

    def spend(self, size: int) -> None:
        self.left -= size
        if self.left < 0:
            raise _refuse(QuarantineReason.TOO_LARGE, "the event is over 64 KB; send less in it")

    def value(self, value: Any, depth: int) -> Any:
        kind = type(value)
        if kind is str:
            return self.text(value)
        if kind is bool or value is None:
            self.spend(5)
            return value
        if kind is int or kind is float or kind is Decimal:
            self.spend(9)
            return _exact(value)
        if depth > DEEPEST:
            raise _refuse(QuarantineReason.TOO_DEEP, "the event is nested over 32 levels; send it flatter")
        if isinstance(value, Mapping):
            return {self.key(key): self.value(item, depth + 1) for key, item in value.items()}
        if isinstance(value, (list, tuple)):
            self.spend(2)
            return [self.value(item, depth + 1) for item in value]
        raise _refuse(
            QuarantineReason.BAD_VALUE,
            "a value is of no kind that JSON has; send a text, number, truth, list or object",
        )

    def key(self, key: Any) -> str:
        if not isinstance(key, str):
            raise _refuse(QuarantineReason.BAD_VALUE, "a key of an object is no text; send it as one")
        return self.text(key)

    def text(self, text: str) -> str:
        try:
            self.spend(len(text.encode()) + 3)
        except UnicodeEncodeError:
            raise _refuse(
                QuarantineReason.BAD_VALUE,
                "a text holds half of a surrogate pair; send it whole, or leave it out",
            ) from None
        if "\x00" in text:
            raise _refuse(QuarantineReason.BAD_VALUE, "a text holds a NUL character; leave it out")
        return text


def _exact(number: Any) -> int | Decimal:
    """Give a number exactly; a float is the decimal that it prints as."""
    if type(number) is int:
        if not -TOO_BIG <= number < TOO_BIG:
            raise _refuse(QuarantineReason.BAD_VALUE, "a whole number is beyond 2^63; send it as text")
        return number
    exact = Decimal(repr(number)) if type(number) is float else Decimal(number)
    if not exact.is_finite():
        raise _refuse(QuarantineReason.BAD_VALUE, "a number is not finite; send null")
    if exact.adjusted() > 18 or not -TOO_BIG <= exact < TOO_BIG:
        raise _refuse(QuarantineReason.BAD_VALUE, "a number is beyond 2^63; send it as text")
    if int(exact.as_tuple().exponent) < _SMALLEST_EXPONENT:
        raise _refuse(QuarantineReason.BAD_VALUE, "a number has over 400 decimal places; round it")
    return exact


def _take(fields: dict[str, Any], keys: tuple[str, ...]) -> Any:
    """Take the first key that is present and not null; the others stay, as properties."""
    for key in keys:
        if fields.get(key) is not None:
            return fields.pop(key)
    return None


def _identifier(value: Any, what: str) -> str | None:
    if value is None:
        return None
    text = str(value) if type(value) is int else value
    text = text.strip() if isinstance(text, str) else ""
    if not text or len(text) > LONGEST_ID:
        raise _refuse(
            QuarantineReason.NO_CUSTOMER, f"{what} cannot be taken; send text of 1 to {LONGEST_ID} characters"
        )
    return text


def _event_name(value: Any) -> str:
    if value is None:
        raise _refuse(QuarantineReason.NO_NAME, "the event has no name; send it under `event`")
    name = snake(value) if isinstance(value, str) and len(value) <= LONGEST_NAME else ""
    if not name:
        raise _refuse(
            QuarantineReason.BAD_NAME,
            f"this is no event's name; send text of 1 to {LONGEST_NAME} characters, a letter among them",
        )
    if name == MERGE or (name in BUILT_IN_EVENTS and name not in REPORTED):
        raise _refuse(
            QuarantineReason.RESERVED_NAME, f"{name} is recorded by the engine itself; send another name"
        )
    return name


def _instant(value: Any, what: str) -> Micros | None:
    if value is None:
        return None
    try:
        return parse_time(value, EARLIEST_EVENT)
    except (ArithmeticError, ValueError):
        raise _refuse(
            QuarantineReason.BAD_TIME, f"{what} is no time of 1970 to 2200; send it as 2026-03-01T09:00:00Z"
        ) from None


def _properties(fields: dict[str, Any]) -> dict[str, Any]:
    """Gather properties in snake case; written ones win over top-level keys."""
    maps = [fields.pop(key) for key in _MAPS if isinstance(fields.get(key), Mapping)]
    merged: dict[str, Any] = {}
    for values in (fields, *reversed(maps)):
        exact = {key for key in values if snake(key) == key}
        merged.update(
            (name, value)
            for key, value in values.items()
            if (name := snake(key) or key) == key or name not in exact
        )
    return merged


def _declared(
    name: str, properties: dict[str, Any], catalog: Catalog, may_grant: bool, account: bool
) -> dict[str, Any]:
    if name == IDENTIFY or name == GROUP:
        return _traits(properties, catalog, may_grant, "account" if account else "person")
    event = catalog.events.get(name)
    for key, declared in event.properties.items() if event else ():
        value = properties.get(key)
        if value is not None:
            value = properties[key] = _coerced(key, catalog.properties[name][key], value)
        if value is None and declared.required:
            raise _refuse(QuarantineReason.MISSING_PROPERTY, f"{name} needs the property {key}; send it")
    return properties


def _traits(properties: dict[str, Any], catalog: Catalog, may_grant: bool, subject: Any) -> dict[str, Any]:
    for key, value in properties.items():
        trait = catalog.traits(subject).get(key)
        if trait is None or value is None:
            continue
        value = properties[key] = _coerced(key, trait.kind, value)
        if trait.one_of is not None and value is not None and value not in trait.one_of:
            raise _refuse(
                QuarantineReason.WRONG_TYPE,
                f"{key} is none of its declared values; send {', '.join(map(str, trait.one_of))}",
            )
        if trait.protected and not may_grant and value is not None and value is not False:
            raise _refuse(
                QuarantineReason.PROTECTED,
                f"an ingest key may withdraw {key}, never grant it; send it with an operator's key",
            )
    return properties


def _coerced(key: str, kind: Any, value: Any) -> Any:
    try:
        return coerce(kind, value)
    except ValueError:
        raise _refuse(QuarantineReason.WRONG_TYPE, f"{key} is not of its type; send a {kind.value}") from None


def _message_id(
    given: Any, source: str, customer: str, name: str, at: Micros | None, properties: dict[str, Any]
) -> str:
    if given is not None:
        text = str(given) if is_number(given) else given
        if not isinstance(text, str) or not text or len(text) > LONGEST_ID:
            raise _refuse(
                QuarantineReason.BAD_VALUE,
                f"the message id cannot be taken; send text of 1 to {LONGEST_ID} characters",
            )
        return text
    if at is None:
        return ""
    return hashlib.sha256(_encode((source, customer, name, at, properties))).hexdigest()


def normalise(
    raw: object,
    *,
    received_at: Micros,
    source: str,
    declared: Catalog,
    may_grant: bool = False,
    cause: Cause = "sent",
) -> Event:
    """Give the event that a decoded JSON object means, or raise `QuarantineError`.

    `may_grant` tells whether the sender may set protected traits to anything but no. An event
    without a message id gets a hash of its content; one without a time either gets "", which
    intake makes unique: nothing tells it from another that looks the same.
    """
    if not isinstance(raw, Mapping):
        raise _refuse(
            QuarantineReason.NOT_AN_OBJECT, "an event is a JSON object, and this is none; send {...}"
        )
    fields = _clean(raw)
    anonymous = _identifier(_take(fields, ANONYMOUS_KEYS), "an anonymous id")
    customer = _identifier(_take(fields, CUSTOMER_KEYS), "a customer's id")
    account = _identifier(_take(fields, ACCOUNT_KEYS), "an account's id")
    name = _event_name(_take(fields, _NAME))
    subject = customer or anonymous or (account if name == GROUP else None)
    if subject is None:
        raise _refuse(
            QuarantineReason.NO_CUSTOMER,
            "the event has neither a customer nor an anonymous id; send it under `customer`",
        )
    given = _instant(_take(fields, TIME_KEYS), "the event's time")
    sent = _instant(_take(fields, _SENT), "sent_at")
    message = _take(fields, MESSAGE_KEYS)
    origin = fields.pop("source", None) if isinstance(fields.get("source"), str) else None
    properties = _declared(name, _properties(fields), declared, may_grant, name == GROUP)
    if name == ALIAS and properties.get("previous_id") is not None:
        anonymous = _identifier(properties["previous_id"], "a previous id")
    occurred, flags = _corrected(given, sent, received_at)
    origin = origin or source
    return Event(
        source=origin,
        message_id=_message_id(message, origin, subject, name, given, properties),
        customer=subject,
        name=name,
        occurred_at=occurred,
        received_at=received_at,
        given_at=given,
        sent_at=sent,
        account=account,
        anonymous_id=anonymous,
        properties=properties,
        flags=flags,
        cause=cause,
    )


def _corrected(given: Micros | None, sent: Micros | None, received: Micros) -> tuple[Micros, tuple[str, ...]]:
    if given is None:
        return received, ("untimed",)
    occurred, flags = given, _NO_FLAGS
    if sent is not None and SKEW_FROM <= abs(received - sent) <= SKEW_TO:
        occurred, flags = given + received - sent, ("skew_corrected",)
    if occurred > received + AHEAD:
        return received, (*flags, "clamped")
    return max(occurred, EARLIEST_EVENT), flags


def digest(event: Event) -> str:
    """Give the SHA-256 (hex) that tells a repeated event from another one under the same id.

    It is over what was sent (customer, name, time, properties), so that a retry received later is
    the same although its corrected time differs.
    """
    at = event.given_at
    if at is None and "untimed" not in event.flags:
        at = event.occurred_at
    return hashlib.sha256(_encode((event.customer, event.name, at, event.properties))).hexdigest()
