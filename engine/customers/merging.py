"""Two customers become one, and a customer is built anew from its events."""

from __future__ import annotations

from collections.abc import Sequence

from engine.customers.buckets import Bucket
from engine.customers.contracts import joined
from engine.customers.event import Event
from engine.customers.kinds import show
from engine.customers.state import Applied, FactState, later
from engine.customers.table import FactTable
from engine.model.actions import CONTRACT_EVENTS
from engine.model.facts import Subject
from engine.model.values import Micros


def united(
    table: FactTable, into: FactState, other: FactState, events: Sequence[Event], now: Micros
) -> FactState:
    """Give the state of two customers who are one, under the surviving id.

    `events` are all those of both, in the order (received, seq). They are needed where both have
    contracts: what follows from those (a churn of one who goes on paying as the other) differs then,
    and the state is built anew.
    """
    if table.contracts_of(into.kind) is None or not (into.contracts and other.contracts):
        merge(table, into, other)
        return into
    anew = rebuild(table, into.id, into.kind, events, now)
    anew.touched.update(into.chunks.months(), into.touched)
    return anew


def merge(table: FactTable, into: FactState, other: FactState) -> Applied:
    """Take another customer in, as if all its events had come under the surviving id.

    Exact where at most one of them has contracts; `united` sees to the others.
    """
    before = {name: sent.value for name, sent in into.traits.items()}
    into.advance(table, other.clock)
    into.stored = None
    into.clock = max(into.clock, other.clock)
    into.known = into.known or other.known
    seen = [one for one in (into.first_seen, other.first_seen) if one is not None]
    into.first_seen = min(seen, default=None)
    if other.contracts:
        # What ended up to there was told of; of a customer without contracts there was nothing to tell.
        into.settled = max(into.settled, other.settled) if into.contracts else other.settled
    stamps = [one for one in (into.newest, other.newest) if one is not None]
    into.newest = max(stamps, default=None)
    if other.account is not None:
        into.account = later(into.account, other.account)
    for name, sent in other.traits.items():
        into.traits[name] = later(into.traits.get(name), sent)
    for name, contract in other.contracts.items():
        into.contracts = {**into.contracts, name: joined(into.contracts.get(name), contract)}
    _merge_series(table, into, other)
    changes = tuple(
        (name, *(show(table.trait_names(into.kind)[name].kind, value, table.zone) for value in pair))
        for name, sent in sorted(into.traits.items())
        if (pair := (before.get(name), sent.value))[0] != pair[1]
    )
    return Applied(frozenset(table.names(into.kind)), changes)


def _merge_series(table: FactTable, into: FactState, other: FactState) -> None:
    for index, first in other.firsts.items():
        into.firsts[index] = min(first, into.firsts.get(index, first))
    for index, last in other.lasts.items():
        known = into.lasts.get(index)
        if known is None or (last.at, last.seq) >= (known.at, known.seq):
            into.lasts[index] = last
    for index, bucket in other.totals.items():
        into.totals.setdefault(index, Bucket()).absorb(table.series[index].needs, bucket)
    for series in table.series:
        cut = into.horizon(table, series, into.clock)
        for _, part in list(other.chunks.parts(series.index)):
            into.chunks.absorb(series, part, cut)
        running = other.running.get(series.index)
        if running is not None:
            into.place_running(table, series, running, other.clock)
        for entry in other.today.get(series.index, ()):
            into.place(table, series, entry)
    into.packed_totals.clear()
    into.packed_running.clear()
    into.caches.clear()
    into.held.clear()
    into.derived.clear()


class Belonging:
    """Tells whose facts events are made of, asked for one after the other in the order (received, seq).

    An event without an account counts for the one that its customer belonged to then.
    """

    def __init__(self) -> None:
        self._accounts: dict[str, str] = {}

    def concerned(self, customer: str, event: Event) -> set[str]:
        """Give the customer under the id they go by and, if there is one, the account."""
        if event.account is not None:
            self._accounts[customer] = event.account
        return {customer, self._accounts.get(customer, customer)}


def rebuild(
    table: FactTable,
    id: str,
    kind: Subject,
    events: Sequence[Event],
    until: Micros | None = None,
) -> FactState:
    """Build a state from stored events in the order (received, seq).

    What the engine itself derived from contracts is left out and derived again, so that facts are
    those of the events and of today's files; contract ends up to `until` are taken in.
    """
    state = FactState(id, kind, table.hash)
    derives = table.contracts_of(kind) is not None
    if events and not derives:
        # When events came leaves no trace in facts: the clock goes to the end at once, and each is put
        # where it belongs then, in place of being moved there from day to day.
        state.advance(table, events[-1].received_at)
    for event in events:
        if derives and event.cause == "engine" and event.name in CONTRACT_EVENTS:
            _settle(table, state, event.received_at)
        else:
            _apply_all(table, state, event)
    if until is not None:
        _settle(table, state, until)
    return state


def _settle(table: FactTable, state: FactState, now: Micros) -> None:
    for event in state.due_contracts(table, now):
        _apply_all(table, state, event)


def _apply_all(table: FactTable, state: FactState, event: Event) -> None:
    """Apply contract ends that lie before an event, the event, and what it derives, in this order."""
    for due in state.due_contracts(table, event.received_at - 1):
        _apply_all(table, state, due)
    for derived in state.apply(table, event).derived:
        state.apply(table, derived)
