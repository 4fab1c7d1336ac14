"""What `event` is in expressions: an event's properties, with declared dates and times read."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from engine.customers.catalog import Catalog
from engine.customers.event import Event
from engine.customers.values import read_value
from engine.expressions import Kind

_READ = (Kind.DATE, Kind.TIME, Kind.DURATION)


def event_values(event: Event, catalog: Catalog, zone: str) -> Mapping[str, Any]:
    """Give an event's properties as expressions see them."""
    declared = catalog.event(event.name)
    if not declared:
        return event.properties
    special = [name for name, kind in declared.items() if kind in _READ and name in event.properties]
    if not special:
        return event.properties
    values = dict(event.properties)
    for name in special:
        values[name] = read_value(values[name], declared[name], zone)
    return values


Namespace = Callable[[Event], Mapping[str, Any]]
