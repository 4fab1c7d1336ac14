"""Messages: Markdown with a small header."""

from __future__ import annotations

from typing import Literal

import msgspec

Channel = Literal["email", "sms"]


class Message(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A message's header, and its body as a minijinja template of Markdown."""

    id: str
    subject: str | None = None
    channel: Channel = "email"
    locale: str | None = None
    owner: str | None = None
    description: str | None = None
    body: str = ""
