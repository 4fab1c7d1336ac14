"""Bodies into values: numbers exact, and one bad event never at its neighbours' cost."""

from __future__ import annotations

import json
from collections.abc import Iterable
from decimal import Decimal
from typing import Any, TypeVar

import msgspec

from api.slicing import SPACE, Slice, depth_of, lines, slices
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
            raise RequestError("the body holds no line of JSON", code="invalid_json")
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


def typed(body: bytes, kind: type[T]) -> T:
    """Decode a body strictly as `kind`; raises `RequestError` with the place that is wrong."""
    if not body.strip():
        raise RequestError("this request needs a JSON body", code="invalid_json")
    if depth_of(body) > DEEPEST_TYPED:
        raise RequestError(f"the body is nested over {DEEPEST_TYPED} levels", code="invalid_json")
    text = body.removeprefix(_BOM)
    try:
        return msgspec.json.Decoder(kind, float_hook=Decimal).decode(text)
    except msgspec.ValidationError:
        return _with_whole_numbers(text, kind)
    except _BAD:
        raise RequestError("the body is not JSON", code="invalid_json") from None


def _with_whole_numbers(text: bytes, kind: type[T]) -> T:
    """Decode once more, 3.0 as the whole number that it is to JSON."""
    try:
        return msgspec.convert(msgspec.json.Decoder(float_hook=_whole).decode(text), kind)
    except msgspec.ValidationError as error:
        raise invalid(error, "the body is not as it should be") from None
    except _BAD:
        raise RequestError("the body is not JSON", code="invalid_json") from None


def _whole(digits: str) -> int | Decimal:
    number = Decimal(digits)
    return int(number) if abs(number) < _WHOLE and number == int(number) else number


def invalid(error: msgspec.ValidationError, detail: str, code: str = "invalid_body") -> RequestError:
    """Give the error to answer with when values do not have the shape they should have."""
    sentence, _, path = str(error).partition(" - at `")
    pointer = path.rstrip("`").removeprefix("$").replace("[...]", "/*").replace("[", "/").replace("]", "")
    place = (pointer.replace(".", "/"), "invalid_value", sentence)
    return RequestError(f"{detail}: {sentence}", code=code, errors=(place,))


def _apart(body: bytes, most: int) -> list[object]:
    if body.lstrip(SPACE)[:1] not in (b"[", b"{"):
        raise RequestError("the body is not JSON", code="invalid_json")
    found = list(_bounded(slices(body), most))
    events = [_event(each) for each in found]
    alone = len(events) == 1 and events[0]
    if isinstance(alone, Unreadable) and alone.code == QuarantineReason.INVALID_JSON.value:
        if not body.lstrip(SPACE).startswith(b"["):
            raise RequestError(alone.detail, code="invalid_json")
    return events


def _bounded(found: Iterable[Slice], most: int) -> Iterable[Slice]:
    for number, each in enumerate(found):
        if number >= most:
            raise _too_many(most)
        yield each


def _too_many(most: int) -> RequestError:
    return RequestError(f"a request takes {most} events at most", code="too_many_events")


def _event(part: Slice) -> object:
    if not part.whole:
        return _unreadable(part, QuarantineReason.INVALID_JSON, "the text is torn off, or goes on too far")
    if part.depth > DEEPEST:
        return _unreadable(part, QuarantineReason.TOO_DEEP, "the event is nested over 32 levels")
    try:
        return _decoder.decode(part.data)
    except _BAD:
        return _tolerant(part)


def _tolerant(part: Slice) -> object:
    """Decode what some clients send although it is not JSON, for normalising to name what is wrong."""
    try:
        text = part.data.decode()
    except UnicodeDecodeError:
        return _unreadable(part, QuarantineReason.BAD_VALUE, "the event is not UTF-8")
    try:
        return json.loads(text, parse_float=Decimal, parse_int=_integer, strict=False)
    except (RecursionError, ArithmeticError, ValueError):
        return _unreadable(part, QuarantineReason.INVALID_JSON, "the event is not JSON")


def _integer(digits: str) -> Any:
    return int(digits) if len(digits) <= _LONGEST_INTEGER else Decimal(digits)


def _unreadable(part: Slice, reason: QuarantineReason, detail: str) -> Unreadable:
    return Unreadable(reason.value, detail, part.data)
