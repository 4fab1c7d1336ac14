"""Five thousand recorded events: late, doubled, unordered, from three zones, over two clock changes."""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Iterator
from typing import Any

import msgspec

from engine.model.values import DAY, HOUR, MINUTE, SECOND, Micros

FIRST = int(dt.datetime(2026, 3, 2, tzinfo=dt.UTC).timestamp()) * SECOND
DAYS = 34
"""New York changes its clocks on 8 March, Berlin on 29 March; Tokyo never does."""
CUSTOMERS = 45
EVENTS = 5000
ZONES = ("America/New_York", "Europe/Berlin", "Asia/Tokyo")


class Sending(msgspec.Struct, frozen=True):
    """One event as a client sends it, at the instant it reaches the door."""

    received_at: Micros
    raw: dict[str, Any]


def record(seed: int) -> list[Sending]:
    """Give the events in the order in which they are received; equal seeds give equal events."""
    chance = random.Random(seed)
    sent: list[Sending] = []
    for number in range(CUSTOMERS):
        customer = f"c{number:03}"
        traits = {
            "email": f"{customer}@example.com",
            "timezone": ZONES[number % 3],
            "marketing_email": number % 7 != 0,
            "plan": chance.choice(("free", "team", "enterprise")),
            "owner": "owner@example.com",
            "renewal_date": str(dt.date(2026, 4, 1) + dt.timedelta(days=chance.randrange(120))),
        }
        at = FIRST + chance.randrange(DAY)
        sent.append(_sending(chance, at, customer, "identify", f"{customer}-who", traits, prompt=True))
    number = 0
    while len(sent) < EVENTS:
        number += 1
        customer = f"c{chance.randrange(CUSTOMERS):03}"
        at = FIRST + DAY + chance.randrange((DAYS - 2) * DAY)
        name, properties = _happening(chance, customer, number)
        one = _sending(chance, at, customer, name, f"m{number}", properties)
        sent.append(one)
        if chance.random() < 0.03 and len(sent) < EVENTS:
            sent.append(Sending(one.received_at + chance.randrange(6 * HOUR), one.raw))
    return sorted(sent, key=lambda one: one.received_at)


def _happening(chance: random.Random, customer: str, number: int) -> tuple[str, dict[str, Any]]:
    kind = chance.random()
    if kind < 0.55:
        return "usage", {"minutes": chance.randrange(1, 90)}
    if kind < 0.70:
        return "cart_updated", {
            "cart_id": f"{customer}-k{chance.randrange(4)}",
            "total": chance.randrange(200),
        }
    if kind < 0.82:
        cart = f"{customer}-k{chance.randrange(4)}"
        total = chance.randrange(1, 40_000) / 100
        return "order_completed", {"order_id": f"o{number}", "cart_id": cart, "total": total}
    if kind < 0.92:
        return "survey_answered", {"ticket_id": f"t{number}", "score": chance.randrange(1, 6)}
    if kind < 0.96:
        return "identify", {
            "plan": chance.choice(("free", "team")),
            "owner": chance.choice(("a@x.io", "b@x.io")),
        }
    ends = chance.choice((None, "2026-03-25T00:00:00+01:00", "2026-06-30"))
    paid = chance.choice((0, 50, 80))
    contract = {"subscription_id": f"{customer}-s", "mrr": paid, "ends_at": ends, "reason": "price"}
    return "subscription_updated", contract


def _sending(
    chance: random.Random,
    at: Micros,
    customer: str,
    name: str,
    message: str,
    properties: dict[str, Any],
    *,
    prompt: bool = False,
) -> Sending:
    """Let an event be received a little later, sometimes hours or days later, and so out of order."""
    luck = chance.random()
    delay = chance.randrange(5 * SECOND)
    if not prompt and luck < 0.10:
        delay = chance.randrange(10 * HOUR)
    elif not prompt and luck < 0.13:
        delay = chance.randrange(4 * DAY)
    offset = dt.timezone(dt.timedelta(hours=chance.choice((-5, 0, 9))))
    shown = dt.datetime.fromtimestamp(at / SECOND, offset).isoformat()
    raw = {
        "source": "crm",
        "id": message,
        "customer": customer,
        "event": name,
        "at": shown,
        "properties": properties,
    }
    return Sending(min(at + delay, FIRST + DAYS * DAY - MINUTE), raw)


def requests(sent: list[Sending], chance: random.Random) -> Iterator[tuple[Micros, list[dict[str, Any]]]]:
    """Cut the events into requests, each received at one instant: that of its last event."""
    start = 0
    while start < len(sent):
        end = min(len(sent), start + chance.choice((1, 1, 2, 5, 20, 60)))
        yield sent[end - 1].received_at, [one.raw for one in sent[start:end]]
        start = end
