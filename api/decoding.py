"""Bodies into values: numbers exact, and one bad event never at its neighbours' cost."""

from __future__ import annotations

import json
from collections.abc import Iterable
from decimal import Decimal
from typing import Any, TypeVar

import msgspec

from api.mismatches import told
from api.slicing import SPACE, Slice, depth_of, fields, lines, single, slices
from engine.errors import RequestError
from engine.model.reasons import QuarantineReason
from engine.runtime.intake import Unreadable

T = TypeVar("T")

NDJSON = "application/x-ndjson"
DEEPEST = 128
"""Levels of nesting that are decoded at all; an event may have 32."""
DEEPEST_TYPED = 32

_BOM = b"\xef\xbb\xbf"
_LONGEST_INTEGER = 300
_WHOLE = 2**63
_BAD = (msgspec.MsgspecError, RecursionError, ArithmeticError, ValueError)
_decoder = msgspec.json.Decoder(float_hook=Decimal)


def events_from(body: bytes, content_type: str, most: int) -> list[object]:
    """Give the events of a body: one object, an array, or NDJSON by its content type.

    What cannot be read comes as `Unreadable`. Raises `RequestError` when there is no event at all to
    tell from another, or there are more than `most`.
    """
    body = body.removeprefix(_BOM)
    if content_type.partition(";")[0].strip().lower() == NDJSON:
        events = [_event(each) for each in _bounded(lines(body), most)]
        if not events and body.strip():
            raise RequestError("the body holds no line of JSON; send one event a line", code="invalid_json")
        return events
    try:
        decoded = _decoder.decode(body)
    except _BAD:
        return _apart(body, most)
    if isinstance(decoded, list):
        if len(decoded) > most:
            raise _too_many(most)
        return decoded
    if not isinstance(decoded, dict):
        raise RequestError("send an event as an object, or several in an array", code="invalid_body")
    return [decoded]


def value_from(body: bytes) -> object:
    """Give the one value that a body is, as `Unreadable` where it cannot be read."""
    return _event(single(body.removeprefix(_BOM)))


def batch_from(body: bytes, name: str, most: int) -> tuple[dict[str, Any], list[object]]:
    """Give the events in a body's array `name`, and the body's other fields as far as they can be read.

    Events that cannot be read come as `Unreadable`. Raises `RequestError` where there is no such array,
    or there are more than `most` in it.
    """
    body = body.removeprefix(_BOM)
    try:
        decoded = _decoder.decode(body)
    except _BAD:
        return _batch_apart(body, name, most)
    events = decoded.pop(name, None) if isinstance(decoded, dict) else None
    if not isinstance(events, list):
        raise _no_batch(name)
    if len(events) > most:
        raise _too_many(most)
    return decoded, events


def field_of(body: bytes, name: str) -> object:
    """Give one field of a body that is a JSON object, None where it has none that can be read."""
    found = [value for field, value in fields(body.removeprefix(_BOM)) if field == name]
    return _event(found[-1]) if found else None


def typed(body: bytes, kind: type[T]) -> T:
    """Decode a body strictly as `kind`; raises `RequestError` with the place that is wrong."""
    if not body.strip():
        raise RequestError("the body is empty; send a JSON object", code="invalid_json")
    if depth_of(body) > DEEPEST_TYPED:
        raise RequestError(
            f"the body is nested over {DEEPEST_TYPED} levels deep; send it flatter", code="invalid_json"
        )
    text = body.removeprefix(_BOM)
    try:
        return msgspec.json.Decoder(kind, float_hook=Decimal).decode(text)
    except msgspec.ValidationError:
        return _with_whole_numbers(text, kind)
    except _BAD:
        raise RequestError("the body is not JSON; send a JSON object in UTF-8", code="invalid_json") from None


def _with_whole_numbers(text: bytes, kind: type[T]) -> T:
    """Decode once more, 3.0 as the whole number that it is to JSON."""
    try:
        return msgspec.convert(msgspec.json.Decoder(float_hook=_whole).decode(text), kind)
    except msgspec.ValidationError as error:
        raise invalid(error, kind, "the body") from None
    except _BAD:
        raise RequestError("the body is not JSON; send a JSON object in UTF-8", code="invalid_json") from None


def _whole(digits: str) -> int | Decimal:
    number = Decimal(digits)
    return int(number) if abs(number) < _WHOLE and number == int(number) else number


def invalid(
    error: msgspec.ValidationError, kind: Any, whole: str, code: str = "invalid_body"
) -> RequestError:
    """Give the error to answer with when values do not have the shape of `kind`."""
    pointer, place, sentence = told(error, kind, whole)
    return RequestError(f"{place}: {sentence}", code=code, errors=((pointer, "invalid_value", sentence),))


def _apart(body: bytes, most: int) -> list[object]:
    if body.lstrip(SPACE)[:1] not in (b"[", b"{"):
        detail = "the body is not JSON; send an event as an object, or several in an array"
        raise RequestError(detail, code="invalid_json")
    found = list(_bounded(slices(body), most))
    events = [_event(each) for each in found]
    alone = len(events) == 1 and events[0]
    if isinstance(alone, Unreadable) and alone.code == QuarantineReason.INVALID_JSON.value:
        # In an array what begins like an object is an event that was torn; anything else is none.
        if not (body.lstrip(SPACE).startswith(b"[") and alone.body.lstrip(SPACE).startswith(b"{")):
            raise RequestError(alone.detail, code="invalid_json")
    return events


def _batch_apart(body: bytes, name: str, most: int) -> tuple[dict[str, Any], list[object]]:
    others: dict[str, Any] = {}
    array = b""
    for field, value in fields(body):
        if field == name:
            array = value.data
        else:
            others[field] = _event(value)
    if not array.startswith(b"["):
        raise _no_batch(name)
    return others, [_event(each) for each in _bounded(slices(array), most)]


def _no_batch(name: str) -> RequestError:
    return RequestError(f"send a JSON object with an array `{name}`", code="invalid_body")


def _bounded(found: Iterable[Slice], most: int) -> Iterable[Slice]:
    for number, each in enumerate(found):
        if number >= most:
            raise _too_many(most)
        yield each


def _too_many(most: int) -> RequestError:
    return RequestError(
        f"a request takes {most} events at most; send the rest in another one", code="too_many_events"
    )


def _event(part: Slice) -> object:
    if not part.whole:
        return _unreadable(
            part,
            QuarantineReason.INVALID_JSON,
            "the JSON is torn off, or goes on too far; send one whole object",
        )
    if part.depth > DEEPEST:
        return _unreadable(
            part, QuarantineReason.TOO_DEEP, "the event is nested over 32 levels; send it flatter"
        )
    try:
        return _decoder.decode(part.data)
    except _BAD:
        return _tolerant(part)


def _tolerant(part: Slice) -> object:
    """Decode what some clients send although it is not JSON, for normalising to name what is wrong."""
    try:
        text = part.data.decode()
    except UnicodeDecodeError:
        return _unreadable(part, QuarantineReason.BAD_VALUE, "the event is not UTF-8; encode it as UTF-8")
    try:
        return json.loads(text, parse_float=Decimal, parse_int=_integer, strict=False)
    except (RecursionError, ArithmeticError, ValueError):
        return _unreadable(part, QuarantineReason.INVALID_JSON, "the event is not JSON; send a JSON object")


def _integer(digits: str) -> Any:
    return int(digits) if len(digits) <= _LONGEST_INTEGER else Decimal(digits)


def _unreadable(part: Slice, reason: QuarantineReason, detail: str) -> Unreadable:
    return Unreadable(reason.value, detail, part.data)
