"""A vendor's webhook as the events that its map makes of it."""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from typing import Any

import msgspec

from api.decoding import events_from
from engine.authoring.hooks.mapping import events_of
from engine.authoring.hooks.messages import notifications
from engine.errors import UnsignedError
from engine.model.hook import HookMap
from engine.model.workspace import Hook


class Mapped(msgspec.Struct, frozen=True):
    """The events of a request, and how many of its messages are none."""

    raws: list[object]
    ignored: int


def mapped(map: HookMap, hook: Hook, headers: Mapping[str, str], body: bytes, most: int) -> Mapped:
    """Give the events of a request whose signature was looked at.

    A message that cannot be read comes as `Unreadable`. Raises `UnsignedError` for another
    organization of Salesforce's, and `RequestError` for a body that is no message at all.
    """
    if map.vendor == "salesforce":
        read = notifications(body)
        if not hmac.compare_digest(read.organization.encode(), (hook.organization or "").encode()):
            raise UnsignedError("this is another organization")
        messages: list[Any] = list(read.messages)
    else:
        messages = events_from(body, "", most)
    raws: list[object] = []
    ignored = 0
    for message in messages:
        events = events_of(map, message, headers) if isinstance(message, dict) else [message]
        raws += events
        ignored += not events
    return Mapped(raws, ignored)
