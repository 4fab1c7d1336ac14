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


def record(
    turn: Turn,
    customer: str,
    name: str,
    properties: Mapping[str, Any],
    *parts: object,
    source: str = OPERATOR,
    occurred: Micros | None = None,
) -> Event:
    """Record an event of a customer who is held, and play what follows from it.

    `parts` tell it from others of its name and instant; properties that are None are left out.
    """
    event = Event(
        source=source,
        message_id=identity(name, customer, turn.now, *parts),
        customer=customer,
        name=name,
        occurred_at=min(turn.now, occurred if occurred is not None else turn.now),
        received_at=turn.now,
        properties=sent_form({key: value for key, value in properties.items() if value is not None}),
        cause="operator",
    )
    (receipt,) = turn.writer.add_events([event], [digest(event)], decided_at=turn.now)
    if not isinstance(receipt, Accepted):
        raise ConflictError(f"this {name} was recorded before")
    event = msgspec.structs.replace(event, seq=receipt.seq)
    turn.count(received=1, accepted=1, decided=1)
    play_event(turn.world, turn.cast, turn.changes, event)
    return event
