"""Contracts: what a customer pays for, until when, and what became of it.

Of each contract the newest event counts. A price of 0, or an end that has come, ends it; an end in
the future is a cancellation that was asked for, and it is paid until then at its last price; an end
that is taken back undoes it. The customer churns when the last paid contract ends.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import msgspec

from engine.customers.buckets import Number, Stamp, add_exactly, key_of
from engine.customers.event import Event
from engine.customers.kinds import is_number, parse_day, parse_time
from engine.customers.normalise import snake
from engine.customers.zones import Zone, moment_of
from engine.model.facts import Subscriptions
from engine.model.values import Micros

SOURCE = "holdfast"
INVOLUNTARY = frozenset(
    (
        "payment_failure", "payment_failed", "failed_payment", "card_declined", "card_expired",
        "expired_card", "insufficient_funds", "non_payment", "nonpayment", "past_due", "unpaid", "dunning",
        "involuntary", "deceased", "fraud",
    )
)  # fmt: skip
"""Reasons, in snake case, for which a contract ends against the customer's will."""


class Contract(msgspec.Struct, frozen=True, array_like=True):
    """One contract: its newest event, and the price last paid with that price's own place in time."""

    at: Micros
    seq: int
    source: str
    mrr: Any = None
    ends: Micros | None = None
    reason: str | None = None
    paid: Any = 0
    paid_at: Micros = 0
    paid_seq: int = 0

    @property
    def until(self) -> Micros | None:
        """When it ended or will end; None while it is open."""
        if self.ends is None and self.mrr == 0 and self.mrr is not None:
            return self.at
        return self.ends

    def active(self, now: Micros) -> bool:
        """Tell whether it is paid for at an instant."""
        return self.paid > 0 and (self.until is None or now < self.until)


Contracts = dict[str, Contract]


def read_contract(event: Event, terms: Subscriptions, zone: Zone) -> tuple[str, Contract] | None:
    """Read a contract event by itself, None where it lacks the contract's id."""
    properties = event.properties
    identifier = properties.get(terms.id)
    if identifier is None:
        return None
    mrr = properties.get(terms.mrr)
    mrr = mrr if is_number(mrr) else None
    reason = properties.get(terms.reason) if terms.reason else None
    paid = mrr if mrr is not None and mrr > 0 else None
    return key_of(identifier), Contract(
        event.occurred_at,
        event.seq,
        event.source,
        mrr,
        _end(properties.get(terms.ends) if terms.ends else None, zone),
        reason if isinstance(reason, str) else None,
        0 if paid is None else paid,
        0 if paid is None else event.occurred_at,
        0 if paid is None else event.seq,
    )


def _end(value: Any, zone: Zone) -> Micros | None:
    """Read an end: a date is the local midnight with which it begins."""
    if value is None:
        return None
    try:
        if isinstance(value, str) and len(value.strip()) == len("2026-05-31"):
            return zone.start_of_day(parse_day(value))
        return parse_time(value)
    except (ArithmeticError, ValueError):
        return None


def joined(old: Contract | None, new: Contract) -> Contract:
    """Give the contract after two readings of it, whichever came first."""
    if old is None:
        return new
    late: Stamp = (new.at, new.seq)
    newest = new if late >= (old.at, old.seq) else old
    priced = max((old, new), key=lambda one: (one.paid > 0, one.paid_at, one.paid_seq, one is new))
    return msgspec.structs.replace(newest, paid=priced.paid, paid_at=priced.paid_at, paid_seq=priced.paid_seq)


def monthly(contracts: Iterable[Contract], now: Micros) -> Number:
    """Give what is paid a month at an instant."""
    total: Number = 0
    for contract in contracts:
        if contract.active(now):
            total = add_exactly(total, contract.paid)
    return total


def last_to_end(contracts: Mapping[str, Contract], now: Micros) -> Contract | None:
    """Give the contract with which service ends or ended; None while one is open, or none was paid."""
    paid = [contract for contract in contracts.values() if contract.paid > 0]
    running = [contract for contract in paid if contract.active(now)]
    if any(contract.until is None for contract in running):
        return None
    return max(running or paid, key=lambda one: (one.until or 0, one.at, one.seq), default=None)


def next_end(contracts: Mapping[str, Contract], after: Micros) -> Micros | None:
    """Give the next instant after which a paid contract no longer runs."""
    first: Micros | None = None
    for one in contracts.values():
        end = one.until if one.paid > 0 else None
        if end is not None and end > after and (first is None or end < first):
            first = end
    return first


def ended(contracts: Mapping[str, Contract], customer: str, after: Micros, to: Micros) -> Iterator[Event]:
    """Give what came of the ends in (after, to], in the order of time."""
    end = next_end(contracts, after)
    while end is not None and end <= to:
        before, left = monthly(contracts.values(), end - 1), monthly(contracts.values(), end)
        over = [(name, one) for name, one in contracts.items() if one.paid > 0 and one.until == end]
        if left == 0:
            yield _derived("churned", customer, end, end, over[-1], before, left)
        else:
            for ending in sorted(over, key=lambda pair: pair[0]):
                yield _derived("contracted", customer, end, end, ending, ending[1].paid, left)
        end = next_end(contracts, end)


def moved(
    before: Mapping[str, Contract], after: Mapping[str, Contract], name: str, customer: str, event: Event
) -> Iterator[Event]:
    """Give what a contract event means, both states being seen at the instant it was received."""
    now, old, new = event.received_at, before.get(name), after[name]
    had, has = monthly(before.values(), now), monthly(after.values(), now)

    def tell(what: str, amount: Number) -> Event:
        return _derived(what, customer, event.occurred_at, now, (name, new), amount, has, event.message_id)

    if had and not has:
        yield tell("churned", had)
    elif has and not had:
        if any(one.paid > 0 for one in before.values()):
            yield tell("reactivated", has)
    elif has != had:
        yield tell("expanded" if has > had else "contracted", _apart(has, had))
    if old is not None and old.active(now) and new.active(now):
        if old.until is None and new.until is not None:
            yield tell("cancel_requested", new.paid)
        elif old.until is not None and new.until is None:
            yield tell("cancel_undone", new.paid)


def _apart(left: Number, right: Number) -> Number:
    difference = add_exactly(left, -right)
    return difference if difference > 0 else -difference


def _derived(
    name: str,
    customer: str,
    occurred: Micros,
    received: Micros,
    contract: tuple[str, Contract],
    amount: Number,
    mrr: Number,
    cause: str = "",
) -> Event:
    identifier, terms = contract
    properties: dict[str, Any] = {
        "subscription": identifier.lstrip("\x00"),
        "amount": amount,
        "mrr": mrr,
        "voluntary": terms.reason is None or snake(terms.reason) not in INVOLUNTARY,
        "reason": terms.reason,
        "source": terms.source,
    }
    if terms.until is not None:
        properties["ends"] = moment_of(terms.until).isoformat().replace("+00:00", "Z")
    told = "\x00".join((customer, name, identifier, str(occurred), cause))
    return Event(
        source=SOURCE,
        message_id=hashlib.sha256(told.encode()).hexdigest(),
        customer=customer,
        name=name,
        occurred_at=occurred,
        received_at=received,
        properties=properties,
        cause="engine",
    )
