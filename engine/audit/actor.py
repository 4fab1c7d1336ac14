"""Who acts: a human, or what acts in nobody's name."""

from __future__ import annotations

import msgspec


class Actor(msgspec.Struct, frozen=True):
    """Who does something: the human, and with which key and in which role, where it is one with a key."""

    who: str
    key: str | None = None
    role: str | None = None
