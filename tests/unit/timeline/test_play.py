"""Customers are played each by itself, in the order of their own events and of time."""

from __future__ import annotations

import random

import pytest

from engine.decisions.decision import encode
from tests.virtual_engine import CONSENT, OPT_IN, POLICY, VirtualEngine, instant

FACTS = """
facts:
  orders: {count: order_completed, over: 30d}
  renewal_date: {type: date}
"""
RULES = (
    "rule: many\nwhen: {event: order_completed}\nif: customer.orders >= 3\nat_most: 1 per 7d\n"
    "then:\n  - run: thanks\n",
    "rule: left\nwhen: {event: cart_updated, without: order_completed, for: 2h, key: cart_id}\n"
    "then:\n  - run: thanks\n",
    "rule: quiet\nwhen: {quiet: 3d, of: order_completed}\nthen:\n  - run: thanks\n",
    "rule: daily\nwhen: {schedule: daily at 06:00 in customer time}\nif: customer.orders >= 2\n"
    "then:\n  - do: segment.add\n    with: {segment: listed}\n",
    "rule: dated\nwhen: {date: customer.renewal_date, before: [2d, 1d]}\nthen:\n  - run: thanks\n",
    "segment: listed\nstatic: yes\n",
    "segment: loyal\nenter_if: customer.orders >= 3\nleave_if: customer.orders < 2\nheld_for: 2d\n",
    "workflow: thanks\nclass: marketing\nreentry: after 2d\nholdout: 20%\nstop_when: [cart_updated]\nsteps:\n"
    "  - wait: 5h\n  - do: email.send\n    with: {message: hello}\n",
)
Told = list[tuple[str, str, str, dict[str, object]]]


def happened(seed: int, customers: int = 6, events: int = 120) -> Told:
    """Events (received, customer, name, properties) of two weeks, in the order received."""
    chance = random.Random(seed)
    told: Told = []
    for _ in range(events):
        minute = chance.randrange(14 * 24 * 60)
        received = f"2026-03-{2 + minute // 1440:02} {minute % 1440 // 60:02}:{minute % 60:02}"
        customer = f"c{chance.randrange(customers)}"
        name = chance.choice(["order_completed", "cart_updated", "page_viewed", "identify"])
        properties: dict[str, object] = {"cart_id": chance.choice(["a", "b"])}
        if name == "identify":
            properties = {"renewal_date": f"2026-03-{chance.randrange(3, 20):02}", **OPT_IN}
            properties["timezone"] = chance.choice(["Asia/Tokyo", "America/New_York", "UTC"])
        told.append((received, customer, name, properties))
    return sorted(told, key=lambda one: one[0])


def decided(told: Told, until: str = "2026-03-31 00:00") -> dict[str, list[bytes]]:
    """The bytes of every customer's decisions, in their order."""
    engine = VirtualEngine(CONSENT, FACTS, *RULES, POLICY)
    for number, (received, customer, name, properties) in enumerate(told):
        key = str(properties.get("key", f"{customer}-{received}-{name}-{number}"))
        engine.receive(
            received, name, customer, key=key, **{k: v for k, v in properties.items() if k != "key"}
        )
    engine.until(until)
    found: dict[str, list[bytes]] = {}
    for decision in engine.simulation.changes.decisions:
        found.setdefault(decision.customer, []).append(encode(decision))
    return found


def keyed(told: Told) -> Told:
    """The same events with ids of their own, so that they keep them in another order."""
    return [
        (received, customer, name, {**properties, "key": f"k{number}"})
        for number, (received, customer, name, properties) in enumerate(told)
    ]


@pytest.mark.parametrize("seed", range(3))
def test_a_customers_decisions_rest_on_its_own_events_alone(seed: int) -> None:
    told = keyed(happened(seed))
    together = decided(told)
    assert sum(map(len, together.values())) > 20
    for customer in {one[1] for one in told}:
        alone = decided([one for one in told if one[1] == customer])
        assert alone.get(customer, []) == together.get(customer, [])


def test_the_same_order_gives_the_same_bytes() -> None:
    told = keyed(happened(7))
    assert decided(told) == decided(told)


def test_looking_at_the_clock_more_often_changes_nothing() -> None:
    # given the same events, once played in one go and once with the time advanced in between
    told = keyed(happened(11))
    often = VirtualEngine(CONSENT, FACTS, *RULES, POLICY)
    for received, customer, name, properties in told:
        minute = instant(received) // 60_000_000 % 60
        often.simulation.advance(instant(received) - (minute + 1) * 1_000_000)
        plain = {key: value for key, value in properties.items() if key != "key"}
        often.receive(received, name, customer, key=str(properties["key"]), **plain)
    often.until("2026-03-31 00:00")
    found: dict[str, list[bytes]] = {}
    for decision in often.simulation.changes.decisions:
        found.setdefault(decision.customer, []).append(encode(decision))
    assert found == decided(told)
