"""A market with one of every effect, whose waits are seconds: the workspace under the heaviest tests."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any, Literal

import msgspec

from engine.model.values import SECOND, Micros
from tests.crash.shop import arrival, event

SOURCE = "shop"
CAP = 400
"""So many coupons of 1.00 EUR fit the budget of a month."""

FILES = {
    "holdfast.yaml": """
name: Market
timezone: UTC
currency: EUR
people:
  desk: {email: desk@example.com}
connectors:
  webhooks:
    sink: {url: "SINK", hosts: ["127.0.0.1"]}
    once: {url: "SINK", hosts: ["127.0.0.1"], delivery: at_most_once}
""",
    "rules/facts.yaml": """
facts:
  orders: {count: order_placed}
  spend: {sum: total, of: order_placed, over: 28d}
rfm: {of: order_placed, value: total, over: 365d}
""",
    "rules/policy.yaml": """
policy:
  budgets: {coupons: {of: coupon.issue, at_most: CAP.00 EUR per month}}
""",
    "rules/rewards.yaml": """
program: rewards
owner: shop
earn:
  - {when: order_placed, points: event.total}
tiers: {bronze: {from: 0}, silver: {from: 500}}
period: 12 months
downgrade: one_down
""",
    "rules/desk.yaml": """
ladder: desk
owner: shop
levels:
  - {tell: desk, within: 6h}
""",
    "rules/served.yaml": """
segment: served
owner: shop
static: yes
""",
    "rules/placed.yaml": """
rule: placed
owner: shop
description: Fulfil an order.
status: live
when: {event: order_placed}
then:
  - run: fulfil
    with: {order_id: =event.order_id, referrer: =event.referrer}
""",
    "rules/fulfilled.yaml": """
rule: fulfilled
owner: shop
description: Thank for an order that was fulfilled.
status: live
when: {event: fulfilled}
then:
  - do: points.grant
    with: {points: 2}
""",
    "rules/referred.yaml": """
rule: referred
owner: shop
description: Thank who has brought a customer.
status: live
when: {event: referral}
then:
  - do: points.grant
    with: {points: 1}
""",
    "rules/cart-left.yaml": """
rule: cart-left
owner: shop
description: Somebody left a cart behind.
status: live
when: {event: cart_updated, without: order_placed, for: 2s, key: cart_id}
then:
  - run: remind
""",
    "rules/asked.yaml": """
rule: asked
owner: shop
description: Let a person decide.
status: live
when: {event: question_raised}
then:
  - run: consult
""",
    "rules/alerted.yaml": """
rule: alerted
owner: shop
description: Raise an alarm, rather never than twice.
status: live
when: {event: alert_raised}
then:
  - run: alarm
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
    "workflows/fulfil.yaml": """
workflow: fulfil
owner: shop
class: service
description: Everything that an order brings with it.
needs: {order_id: text, referrer: text}
key: event.order_id
reentry: always
goal: {event: order_reviewed, within: 1h, where: event.order_id == input.order_id}
stop_when: [{event: order_cancelled, match: order_id}]
steps:
  - do: points.grant
    with: {points: 10, expires: 365d}
  - do: webhook.call
    with: {webhook: sink, body: {order: =input.order_id}}
    retry: 20 times from 1s
  - wait: 1s
  - wait_for: parcel_arrived
    match: order_id
    up_to: 2s
    as: parcel
  - if: run.parcel.timed_out == false
    then:
      - do: points.grant
        with: {points: 3}
  - do: coupon.issue
    with: {percent: 10, worth: 1.00 EUR, expires: 5d}
    as: coupon
  - do: case.open
    with: {ladder: desk, title: An order}
  - do: segment.add
    with: {segment: served}
  - do: event.emit
    with: {event: referral, customer: =input.referrer}
  - do: event.emit
    with: {event: fulfilled}
  - do: webhook.call
    with: {webhook: sink}
    retry: 20 times from 1s
""",
    "workflows/remind.yaml": """
workflow: remind
owner: shop
class: service
description: Remind of a cart.
key: event.cart_id
reentry: always
steps:
  - do: webhook.call
    with: {webhook: sink}
    retry: 20 times from 1s
""",
    "workflows/alarm.yaml": """
workflow: alarm
owner: shop
class: service
description: Raise an alarm, rather never than twice.
key: event.alert_id
reentry: always
steps:
  - do: webhook.call
    with: {webhook: once}
""",
    "workflows/consult.yaml": """
workflow: consult
owner: shop
class: service
description: Let a person decide.
key: event.question_id
reentry: always
steps:
  - ask: {who: desk, question: Call them?, choices: [call, leave], up_to: 1h, else: leave}
    as: answer
  - if: run.answer.choice == 'call'
    then:
      - do: points.grant
        with: {points: 5}
  - do: webhook.call
    with: {webhook: sink}
""",
}

