"""A small shop with one of everything that must outlive a crash, and two thousand events of its customers."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from engine.customers.zones import moment_of
from engine.model.values import MINUTE, SECOND, Micros

START: Micros = 1_767_656_400_000_000
"""2026-01-05 23:40 UTC, a Monday."""
MINUTES = 40
"""How long the events take on the virtual clock; a midnight is among them."""
EVENTS, CUSTOMERS, REQUEST = 2000, 60, 50

FILES = {
    "holdfast.yaml": """
name: Test shop
timezone: UTC
people:
  desk: {email: desk@example.com}
""",
    "rules/facts.yaml": """
facts:
  marketing_email: {type: boolean, protected: yes}
  busy: {type: boolean}
  orders: {count: order_completed}
  spend: {sum: total, of: order_completed, over: 28d}
  minutes: {sum: minutes, of: usage, over: 7d}
rfm: {of: order_completed, value: total, over: 365d}
""",
    "rules/policy.yaml": """
policy:
  consent: {email: marketing_email}
""",
    "rules/rewards.yaml": """
program: rewards
owner: shop
earn:
  - {when: order_completed, points: event.total}
tiers: {bronze: {from: 0}, silver: {from: 500}}
period: 12 months
downgrade: one_down
""",
    "rules/desk.yaml": """
ladder: desk
owner: shop
levels:
  - {tell: desk, within: 10m}
  - {tell: desk, within: 10m}
""",
    "rules/spender.yaml": """
segment: spender
owner: shop
enter_if: customer.spend >= 400
""",
    "rules/best.yaml": """
rule: best
owner: shop
description: Reward who has spent most, as the base stands at midnight.
status: live
when: {schedule: daily at 00:10}
if: customer.rfm_m >= 4
then:
  - do: points.grant
    with: {points: 5}
""",
    "rules/big-order.yaml": """
rule: big-order
owner: shop
description: Thank for a big order.
status: live
when: {event: order_completed}
if: event.total >= 100
then:
  - run: thank-you
    with: {total: =event.total}
""",
    "rules/busy.yaml": """
rule: busy
owner: shop
description: Note who uses the shop a lot.
status: live
when: {event: usage}
if: customer.minutes >= 300
then:
  - do: customer.set
    with: {busy: true}
""",
    "rules/cart-left.yaml": """
rule: cart-left
owner: shop
description: Somebody left a cart behind.
status: live
when: {event: cart_updated, without: order_completed, for: 2m, key: cart_id}
then:
  - run: cart-recovery
""",
    "rules/rounds.yaml": """
rule: rounds
owner: shop
description: Look at every buyer each quarter of an hour.
status: live
when: {schedule: every 15m}
if: customer.orders >= 1
then:
  - do: points.grant
    with: {points: 1}
""",
    "rules/spender-entered.yaml": """
rule: spender-entered
owner: shop
description: Note who has spent a lot.
status: live
when: {enters: spender}
then:
  - do: case.open
    with: {ladder: desk, title: A big spender}
""",
    "workflows/thank-you.yaml": """
workflow: thank-you
owner: shop
class: service
description: Thank for an order, give points, and ask once the parcel is there.
needs: {total: number}
key: event.order_id
reentry: always
steps:
  - do: points.grant
    with: {points: 10, expires: 365d, reason: a big order}
  - do: email.send
    with: {message: thanks, total: =input.total}
  - wait_for: parcel_arrived
    match: order_id
    up_to: 20m
    as: parcel
  - if: run.parcel.timed_out == false
    then:
      - do: email.send
        with: {message: ask, total: =input.total}
  - wait: 5m
  - do: event.emit
    with: {event: thanked}
""",
    "workflows/cart-recovery.yaml": """
workflow: cart-recovery
owner: shop
class: marketing
description: Remind of a cart, twice.
key: event.cart_id
reentry: always
holdout: 10%
stop_when: [{event: order_completed, match: cart_id}]
steps:
  - do: email.send
    with: {message: reminder}
  - wait: 30m
  - do: email.send
    with: {message: reminder}
""",
    "workflows/messages/thanks.md": """---
subject: Thank you
channel: email
---
Thank you for {{ total }}.
""",
    "workflows/messages/ask.md": """---
subject: How is it?
channel: email
---
You have had {{ total }} worth of it for a while.
""",
    "workflows/messages/reminder.md": """---
subject: Your cart
channel: email
---
Your cart is waiting. [Unsubscribe]({{ unsubscribe_url }})
""",
}


class Request(msgspec.Struct, frozen=True):
    """Events that a client posts together, at an instant of the virtual clock."""

    at: Micros
    events: list[dict[str, Any]]


def lay_out(folder: Path, files: dict[str, str] | None = None) -> Path:
    """Write the workspace into a folder; `files` stand in for some of its own."""
    for name, text in (FILES | (files or {})).items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text.lstrip())
    return folder


def database_of(folder: Path) -> str:
    """Give the database's URL."""
    return f"sqlite:///{folder / 'holdfast.db'}"


def event(at: Micros, name: str, customer: str, id: str, **properties: Any) -> dict[str, Any]:
    """Give an event as a client sends it."""
    return {
        "source": "shop",
        "id": id,
        "customer": customer,
        "event": name,
        "at": moment_of(at).isoformat(),
        "properties": properties,
    }


def arrival(at: Micros, customer: str) -> dict[str, Any]:
    """Give the event by which a customer becomes known, can be written to, and has agreed to it."""
    traits = {"email": f"{customer}@example.com", "marketing_email": True}
    return event(at, "identify", customer, f"{customer}-who", **traits)


def requests(seed: int) -> list[Request]:
    """Give the shop's events, cut into requests; equal seeds give equal events.

    What ends or answers a run comes minutes before or after any instant at which the run acts, so
    that an effect sent some minutes late, by its lease, comes to the same.
    """
    chance = random.Random(seed)
    names = [f"c{number:02}" for number in range(CUSTOMERS)]
    told = [(START + number * SECOND, arrival(START, name)) for number, name in enumerate(names)]
    while len(told) < EVENTS:
        at = START + MINUTE + chance.randrange((MINUTES - 1) * MINUTE)
        told.extend(_happening(chance, at, chance.choice(names), len(told)))
    told = sorted(told[:EVENTS], key=lambda each: each[0])
    return [_request(told[start : start + REQUEST]) for start in range(0, EVENTS, REQUEST)]


def _request(told: list[tuple[Micros, dict[str, Any]]]) -> Request:
    return Request(told[-1][0] // MINUTE * MINUTE + MINUTE, [each for _, each in told])


def _happening(
    chance: random.Random, at: Micros, customer: str, number: int
) -> Iterator[tuple[Micros, dict[str, Any]]]:
    kind = chance.random()
    if kind < 0.70:
        yield at, event(at, "usage", customer, f"u{number}", minutes=chance.randrange(1, 40))
        return
    order, cart = f"o{number}", f"k{number}"
    total = chance.randrange(2_000, 20_000) / 100
    if kind < 0.85:
        yield at, event(at, "order_completed", customer, order, order_id=order, total=total)
        if chance.random() < 0.5:
            there = at + chance.randrange(6, 10) * MINUTE
            yield there, event(there, "parcel_arrived", customer, f"p{number}", order_id=order)
        return
    yield at, event(at, "cart_updated", customer, cart, cart_id=cart, total=total)
    if chance.random() < 0.6:
        bought = at + chance.choice((30 * SECOND, 12 * MINUTE, 15 * MINUTE))
        bill = {"order_id": order, "cart_id": cart, "total": total}
        yield bought, event(bought, "order_completed", customer, order, **bill)
