"""Suppressions: addresses and customers that get no messages on a channel, and why."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Literal

import msgspec

from engine.model.values import Micros

Scope = Literal["address", "customer"]


class Suppression(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody to whom nothing is sent on a channel, `*` being every channel.

    `target` is a customer's id, or an address in the form of `address_key`: it holds for every customer
    who has that address. `source` tells where it comes from, `by` who says so, `note` what they say.
    """

    scope: Scope
    target: str
    channel: str
    reason: str
    at: Micros
    source: str
    by: str | None = None
    note: str | None = None


def address_key(channel: str, address: str) -> str:
    """Give an address in the form in which it is compared: however it was written, it is one address.

    E-mail addresses are compared in small letters, as all large providers do (RFC 5321 leaves the local
    part to the receiver); telephone numbers without spaces and punctuation.
    """
    plain = address.strip()
    return re.sub(r"[\s().\-/]", "", plain) if channel == "sms" else plain.casefold()


AddressLookup = Callable[[str, str], str | None]
"""Gives why nothing is sent on a channel to an address, None where something may be."""


def nowhere(channel: str, address: str) -> str | None:
    """Stand in where no address is suppressed."""
    return None


class Suppressions:
    """The suppressed addresses, looked up once each and remembered with those that are added.

    `load` gives the reason for a channel and an address in the form of `address_key`.
    """

    def __init__(self, load: AddressLookup = nowhere) -> None:
        self._load = load
        self._known: dict[tuple[str, str], str | None] = {}

    def reason(self, channel: str, address: str) -> str | None:
        """Give why nothing is sent to an address, None where something may be."""
        place = (channel, address_key(channel, address))
        if place not in self._known:
            self._known[place] = self._load(*place)
        return self._known[place]

    def add(self, channel: str, address: str, reason: str) -> None:
        """Suppress an address from now on; the first reason stays."""
        if self.reason(channel, address) is None:
            self._known[channel, address_key(channel, address)] = reason
