"""The truth of a demo base: what must be found in it, and what must be left alone."""

from __future__ import annotations

from typing import Literal

import msgspec

from engine.authoring.demo.delivery import Happening, RawDelivery
from engine.model.values import Micros

Trigger = Literal[
    "usage_drop_50",
    "usage_drop_10",
    "usage_drop_2",
    "low_csat",
    "cart_abandonment",
    "renewal",
    "churn",
    "quiet",
]
TRIGGERS: tuple[Trigger, ...] = (
    "usage_drop_50",
    "usage_drop_10",
    "usage_drop_2",
    "low_csat",
    "cart_abandonment",
    "renewal",
    "churn",
    "quiet",
)


class Planted(msgspec.Struct, frozen=True, kw_only=True):
    """A case: `rule` must fire for the customer (or, innocent, must not) from `at` to `within`."""

    trigger: Trigger
    rule: str
    customer: str
    at: Micros
    within: Micros
    expect: Literal["fire", "innocent"]


class Story(msgspec.Struct, frozen=True):
    """What happened in one part of the base, and what of it is planted; both lists grow as it is told."""

    happenings: list[Happening]
    planted: list[Planted]

    def fires(self, trigger: Trigger, rule: str, customer: str, at: Micros, within: Micros) -> None:
        """Plant a case that must be found."""
        self.planted.append(
            Planted(trigger=trigger, rule=rule, customer=customer, at=at, within=within, expect="fire")
        )

    def spares(self, trigger: Trigger, rule: str, customer: str, at: Micros, within: Micros) -> None:
        """Plant an innocent."""
        self.planted.append(
            Planted(trigger=trigger, rule=rule, customer=customer, at=at, within=within, expect="innocent")
        )


class Demo(msgspec.Struct, frozen=True, kw_only=True):
    """A base: its deliveries in the order in which they are received, and the truth about them.

    `customers` counts persons and accounts; `zones` are where they live. `end` is the first instant
    after the demo.
    """

    seed: int
    start: Micros
    end: Micros
    days: int
    customers: int
    zones: tuple[str, ...]
    events: tuple[RawDelivery, ...]
    planted: tuple[Planted, ...]
