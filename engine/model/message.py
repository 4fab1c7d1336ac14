"""Messages: Markdown with a small header."""

from __future__ import annotations

from typing import Literal

import msgspec

Channel = Literal["email", "sms"]


class Message(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A message's header, and its body as a minijinja template of Markdown.

    `purpose` goes before its workflow's; `variants` names the same message on other channels.
    """

    id: str
    subject: str | None = None
    channel: Channel = "email"
    purpose: str | None = None
    variants: dict[str, str] = {}
    locale: str | None = None
    owner: str | None = None
    description: str | None = None
    body: str = ""
