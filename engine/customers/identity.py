"""Who is who: aliases, and which anonymous ids may become a known customer."""

from __future__ import annotations

import enum
from collections.abc import Mapping

import msgspec

from engine.customers.event import ALIAS, IDENTIFY, Event
from engine.model.values import Micros

LONGEST_CHAIN = 1000
"""More aliases than this in a row are a loop that nobody could have made."""


class Alias(msgspec.Struct, frozen=True):
    """An id that became part of another customer, and since when."""

    survivor: str
    valid_from: Micros


class NotBound(enum.Enum):
    """Why an anonymous id stays by itself."""

    NOT_ASKED = "not_asked"  # the event names no anonymous id beside a customer
    SAME = "same"  # both names already mean one customer
    TAKEN = "taken"  # the id was bound before; a second customer does not get its past
    KNOWN = "known"  # the id is a known customer's; only an operator merges two of those


class Binding(msgspec.Struct, frozen=True):
    """An anonymous id that becomes part of a customer."""

    anonymous: str
    customer: str
    valid_from: Micros


class Aliases:
    """The aliases of a workspace, or those of the ids in question; it decides, others remember."""

    __slots__ = ("_aliases",)

    def __init__(self, aliases: Mapping[str, Alias]) -> None:
        self._aliases = aliases

    def resolve(self, id: str, at: Micros | None = None) -> str:
        """Give the surviving id, now or as it was at an instant."""
        for _ in range(LONGEST_CHAIN):
            alias = self._aliases.get(id)
            if alias is None or (at is not None and alias.valid_from > at):
                return id
            id = alias.survivor
        raise ValueError(f"the aliases of {id!r} lead in a circle")

    def bind(self, event: Event, known: bool) -> Binding | NotBound:
        """Decide what an `identify` or `alias` event makes of its anonymous id.

        `known` tells whether a customer of that id was ever named otherwise than anonymously
        (`FactState.known`). An id is bound once: on a shared device the second person to sign in gets
        nothing of what the first one did.
        """
        anonymous = event.anonymous_id
        if event.name not in (IDENTIFY, ALIAS) or anonymous is None or anonymous == event.customer:
            return NotBound.NOT_ASKED
        survivor = self.resolve(event.customer)
        if self.resolve(anonymous) == survivor:
            return NotBound.SAME
        if anonymous in self._aliases:
            return NotBound.TAKEN
        return NotBound.KNOWN if known else Binding(anonymous, survivor, event.received_at)
