"""Doing: what the runs of a backtest would have done: messages, coupons and points, by workflow."""

from __future__ import annotations

from collections import Counter
from decimal import Decimal

import msgspec

from engine.model.values import Money
from engine.runs.changes import Changes


class Done(msgspec.Struct, frozen=True):
    """What would have left the house. Nothing was held back by a person or a provider.

    `messages` by "workflow / message", `coupons` what those issued are worth by currency, `points` how
    many were granted by runs and rules.
    """

    messages: dict[str, int] = {}
    coupons: dict[str, Decimal] = {}
    points: int = 0


def done(changes: Changes) -> Done:
    """Add up what came about in a simulation in which everything arrives."""
    messages: Counter[str] = Counter()
    points = 0
    for event in changes.events:
        if event.name == "message_sent":
            messages[f"{event.properties.get('workflow')} / {event.properties.get('message')}"] += 1
        elif event.name == "points_granted":
            points += int(event.properties.get("points") or 0)
    worths = [Money.parse(coupon.worth) for coupon in changes.coupons if coupon.worth is not None]
    coupons: dict[str, Decimal] = {}
    for worth in worths:
        coupons[worth.currency] = coupons.get(worth.currency, Decimal(0)) + worth.amount
    return Done(dict(sorted(messages.items())), coupons, points)
