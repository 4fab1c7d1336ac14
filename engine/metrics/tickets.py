"""Tickets: how long they took, and how many were done at the first contact."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal

import msgspec

from engine.customers.buckets import key_of
from engine.customers.event import Event
from engine.customers.functions import median
from engine.escalation.calendar import Span, open_time_between
from engine.metrics.figure import Quotient, divided
from engine.metrics.formulas import nearest_rank
from engine.model.ladder import Calendar
from engine.model.metric import Tickets
from engine.model.reasons import NoFigure
from engine.model.values import SECOND, Micros


class Ticket(msgspec.Struct, frozen=True):
    """A ticket or a case: when it was opened, first answered and last resolved, and when it stood still.

    `resolved` is None while it is open, also after it was opened again. `first_resolved` is when it
    was first said to be done, `reopened` the times at which it came back, `contacts` how often the
    customer wrote again before it was first done.
    """

    opened: Micros
    answered: Micros | None = None
    resolved: Micros | None = None
    pauses: tuple[Span, ...] = ()
    first_resolved: Micros | None = None
    reopened: tuple[Micros, ...] = ()
    contacts: int = 0


def read_tickets(events: Iterable[Event], terms: Tickets) -> list[Ticket]:
    """Give a customer's tickets, in the order of opening, from the events of their lives.

    Without the event of its opening nothing is known of how long a ticket took: it is left out.
    """
    lives: dict[str, list[Event]] = {}
    for event in events:
        identifier = event.properties.get(terms.id)
        if event.name in terms.names and identifier is not None:
            lives.setdefault(key_of(identifier), []).append(event)
    found = [_ticket(sorted(life, key=_place), terms) for life in lives.values()]
    return sorted((one for one in found if one is not None), key=lambda one: one.opened)


def _place(event: Event) -> tuple[Micros, int]:
    return event.occurred_at, event.seq


def _ticket(life: Sequence[Event], terms: Tickets) -> Ticket | None:
    opened = next((one.occurred_at for one in life if one.name == terms.opened), None)
    if opened is None:
        return None
    answered = resolved = first = paused = None
    pauses: list[Span] = []
    reopened: list[Micros] = []
    contacts = 0
    for event in life:
        at, name = event.occurred_at, event.name
        if at < opened:
            continue
        if name == terms.paused and paused is None:
            paused = at
        elif paused is not None and name in (terms.resumed, terms.reopened, terms.solved):
            pauses.append((paused, at))
            paused = None
        if name == terms.answered and answered is None:
            answered = at
        elif name == terms.contacted and first is None:
            contacts += 1
        elif name == terms.reopened and resolved is not None:
            reopened.append(at)
            resolved = None
        elif name == terms.solved:
            resolved, first = at, at if first is None else first
    return Ticket(opened, answered, resolved, tuple(pauses), first, tuple(reopened), contacts)


def first_response_times(
    tickets: Iterable[Ticket], start: Micros, end: Micros, calendar: Calendar | None = None
) -> list[Micros]:
    """Give how long those tickets waited that were first answered in [start, end); pauses not counted."""
    return [
        taken(one, one.answered, calendar)
        for one in tickets
        if one.answered is not None and start <= one.answered < end
    ]


def resolution_times(
    tickets: Iterable[Ticket], start: Micros, end: Micros, calendar: Calendar | None = None
) -> list[Micros]:
    """Give how long those tickets took that were last resolved in [start, end); pauses not counted."""
    return [
        taken(one, one.resolved, calendar)
        for one in tickets
        if one.resolved is not None and start <= one.resolved < end
    ]


def taken(ticket: Ticket, until: Micros, calendar: Calendar | None = None) -> Micros:
    """Give the time from a ticket's opening to an instant, in the open hours of a calendar if given."""
    total = open_time_between(calendar, ticket.opened, until)
    for begins, ends in ticket.pauses:
        total -= open_time_between(calendar, max(begins, ticket.opened), min(ends, until))
    return total


def first_contact(
    tickets: Iterable[Ticket], start: Micros, end: Micros, within: Micros, as_of: Micros
) -> tuple[int, int]:
    """Give how many tickets were resolved at first contact, and of how many first resolved in [start, end).

    At first contact: the customer did not write again before, and it did not come back within a time
    after. A ticket of which that time has not passed yet is in neither number.
    """
    done = judged = 0
    for one in tickets:
        if one.first_resolved is None or not start <= one.first_resolved < end:
            continue
        limit = one.first_resolved + within
        again = one.contacts > 0 or any(at < limit for at in one.reopened)
        if again or limit <= as_of:
            judged += 1
            done += not again
    return done, judged


def duration(values: Sequence[Micros], statistic: str) -> Quotient:
    """Give the mean, the median or the 90th percentile (by nearest rank) of times, in seconds.

    The median of an even number is the mean of the two in the middle.
    """
    if not values:
        return Quotient(numerator=0, denominator=0, reason=NoFigure.EMPTY_DENOMINATOR, of=0)
    total, number = divided(sum(values), SECOND), len(values)
    if statistic == "mean":
        value = divided(sum(values), SECOND * number)
    elif statistic == "p90":
        value = divided(nearest_rank(sorted(values), 90), SECOND)
    else:
        value = divided(median([Decimal(each) for each in values]), SECOND)
    return Quotient(value=value, numerator=total, denominator=number, of=number)
