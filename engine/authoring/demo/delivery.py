"""How what happened reaches the door: a little later, sometimes much later, twice, or out of order."""

from __future__ import annotations

import random
from collections.abc import Iterable
from typing import Any

import msgspec

from engine.authoring.demo.calendar import iso
from engine.model.values import DAY, HOUR, MINUTE, SECOND, Micros

DOUBLED = 0.015
LATE = 0.01
STALE = 0.003
SKEWED = 0.003
"""Shares of deliveries: any may come twice; usage may come hours or days late, or from a sender whose
clock is an hour wrong (`sent_at` then shows by how much)."""


class Happening(msgspec.Struct, frozen=True, kw_only=True):
    """Something a customer did. `delay` is until it is received, `again` until it is received once more;
    None leaves both to chance."""

    at: Micros
    event: str
    properties: dict[str, Any]
    customer: str | None = None
    anonymous: str | None = None
    account: str | None = None
    delay: Micros | None = None
    again: Micros | None = None


class RawDelivery(msgspec.Struct, frozen=True):
    """A JSON object as a client sends it to `POST /v1/events`, and when it is received."""

    received_at: Micros
    body: dict[str, Any]


def deliver(happenings: Iterable[Happening], until: Micros, rng: random.Random) -> tuple[RawDelivery, ...]:
    """Give what is received before `until`, in that order. A delivery that comes twice is the same body."""
    ordered = sorted(happenings, key=lambda happening: happening.at)
    deliveries: list[RawDelivery] = []
    for number, happening in enumerate(ordered, 1):
        received = happening.at + (_delay(happening, rng) if happening.delay is None else happening.delay)
        body = _body(happening, f"d{number:06d}")
        if happening.event == "usage" and rng.random() < SKEWED:
            _set_clock(body, happening.at, received, rng.choice((-HOUR, HOUR)))
        deliveries.append(RawDelivery(received, body))
        again = happening.again
        if again is None and rng.random() < DOUBLED:
            again = rng.randrange(1, 360) * MINUTE
        if again is not None:
            deliveries.append(RawDelivery(received + again, body))
    deliveries.sort(key=lambda delivery: delivery.received_at)
    return tuple(delivery for delivery in deliveries if delivery.received_at < until)


def _delay(happening: Happening, rng: random.Random) -> Micros:
    if happening.event == "usage":
        chance = rng.random()
        if chance < STALE:
            return DAY + rng.randrange(2, 26) * HOUR
        if chance < STALE + LATE:
            return rng.randrange(2, 20) * HOUR
    return rng.randrange(1, 60) * SECOND


def _body(happening: Happening, message_id: str) -> dict[str, Any]:
    body: dict[str, Any] = {"id": message_id, "event": happening.event, "at": iso(happening.at)}
    if happening.customer is not None:
        body["customer"] = happening.customer
    if happening.anonymous is not None:
        body["anonymous_id"] = happening.anonymous
    if happening.account is not None:
        body["account"] = happening.account
    body["properties"] = happening.properties
    return body


def _set_clock(body: dict[str, Any], at: Micros, sent: Micros, error: Micros) -> None:
    body["at"] = iso(at + error)
    body["sent_at"] = iso(sent + error)
