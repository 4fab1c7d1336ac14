"""From a vendor's message to raw events, by a hook map."""

from __future__ import annotations

import re
from collections.abc import Mapping
from contextlib import suppress
from decimal import Decimal
from typing import Any

from engine.model.hook import HookEvent, HookMap

HEADERS = "headers."
"""How a place begins that is in the head of the request; every other is in the message."""
CHANGES = ("number", "cents", "lower")
"""What may stand after `as`: a text as the number it is, hundredths as units, a text in small letters."""

PLACE = re.compile(r"(?P<path>[^\s{}]+)(?: as (?P<change>\w+))?")
_BRACES = re.compile(r"\{([^{}]*)\}")
_TEXTS = ("id", "customer", "anonymous_id", "account")


def events_of(map: HookMap, message: Mapping[str, Any], headers: Mapping[str, str]) -> list[dict[str, Any]]:
    """Give the events that a message is; names of `headers` are in small letters."""
    return [_event(each, message, headers) for each in map.events if _meant(each, message, headers)]


def places(written: str) -> list[str]:
    """Give the places that are written: those in braces, or the one that it is."""
    return _BRACES.findall(written) if "{" in written else [written]


def _meant(event: HookEvent, message: Mapping[str, Any], headers: Mapping[str, str]) -> bool:
    return all(_text(_found(place, message, headers)) == wanted for place, wanted in event.when.items())


def _event(event: HookEvent, message: Mapping[str, Any], headers: Mapping[str, str]) -> dict[str, Any]:
    raw: dict[str, Any] = {"event": event.event}
    for name in _TEXTS:
        written = getattr(event, name)
        if written is not None and (found := _text(_value(written, message, headers))):
            raw[name] = found
    if event.at is not None and (at := _value(event.at, message, headers)) is not None:
        raw["at"] = at
    properties = {
        _value(name, message, headers) if "{" in name else name: _value(written, message, headers)
        for name, written in event.properties.items()
    }
    raw["properties"] = {name: value for name, value in properties.items() if None not in (name, value)}
    return raw


def _value(written: str, message: Mapping[str, Any], headers: Mapping[str, str]) -> Any:
    """Give what is written: a text with all its places filled, or what is at the one place."""
    if "{" not in written:
        return _found(written, message, headers)
    parts = [_text(_found(place, message, headers)) for place in _BRACES.findall(written)]
    if None in parts:
        return None
    filled = iter(parts)
    return _BRACES.sub(lambda _: next(filled) or "", written)


def _text(value: Any) -> str | None:
    if value is None or isinstance(value, (Mapping, list)):
        return None
    return str(value).lower() if isinstance(value, bool) else str(value)


def _found(place: str, message: Mapping[str, Any], headers: Mapping[str, str]) -> Any:
    path, _, change = place.partition(" as ")
    if path.startswith(HEADERS):
        return headers.get(path.removeprefix(HEADERS).lower())
    value: Any = message
    for part in path.split("."):
        if isinstance(value, Mapping):
            value = value.get(part)
        elif isinstance(value, list) and part.isdigit() and int(part) < len(value):
            value = value[int(part)]
        else:
            return None
    return _changed(value, change) if change else value


def _changed(value: Any, change: str) -> Any:
    """Give a value changed; one that cannot be is left as it is, for the event's own checks to judge."""
    if change == "lower":
        return value.strip().lower() if isinstance(value, str) else value
    if isinstance(value, bool):
        return value
    with suppress(ArithmeticError, ValueError):
        number = Decimal(str(value))
        return number / 100 if change == "cents" else number
    return value
