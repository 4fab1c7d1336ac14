"""What a program owes its members, and how much of it is never asked for.

Liability = outstanding points x cost of a point x share of points that get redeemed. Breakage is the
share of points that expired, of those whose lots are over. Both come with what they were made of:
how to book them (IFRS 15, ASC 606) is for accountants to say.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

import msgspec

from engine.loyalty.ledger import Account

Sums = Mapping[Account, int]


class Breakage(msgspec.Struct, frozen=True):
    """Of the points of closed lots, those that expired; `share` is None where no lot is closed."""

    expired: int
    points: int
    share: Decimal | None


class Liability(msgspec.Struct, frozen=True, kw_only=True):
    """What is owed in money, and every number that it comes from; None where one is missing.

    `rate_from` tells whether the redemption rate was `written`, or `observed` as what did not expire.
    """

    outstanding: int
    pending: int
    available: int
    reserved: int
    debt: int
    cost_per_point: Decimal | None
    currency: str | None
    redemption_rate: Decimal | None
    rate_from: str | None
    liability: Decimal | None
    reason: str | None
    breakage: Breakage


def breakage(closed: Sums) -> Breakage:
    """Give the share of the points of closed lots that expired."""
    points, expired = -closed.get("issued", 0), closed.get("expired", 0)
    return Breakage(expired, points, Decimal(expired) / points if points else None)


def liability(
    all_lots: Sums,
    closed: Sums,
    cost_per_point: Decimal | None,
    currency: str | None,
    redemption_rate: Decimal | None,
) -> Liability:
    """Give what a program owes: outstanding points x cost of a point x redemption rate.

    Outstanding are pending, available and reserved points. Without a written rate it is 1 less the
    breakage seen so far.
    """
    broken = breakage(closed)
    rate, origin = redemption_rate, "written"
    if rate is None:
        rate, origin = (None, "") if broken.share is None else (1 - broken.share, "observed")
    pending, available, reserved = (all_lots.get(name, 0) for name in ("pending", "available", "reserved"))
    outstanding = pending + available + reserved
    reason = None
    if cost_per_point is None:
        reason = "no_cost_per_point"
    elif rate is None:
        reason = "no_redemption_rate"
    owed = None
    if cost_per_point is not None and rate is not None:
        owed = _plain(outstanding * cost_per_point * rate)
    return Liability(
        outstanding=outstanding, pending=pending, available=available, reserved=reserved,
        debt=-all_lots.get("debt", 0) if all_lots.get("debt", 0) < 0 else 0,
        cost_per_point=cost_per_point, currency=currency, redemption_rate=rate, rate_from=origin or None,
        liability=owed, reason=reason, breakage=broken,
    )  # fmt: skip


def _plain(amount: Decimal) -> Decimal:
    """Leave out zeros at the end of the fraction, and only those."""
    whole = amount.to_integral_value()
    return whole if amount == whole else amount.normalize()
