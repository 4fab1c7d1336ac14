"""Mentions: whether a text or a value speaks of a customer, by an id, an address or their own words."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from itertools import pairwise
from typing import Any
from urllib.parse import unquote

import msgspec

from engine.contact.consent import ADDRESSES
from engine.customers.event import Event
from engine.model.workspace import Workspace
from engine.store.interface import Reader

_PAGE = 1000

IDENTIFYING = frozenset(
    (
        "customer", "customer_id", "customerid", "user_id", "userid", "anonymous_id", "anonymousid",
        "previous_id", "previousid", "survivor", "other", "target", "into",
    )
)  # fmt: skip
"""Keys whose value is an id, in small letters."""

TELLING = 8
"""An id of so many characters is no other word: it tells of the customer wherever it stands."""


class Mentions:
    """Looks for one customer.

    A short id, such as `42` or `ana`, tells of them only where an id belongs; a long one, and an address,
    anywhere. `events` are theirs: whatever holds the properties of one, or names it, speaks of them too.
    """

    def __init__(self, names: Iterable[str], addresses: Iterable[str], events: Iterable[Event] = ()) -> None:
        self._names = frozenset(names)
        telling = {name for name in self._names if len(name) >= TELLING or "@" in name} | set(addresses)
        self._telling = _pattern(telling)
        self._refs: set[str] = set()
        self._said: set[object] = set()
        for event in events:
            self._refs.add(f"{event.source}/{event.message_id}")
            if event.properties:
                self._said.add(_plain(event.properties))

    def in_value(self, value: object, key: str = "") -> bool:
        """Tell whether a value, or anything in it, speaks of the customer."""
        if isinstance(value, str):
            return (key in IDENTIFYING and value in self._names) or self._tells(value)
        if isinstance(value, int) and not isinstance(value, bool):
            return key in IDENTIFYING and str(value) in self._names
        if isinstance(value, bytes):
            return self.in_text(value)
        if isinstance(value, Mapping):
            if self._said and value and _plain(value) in self._said:
                return True
            return any(
                self._tells(str(name)) or self.in_value(each, str(name).lower())
                for name, each in value.items()
            )
        if isinstance(value, (list, tuple)):
            return any(self.in_value(each, key) for each in value)
        return False

    def in_text(self, text: bytes) -> bool:
        """Tell whether bytes that a client sent speak of the customer: JSON, or what was to be it."""
        try:
            return self.in_value(msgspec.json.decode(text))
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            pass
        found = text.decode("utf-8", "replace")
        if self._tells(found):
            return True
        named = re.findall(r'["\'](\w+)["\']\s*:\s*["\']?([^"\',}\]\s]+)', found)
        return any(key.lower() in IDENTIFYING and value in self._names for key, value in named)

    def in_path(self, path: str) -> bool:
        """Tell whether the path of a request names the customer."""
        parts = [unquote(part) for part in path.split("/")]
        named = {after for before, after in pairwise(parts) if before == "customers"}
        return bool(named & self._names) or any(self._tells(part) for part in parts)

    def in_answer(self, path_or_body: bytes) -> bool:
        """Tell the same of what is kept of an answer: the path of its request, or its body."""
        if path_or_body.startswith(b"/"):
            return self.in_path(path_or_body.decode("utf-8", "replace"))
        return self.in_text(path_or_body)

    def _tells(self, text: str) -> bool:
        if self._telling is not None and self._telling.search(text):
            return True
        return any(ref in text for ref in self._refs) if "/" in text else False


def _pattern(words: Iterable[str]) -> re.Pattern[str] | None:
    found = sorted((word for word in words if word), key=len, reverse=True)
    if not found:
        return None
    return re.compile(rf"(?<![\w@])(?:{'|'.join(map(re.escape, found))})(?![\w@])", re.IGNORECASE)


def _plain(value: Any) -> object:
    """Give a value in a form in which equal ones are equal, whatever stored them."""
    if isinstance(value, Mapping):
        return tuple(sorted((str(name), _plain(each)) for name, each in value.items() if each is not None))
    if isinstance(value, (list, tuple)):
        return tuple(_plain(each) for each in value)
    if isinstance(value, bool) or value is None:
        return str(value)
    if isinstance(value, (int, float, Decimal)):
        return str(Decimal(str(value)).normalize())
    if isinstance(value, (datetime, date)):
        return value.isoformat()
    return str(value)


class Found(msgspec.Struct, frozen=True):
    """Whom a name means, what was sent about them, and how to recognise what speaks of them."""

    survivor: str
    names: tuple[str, ...]
    events: Sequence[Event]
    addresses: frozenset[str]
    mentions: Mentions


def found_of(reader: Reader, workspace: Workspace, name: str) -> Found:
    """Look up whom a name means: every id, every event, and every address that was ever sent."""
    survivor = reader.resolve([name])[name]
    names = tuple(dict.fromkeys((survivor, name, *(alias.id for alias in reader.aliases_of(survivor)))))
    events = reader.events_of(names)
    places = set(ADDRESSES.values()) | set(workspace.policy.consent)
    addresses = {
        text.strip()
        for event in events
        for key, text in event.properties.items()
        if key in places and isinstance(text, str) and text.strip()
    }
    return Found(survivor, names, events, frozenset(addresses), Mentions(names, addresses))


def mentioned(reader: Reader, mentions: Mentions, after: int) -> list[int]:
    """Give the refused events after one that speak of a customer, whatever is wrong with them."""
    found: list[int] = []
    while page := reader.quarantine_list(after=after, limit=_PAGE):
        found += [
            entry.id
            for entry in page
            if mentions.in_value(entry.customer, "customer")
            or mentions.in_value(entry.message_id)
            or mentions.in_value(entry.detail)
            or mentions.in_text(entry.body)
        ]
        after = page[-1].id
    return found
