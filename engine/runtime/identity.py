"""Who an event is about: anonymous ids that become known, and two customers who are one."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec

from engine.customers.event import FROM_OUTSIDE, Event
from engine.customers.identity import Alias, Aliases, Binding
from engine.runtime.crashpoint import crashpoint
from engine.runtime.shell import Turn
from engine.timeline.play import merge


def names_in(events: Iterable[Event]) -> set[str]:
    """Give every name of a customer or account in events."""
    return {
        name
        for event in events
        for name in (event.customer, event.account, event.anonymous_id)
        if name is not None
    }


class Identities:
    """The names in one batch of events, each with the customer that it goes by now.

    `resolved` is called for each event in order, since one event may bind a name for those after.
    """

    def __init__(self, turn: Turn, events: Sequence[Event]) -> None:
        self._turn = turn
        self._unplayed = {event.seq for event in events}
        self._goes_by = dict(turn.writer.resolve(names_in(events)))
        self._events = events

    def present(self) -> list[str]:
        """Give the customers and accounts that the batch is about."""
        found = {self._goes_by[event.customer]: None for event in self._events}
        found.update((self._goes_by[event.account], None) for event in self._events if event.account)
        return list(found)

    def resolved(self, event: Event) -> Event:
        """Give the event under the ids that its customer and account go by.

        Identifying somebody who was anonymous until now binds the anonymous id first, so that the
        event itself is played for the one customer they are.
        """
        if event.anonymous_id is not None:
            aliases = Aliases({id: Alias(to, 0) for id, to in self._goes_by.items() if to != id})
            bound = aliases.bind(event, known=False)
            if isinstance(bound, Binding):
                self._bind(bound, event.name)
        self._unplayed.discard(event.seq)
        customer = self._goes_by[event.customer]
        account = None if event.account is None else self._goes_by[event.account]
        if (customer, account) == (event.customer, event.account):
            return event
        return msgspec.structs.replace(event, customer=customer, account=account)

    def _bind(self, bound: Binding, cause: str) -> None:
        into, anonymous = bound.customer, bound.anonymous
        self._turn.flush()
        if any(_knows(event, anonymous) for event in self._history([anonymous])):
            return
        join(self._turn, into, anonymous, cause, self._history([into, anonymous]))
        for name, goes_by in self._goes_by.items():
            if goes_by == anonymous:
                self._goes_by[name] = into

    def _history(self, customers: Iterable[str]) -> list[Event]:
        return [event for event in history(self._turn, customers) if event.seq not in self._unplayed]


def _knows(event: Event, id: str) -> bool:
    """Tell whether an event from outside names a customer by that id, and not as somebody anonymous."""
    return event.cause in FROM_OUTSIDE and event.customer == id and event.anonymous_id != id


def history(turn: Turn, customers: Iterable[str]) -> list[Event]:
    """Give what happened to customers under all their names, in the order (received, accepted)."""
    asked = list(customers)
    names = dict.fromkeys([*asked, *(alias.id for alias in turn.writer.aliases_of(*asked))])
    return turn.writer.events_of(names)


def histories(turn: Turn, customers: Sequence[str]) -> dict[str, list[Event]]:
    """Give the same of each of several customers, read at once."""
    bound = {alias.id: alias.survivor for alias in turn.writer.aliases_of(*customers)}
    found: dict[str, list[Event]] = {customer: [] for customer in customers}
    for event in turn.writer.events_of([*customers, *bound]):
        name = event.customer
        while name not in found:
            name = bound[name]
        found[name].append(event)
    return found


def join(turn: Turn, into: str, other: str, cause: str, events: Sequence[Event]) -> None:
    """Make two customers one, from now on and for all their `events`, under the id `into`."""
    turn.cast.preload([into, other])
    known = turn.writer.customer(other) is not None
    turn.writer.bind_alias(other, into, turn.now, cause)
    crashpoint("merge_bound")
    if known:
        merge(turn.world, turn.cast, turn.changes, into, other, events, turn.now)
        turn.remove(other)
