"""What customers do because of a message: the effect that is planted, so that holdouts can find it.

A message that arrives may bring an answer on one of the next days; who is held out gets no message and so
gives none. The lot is drawn from the seed, the run and the message: the same in every process.
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from typing import Any

import msgspec

from engine.authoring.demo.calendar import iso
from engine.authoring.demo.delivery import RawDelivery
from engine.authoring.demo.onboarding import STEPS
from engine.model.values import DAY, HOUR, MINUTE, Micros

BUYS: Mapping[str, float] = {"cart-reminder": 0.5, "cart-offer": 0.25}
"""Messages after which a left cart is bought, and by how many of those who read them."""

GOES_ON: Mapping[str, float] = {"onboarding-guide": 0.45, "onboarding-together": 0.3}
"""Messages after which the next step is done."""

PUTS_OFF: Mapping[str, float] = {"champion-preview": 0.9}
"""Messages that make readers buy nothing for a while: they wait for what they were told of."""

PUT_OFF_FOR = 45 * DAY
SHOPPING = frozenset(("cart_updated", "cart_emptied", "order_completed", "order_delivered"))


class Read(msgspec.Struct, frozen=True, kw_only=True):
    """A message as it arrived. `event` is what triggered its run."""

    customer: str
    run: str
    message: str
    at: Micros
    event: Mapping[str, Any] = {}


class Responses:
    """What readers do, by seed; it remembers steps done, carts bought, and who is put off."""

    def __init__(self, seed: int) -> None:
        self.seed = seed
        self._steps: dict[str, int] = {}
        self._put_off: dict[str, Micros] = {}
        self._bought: set[str] = set()

    def comes(self, delivery: RawDelivery) -> bool:
        """Tell whether something comes about as it was told: not what somebody does who is put off."""
        body = delivery.body
        customer, event = body.get("customer"), body["event"]
        if customer is None:
            return True
        if event == "onboarding_step_done":
            self._steps[customer] = self._steps.get(customer, 0) + 1
        return event not in SHOPPING or delivery.received_at >= self._put_off.get(customer, 0)

    def to(self, read: Read) -> list[RawDelivery]:
        """Give what a reader does because of a message, on the next day at the earliest."""
        rng = random.Random(f"{self.seed}/{read.run}/{read.message}")
        lot = rng.random()
        at = read.at - read.at % DAY + DAY + rng.randrange(8 * 60, 40 * 60) * MINUTE
        if lot < PUTS_OFF.get(read.message, 0):
            self._put_off[read.customer] = read.at + PUT_OFF_FOR
        elif lot < BUYS.get(read.message, 0) and read.event.get("cart_id") not in {None, *self._bought}:
            return [self._order(read, at)]
        elif lot < GOES_ON.get(read.message, 0) and self._steps.get(read.customer, 0) < len(STEPS):
            step = STEPS[self._steps.get(read.customer, 0)]
            return [_did(read, at + HOUR, "onboarding_step_done", {"step": step})]
        return []

    def _order(self, read: Read, at: Micros) -> RawDelivery:
        cart = str(read.event["cart_id"])
        self._bought.add(cart)
        properties = {"order_id": f"{cart}-r", "cart_id": cart, "total": float(read.event.get("total", 40))}
        return _did(read, at, "order_completed", properties)


def _did(read: Read, at: Micros, event: str, properties: dict[str, Any]) -> RawDelivery:
    body = {
        "id": f"r-{read.run}-{read.message}", "event": event, "at": iso(at), "customer": read.customer,
        "properties": properties,
    }  # fmt: skip
    return RawDelivery(at, body)
