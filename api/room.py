"""Room for what is under way: when a process has none left, more is put off before it takes memory."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.errors import FullError

if TYPE_CHECKING:
    from litestar.types import Scope

MOST_BYTES = 64 * 1024 * 1024
"""Bytes of the bodies of requests that are not answered yet, all of a process together, expanded."""
MOST_EVENTS = 50_000
"""Events of requests that are not answered yet, all of a process together."""

_AGAIN = 2
"""Seconds after which to come again: by then the writer has committed most of what waits."""
_STATE = "room"


class Room:
    """What the requests under way take up, from the first byte that comes in to the last that is answered.

    The writer takes one batch after the other; what it has not come to waits here. One that finds no room
    is told so with 503, and nothing of it is kept; those that are in are not hurt.
    """

    def __init__(self, most_bytes: int = MOST_BYTES, most_events: int = MOST_EVENTS) -> None:
        self._most_bytes = most_bytes
        self._most_events = most_events
        self.bytes = 0
        self.events = 0

    def take(self, scope: Scope, *, bytes: int = 0, events: int = 0) -> None:
        """Give a request more room; raises `FullError`. Whoever is alone finds room, however large."""
        held_bytes, held_events = scope["state"].get(_STATE, (0, 0))
        if bytes and self.bytes > held_bytes and self.bytes + bytes > self._most_bytes:
            raise FullError("more has come in than fits into memory; send it again later", _AGAIN)
        if events and self.events > held_events and self.events + events > self._most_events:
            raise FullError(f"{self.events} events wait to be decided; send these again later", _AGAIN)
        self.bytes += bytes
        self.events += events
        scope["state"][_STATE] = (held_bytes + bytes, held_events + events)

    def leave(self, scope: Scope) -> None:
        """Give back what a request took up; once is enough."""
        bytes, events = scope["state"].pop(_STATE, (0, 0))
        self.bytes -= bytes
        self.events -= events
