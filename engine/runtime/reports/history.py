"""History: all that was taken in, out of a database, as replays need it."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import msgspec

from engine.customers.event import Event
from engine.store.interface import Reader

PAGE = 10_000


def stored_events(reader: Reader, progress: Callable[[int], object] = int) -> list[Event]:
    """Give all events in the order (received, accepted), each under the id that its customer goes by."""
    found: list[Event] = []
    after: tuple[int, int] | None = None
    while page := reader.events(after=after, limit=PAGE):
        names = {event.customer for event in page} | {event.account for event in page if event.account}
        goes_by = reader.resolve(names)
        found += [_resolved(event, goes_by) for event in page]
        after = page[-1].received_at, page[-1].seq
        progress(len(found))
    return found


def _resolved(event: Event, goes_by: Mapping[str, str]) -> Event:
    customer = goes_by[event.customer]
    account = None if event.account is None else goes_by[event.account]
    if (customer, account) == (event.customer, event.account):
        return event
    return msgspec.structs.replace(event, customer=customer, account=account)
