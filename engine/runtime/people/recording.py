"""Recording: what a person does to a customer becomes an event of theirs, played in the same turn."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from engine.customers.event import Event
from engine.customers.kinds import sent_form
from engine.customers.normalise import digest
from engine.decisions.decision import identity
from engine.errors import ConflictError
from engine.model.values import Micros
from engine.runtime.shell import Turn
from engine.store.records import Accepted
from engine.timeline.play import play_event

OPERATOR = "operator"
"""The source of events that a person caused."""


def caused(
    turn: Turn,
    customer: str,
    name: str,
    id: str,
    properties: Mapping[str, Any],
    *,
    source: str = OPERATOR,
    occurred: Micros | None = None,
    account: str | None = None,
) -> Event:
    """Give the event of what a person does now; properties that are None are left out."""
    return Event(
        source=source,
        message_id=id,
        customer=customer,
        name=name,
        occurred_at=min(turn.now, occurred if occurred is not None else turn.now),
        received_at=turn.now,
        account=account,
        properties=sent_form({key: value for key, value in properties.items() if value is not None}),
        cause="operator",
    )


def keep(turn: Turn, event: Event) -> Event | None:
    """Keep an event that is decided in this turn; None where the very same was recorded before."""
    (receipt,) = turn.writer.add_events([event], [digest(event)], decided_at=turn.now)
    if not isinstance(receipt, Accepted):
        return None
    turn.count(received=1, accepted=1, decided=1)
    return msgspec.structs.replace(event, seq=receipt.seq)


def play(turn: Turn, event: Event) -> Event:
    """Keep an event of a customer who is held, and play what follows from it.

    Raises `ConflictError` where it was recorded before.
    """
    kept = keep(turn, event)
    if kept is None:
        raise ConflictError(f"this {event.name} was recorded before; look again")
    play_event(turn.world, turn.cast, turn.changes, kept)
    return kept


def record(
    turn: Turn,
    customer: str,
    name: str,
    properties: Mapping[str, Any],
    *parts: object,
    source: str = OPERATOR,
    occurred: Micros | None = None,
) -> Event:
    """Record what a person does to a customer who is held, and play what follows from it.

    `parts` tell it from others of its name and instant.
    """
    id = identity(name, customer, turn.now, *parts)
    return play(turn, caused(turn, customer, name, id, properties, source=source, occurred=occurred))
