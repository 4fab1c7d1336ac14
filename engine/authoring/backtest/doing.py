"""Doing: what the runs of a backtest would have done: messages, coupons and points, by workflow."""

from __future__ import annotations

from collections import Counter
from decimal import Decimal

import msgspec

from engine.model.reasons import StepOutcome
from engine.model.values import Money
from engine.runs.changes import Changes

_NOT_DONE = frozenset((StepOutcome.HELD_OUT, StepOutcome.SKIPPED, StepOutcome.CANCELLED))


class Done(msgspec.Struct, frozen=True):
    """What would have left the house. Nothing was held back by a person or a provider.

    `messages` by "workflow / message"; `held_back` by "workflow / action: outcome (reason)" what would not
    have gone out: of those held out, and of those whom the contact policy spares. `coupons` what those
    issued are worth by currency; `points` how many were granted by runs and rules.
    """

    messages: dict[str, int] = {}
    held_back: dict[str, int] = {}
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
    return Done(dict(sorted(messages.items())), _held_back(changes), coupons, points)


def _held_back(changes: Changes) -> dict[str, int]:
    found: Counter[str] = Counter()
    for attempt in changes.attempts:
        run = changes.runs.get(attempt.run)
        if attempt.outcome not in _NOT_DONE or run is None or "action" not in attempt.detail:
            continue
        reason = f" ({attempt.reason})" if attempt.reason else ""
        outcome = attempt.outcome.value.replace("_", " ")
        found[f"{run.workflow} / {attempt.detail['action']}: {outcome}{reason}"] += 1
    return dict(sorted(found.items()))
