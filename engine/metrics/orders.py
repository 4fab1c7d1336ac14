"""Orders: of whom they came, how many, and for how much."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec

from engine.customers.buckets import key_of
from engine.customers.event import Event
from engine.customers.kinds import is_number
from engine.metrics.lives import in_cents
from engine.model.metric import Orders
from engine.model.values import Micros


class Order(msgspec.Struct, frozen=True):
    """An order: when, and for how many cents."""

    at: Micros
    cents: int


def read_orders(events: Iterable[Event], terms: Orders) -> list[Order]:
    """Give a customer's orders in the order of time; of one order id the earliest event is the order."""
    seen: set[str] = set()
    found: list[Order] = []
    named = (one for one in events if one.name == terms.event)
    for event in sorted(named, key=lambda one: (one.occurred_at, one.seq)):
        identifier = event.properties.get(terms.id)
        amount: Any = event.properties.get(terms.amount)
        if identifier is not None:
            if (key := key_of(identifier)) in seen:
                continue
            seen.add(key)
        found.append(Order(event.occurred_at, in_cents(amount) if is_number(amount) else 0))
    return found
