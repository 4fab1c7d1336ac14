"""The truth of a demo base: what must be found in it, and what must be left alone."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Literal

import msgspec

from engine.authoring.demo.delivery import Happening, RawDelivery
from engine.model.values import Micros

FAMILIES: Mapping[str, str] = {
    "usage-drop": "usage_drop",
    "low-csat-ticket": "low_csat",
    "low-csat-account": "low_csat",
    "cart-abandoned": "cart_abandonment",
    "renewal-due": "renewal",
    "cancel-requested": "churn",
    "churned": "churn",
    "payment-failed": "churn",
    "do-not-contact": "churn",
}
"""The families under which rules are told together, each beside its own name."""

VOLUMES = ("usage_drop_50", "usage_drop_10", "usage_drop_2")
"""A fall in usage is told by how much was used a week: a small volume is mostly chance."""

SCORED = (*VOLUMES, *dict.fromkeys(family for family in FAMILIES.values() if family != "usage_drop"))
"""What is told of every base, planted or not; each rule under its own name comes after these."""


class Planted(msgspec.Struct, frozen=True, kw_only=True):
    """A case: `rule` must fire for the customer (or, innocent, must not) from `at` to `within`.

    `trigger` is the name under which it is told.
    """

    trigger: str
    rule: str
    customer: str
    at: Micros
    within: Micros
    expect: Literal["fire", "innocent"]


class Story(msgspec.Struct, frozen=True):
    """What happened in one part of the base, and what of it is planted; both lists grow as it is told."""

    happenings: list[Happening]
    planted: list[Planted]

    def tell(self, customer: str, event: str, at: Micros, **properties: Any) -> None:
        """Tell that a customer did something."""
        self.happenings.append(Happening(customer=customer, event=event, at=at, properties=properties))

    def fires(self, rule: str, customer: str, at: Micros, within: Micros, trigger: str | None = None) -> None:
        """Plant a case that must be found."""
        self._plant(rule, customer, at, within, trigger, "fire")

    def spares(
        self, rule: str, customer: str, at: Micros, within: Micros, trigger: str | None = None
    ) -> None:
        """Plant an innocent."""
        self._plant(rule, customer, at, within, trigger, "innocent")

    def _plant(
        self,
        rule: str,
        customer: str,
        at: Micros,
        within: Micros,
        trigger: str | None,
        expect: Literal["fire", "innocent"],
    ) -> None:
        name = trigger or named(rule)
        self.planted.append(
            Planted(trigger=name, rule=rule, customer=customer, at=at, within=within, expect=expect)
        )


class Demo(msgspec.Struct, frozen=True, kw_only=True):
    """A base: its deliveries in the order in which they are received, and the truth about them.

    `customers` counts persons and accounts; `zones` are where they live; `readers` do something because of
    messages, all others what they would do anyway, so that what is planted about them stays true. `end` is
    the first instant after the demo.
    """

    seed: int
    start: Micros
    end: Micros
    days: int
    customers: int
    zones: tuple[str, ...]
    readers: frozenset[str] = frozenset()
    events: tuple[RawDelivery, ...]
    planted: tuple[Planted, ...]


def named(rule: str) -> str:
    """Give the name under which a rule's cases are told."""
    return rule.replace("-", "_")


def within_days(cases: Iterable[Planted], end: Micros) -> list[Planted]:
    """Give the cases that can be seen by an instant: innocents as far as they go, the others whole."""
    seen = []
    for case in cases:
        if case.within <= end:
            seen.append(case)
        elif case.expect == "innocent" and case.at < end:
            seen.append(msgspec.structs.replace(case, within=end))
    return seen
