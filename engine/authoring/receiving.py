"""Receiving: raw events taken in as intake does, in memory, in front of a simulation."""

from __future__ import annotations

import msgspec

from engine.authoring.simulate import Simulation
from engine.customers.event import Event
from engine.customers.identity import Alias, Aliases, Binding
from engine.customers.normalise import digest, normalise
from engine.errors import QuarantineError
from engine.model.values import Micros


class Tally(msgspec.Struct):
    """What became of the events that were received."""

    accepted: int = 0
    duplicates: int = 0
    conflicts: int = 0
    quarantined: int = 0

    @property
    def received(self) -> int:
        """All of them."""
        return self.accepted + self.duplicates + self.conflicts + self.quarantined


class Reception:
    """Normalises, drops what came before, resolves who it is about, and feeds the simulation.

    `events` keeps what was accepted, in order. The door's rules are intake's: (source, message id) is
    one event, an anonymous id is bound once, and two ids that are bound become one customer.
    """

    def __init__(
        self, simulation: Simulation, *, source: str = "http", keep: bool = True, may_grant: bool = True
    ) -> None:
        self.simulation = simulation
        self.source = source
        self.keep = keep
        self.may_grant = may_grant
        self.tally = Tally()
        self.events: list[Event] = []
        self._digests: dict[tuple[str, str], str] = {}
        self._aliases: dict[str, Alias] = {}
        self._by_customer: dict[str, list[Event]] = {}
        self._seq = 0

    def receive(self, raw: object, received_at: Micros) -> Event | None:
        """Take one raw event in at an instant; None where it is known, in conflict, or no event."""
        try:
            event = normalise(
                raw,
                received_at=received_at,
                source=self.source,
                declared=self.simulation.ruleset.catalog,
                may_grant=self.may_grant,
            )
        except QuarantineError:
            self.tally.quarantined += 1
            return None
        return self.take(event)

    def take(self, event: Event) -> Event | None:
        """Take one normalised event in."""
        self._seq += 1
        if not event.message_id:
            event = msgspec.structs.replace(event, message_id=f"#{self._seq}")
        place, body = (event.source, event.message_id), digest(event)
        known = self._digests.get(place)
        if known is not None:
            if known == body:
                self.tally.duplicates += 1
            else:
                self.tally.conflicts += 1
            return None
        self._digests[place] = body
        self.tally.accepted += 1
        event = self.resolved(msgspec.structs.replace(event, seq=self._seq))
        if self.keep:
            self.events.append(event)
        self._by_customer.setdefault(event.customer, []).append(event)
        self.simulation.feed(event)
        return event

    def resolved(self, event: Event) -> Event:
        """Give the event under the id that survives; bind its anonymous id where it names one."""
        aliases = Aliases(self._aliases)
        if event.anonymous_id is not None:
            other = self.simulation.cast.find(event.anonymous_id)
            bound = aliases.bind(event, other.facts.known if other is not None else False)
            if isinstance(bound, Binding):
                self._bind(bound, event.received_at, exists=other is not None)
        customer = aliases.resolve(event.customer)
        account = aliases.resolve(event.account) if event.account is not None else None
        return msgspec.structs.replace(event, customer=customer, account=account)

    def _bind(self, bound: Binding, now: Micros, *, exists: bool) -> None:
        self._aliases[bound.anonymous] = Alias(bound.customer, bound.valid_from)
        if not exists:
            return
        both = [
            *self._by_customer.get(bound.customer, ()),
            *self._by_customer.pop(bound.anonymous, ()),
        ]
        history = sorted(both, key=lambda event: (event.received_at, event.seq))
        self._by_customer[bound.customer] = history
        self.simulation.merge(bound.customer, bound.anonymous, history, now)