Kind = Literal[
    "plain", "early", "racing", "late", "cancelled", "recalled", "reviewed", "left", "bought", "alert"
]
"""What becomes of an order: its parcel never comes, comes with it, about when nobody waits any more, or
long after; it is cancelled with it, or about when the run ends; it is reviewed. A cart is left behind, or
bought at once. An alert goes out at most once."""

KINDS: dict[Kind, int] = {
    "plain": 2, "early": 3, "racing": 4, "late": 2, "cancelled": 2, "recalled": 3, "reviewed": 1, "left": 3,
    "bought": 1, "alert": 1,
}  # fmt: skip
"""How often each comes, of all together."""


class Order(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that a customer does: `first` is posted together and in order, `after` so many
    microseconds later."""

    id: str
    kind: Kind
    customer: str
    referrer: str
    at: Micros
    total: int

    @property
    def first(self) -> list[dict[str, Any]]:
        """Give the events that come at once."""
        placed = self._event(
            0, "order_placed", order_id=self.id, cart_id=self.id, referrer=self.referrer, total=self.total
        )
        cart = self._event(0, "cart_updated", cart_id=self.id)
        if self.kind == "early":
            return [placed, self._event(1000, "parcel_arrived", order_id=self.id)]
        if self.kind == "cancelled":
            return [placed, self._event(1000, "order_cancelled", order_id=self.id)]
        if self.kind == "reviewed":
            return [placed, self._event(1000, "order_reviewed", order_id=self.id)]
        if self.kind == "left":
            return [cart]
        if self.kind == "bought":
            return [cart, placed]
        if self.kind == "alert":
            return [self._event(0, "alert_raised", alert_id=self.id)]
        return [placed]

    @property
    def after(self) -> tuple[Micros, dict[str, Any]] | None:
        """Give the event that comes later, if one does; of a late order, once everything is done."""
        if self.kind == "racing":
            return 3 * SECOND, self._event(3 * SECOND, "parcel_arrived", order_id=self.id)
        if self.kind == "late":
            return 3600 * SECOND, self._event(2 * SECOND, "parcel_arrived", order_id=self.id)
        if self.kind == "recalled":
            return 3 * SECOND, self._event(3 * SECOND, "order_cancelled", order_id=self.id)
        return None

    def _event(self, later: Micros, name: str, **properties: Any) -> dict[str, Any]:
        return event(self.at + later, name, self.customer, f"{self.id}-{name}", **properties)


def draw(chance: random.Random, number: int, customers: int, at: Micros) -> Order:
    """Give the next order: equal chances give equal orders."""
    return Order(
        id=f"o{number}",
        kind=chance.choices(list(KINDS), list(KINDS.values()))[0],
        customer=f"c{chance.randrange(customers):03}",
        referrer=f"c{chance.randrange(customers):03}",
        at=at,
        total=chance.randrange(1, 20),
    )


def arrivals(at: Micros, customers: int) -> list[dict[str, Any]]:
    """Give the events by which the customers become known."""
    return [arrival(at, f"c{number:03}") for number in range(customers)]


def lay_out_market(folder: Path, sink: str, files: dict[str, str] | None = None) -> Path:
    """Write the workspace, its webhooks going to the address `sink`."""
    for name, text in (FILES | (files or {})).items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text.lstrip().replace("SINK", sink).replace("CAP.00", f"{CAP}.00"))
    return folder
