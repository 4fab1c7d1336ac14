"""Customers' lives as steps: from when on they were worth what, and why a step down came.

A life is made of when things occurred, so that the order in which events were received leaves no
trace in it. What is paid is rounded to cents once for each customer, after all contracts were added
exactly: a yearly price that was divided by twelve costs no cent.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from decimal import ROUND_HALF_UP, Decimal

import msgspec

from engine.customers.contracts import (
    INVOLUNTARY,
    Contracts,
    joined,
    last_to_end,
    monthly,
    read_contract,
)
from engine.customers.event import Event
from engine.customers.normalise import snake
from engine.customers.zones import Zone
from engine.model.facts import Subscriptions
from engine.model.values import Micros

CENTS = Decimal(100)


class Step(msgspec.Struct, frozen=True):
    """From `at` on a customer pays `cents` a month; after a last contract's end, what is known of it."""

    at: Micros
    cents: int
    reason: str | None = None
    source: str | None = None
    requested: Micros | None = None

    @property
    def voluntary(self) -> bool:
        """Tell whether the customer wanted it, as far as the reason says."""
        return self.reason is None or snake(self.reason) not in INVOLUNTARY


Life = Sequence[Step]
"""Steps in the order of time; before the first one nothing was paid."""


def paying_life(events: Iterable[Event], terms: Subscriptions, zone: Zone) -> list[Step]:
    """Give the life of who pays for contracts, from the events of contracts alone."""
    contracts: Contracts = {}
    asked: dict[str, Micros] = {}
    steps: list[Step] = []
    ordered = sorted(
        (one for one in events if one.name == terms.of), key=lambda one: (one.occurred_at, one.seq)
    )
    for number, event in enumerate(ordered):
        read = read_contract(event, terms, zone)
        if read is None:
            continue
        name, contract = read
        contracts[name] = joined(contracts.get(name), contract)
        if contracts[name].until is None:
            asked.pop(name, None)
        else:
            asked.setdefault(name, event.occurred_at)
        until = ordered[number + 1].occurred_at if number + 1 < len(ordered) else None
        ends = {
            one.until for one in contracts.values() if one.until is not None and one.until > event.occurred_at
        }
        for at in [event.occurred_at, *sorted(end for end in ends if until is None or end < until)]:
            _take(steps, _step(contracts, asked, at))
    return steps


def _step(contracts: Contracts, asked: dict[str, Micros], at: Micros) -> Step:
    cents = in_cents(monthly(contracts.values(), at))
    if cents:
        return Step(at, cents)
    last = last_to_end(contracts, at)
    if last is None:
        return Step(at, 0)
    name = next(name for name, one in contracts.items() if one is last)
    return Step(at, 0, last.reason, last.source, asked.get(name))


def _take(steps: list[Step], step: Step) -> None:
    """Keep a step where it changes something; the last one of an instant counts."""
    if steps and steps[-1].at == step.at:
        steps.pop()
    before = steps[-1].cents if steps else 0
    if step.cents != before:
        steps.append(step)


def in_cents(amount: int | Decimal) -> int:
    """Give an amount of money in whole cents, half a cent up."""
    return int((Decimal(amount) * CENTS).quantize(Decimal(1), ROUND_HALF_UP))


def active_life(events: Iterable[Event], names: frozenset[str], within: Micros) -> list[Step]:
    """Give the life of who is a customer for a while after each of some events: steps of 1 and 0."""
    times = sorted(event.occurred_at for event in events if event.name in names)
    steps: list[Step] = []
    for number, at in enumerate(times):
        if not steps or steps[-1].cents == 0:
            steps.append(Step(at, 1))
        lapse = at + within
        if number + 1 == len(times) or times[number + 1] > lapse:
            steps.append(Step(lapse, 0))
    return steps


def before(life: Life, instant: Micros) -> int:
    """Give what was paid just before an instant, in cents."""
    found = bisect_left(life, instant, key=lambda step: step.at)
    return life[found - 1].cents if found else 0


def ever_before(life: Life, instant: Micros) -> bool:
    """Tell whether anything was paid before an instant."""
    return bool(life) and life[0].at < instant


def ends_within(life: Life, start: Micros, end: Micros) -> list[Step]:
    """Give the steps down to nothing in [start, end)."""
    return [step for step in life if step.cents == 0 and start <= step.at < end]


def starts_within(life: Life, start: Micros, end: Micros) -> int:
    """Count the steps up from nothing in [start, end)."""
    worth = before(life, start)
    number = 0
    for step in life:
        if start <= step.at < end:
            number += worth == 0 and step.cents > 0
            worth = step.cents
    return number
