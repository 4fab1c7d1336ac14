"""Coupons: good once, until they run out; what each holds of its budgets until then."""

from __future__ import annotations

import enum
from collections.abc import Mapping

import msgspec

from engine.contact.budgets import Share
from engine.model.reasons import CouponRefusal, CouponStatus
from engine.model.values import Micros

ENDED_KEPT = 50
"""So many coupons of a customer that have ended are remembered by the code, the latest of them."""


class Held(msgspec.Struct, frozen=True, array_like=True):
    """A coupon as its customer's row keeps it: until when it is good, what it holds, how it ended."""

    issued_at: Micros
    expires_at: Micros | None = None
    shares: tuple[Share, ...] = ()
    status: CouponStatus = CouponStatus.ISSUED
    ended_at: Micros | None = None
    reference: str | None = None


class Redemption(enum.Enum):
    """What a redemption is to a coupon: the one it is good for, that very one told again, or a refusal."""

    FIRST = "first"
    AGAIN = "again"
    REFUSED = "refused"


def redemption(
    held: Held | None, occurred_at: Micros, reference: str | None
) -> tuple[Redemption, CouponRefusal | None]:
    """Judge the use of a coupon at an instant, under the shop's own `reference` for it.

    A coupon is good once, from its issue until just before `expires_at`. What occurred in time is good
    also when it is heard of later. The same reference again is the same redemption, not a second one.
    """
    if held is None:
        return Redemption.REFUSED, CouponRefusal.UNKNOWN
    if held.status is CouponStatus.VOID:
        return Redemption.REFUSED, CouponRefusal.VOID
    if held.status is CouponStatus.REDEEMED:
        if reference is not None and reference == held.reference:
            return Redemption.AGAIN, None
        return Redemption.REFUSED, CouponRefusal.REDEEMED
    if held.expires_at is not None and occurred_at >= held.expires_at:
        return Redemption.REFUSED, CouponRefusal.EXPIRED
    return Redemption.FIRST, None


def ended(held: Held, status: CouponStatus, at: Micros, reference: str | None = None) -> Held:
    """Give a coupon that was redeemed, has run out or was made void."""
    return msgspec.structs.replace(held, status=status, ended_at=at, reference=reference)


def next_expiry(coupons: Mapping[str, Held]) -> Micros | None:
    """Give when the next open coupon runs out, None where none will."""
    dues = [
        held.expires_at
        for held in coupons.values()
        if held.expires_at is not None and held.status is CouponStatus.ISSUED
    ]
    return min(dues, default=None)


def forget(coupons: dict[str, Held]) -> None:
    """Forget the oldest of the coupons that have ended; open ones stay."""
    done = [(held.ended_at, code) for code, held in coupons.items() if held.ended_at is not None]
    for _, code in sorted(done)[:-ENDED_KEPT]:
        del coupons[code]
