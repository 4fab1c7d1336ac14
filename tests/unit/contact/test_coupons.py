"""Coupons: good once, until they run out."""

import pytest

from engine.contact.coupons import ENDED_KEPT, Held, Redemption, ended, forget, next_expiry, redemption
from engine.model.reasons import CouponRefusal, CouponStatus

OPEN = Held(issued_at=100, expires_at=200)


@pytest.mark.parametrize(("at", "refused"), [(150, None), (199, None), (200, CouponRefusal.EXPIRED)])
def test_a_coupon_is_good_until_just_before_its_end(at: int, refused: CouponRefusal | None) -> None:
    assert redemption(OPEN, at, None)[1] is refused


def test_one_without_an_end_is_good_for_ever() -> None:
    assert redemption(Held(issued_at=100), 10**15, None) == (Redemption.FIRST, None)
    assert next_expiry({"A": Held(issued_at=100)}) is None


def test_nobody_uses_what_they_do_not_have() -> None:
    assert redemption(None, 150, "o1") == (Redemption.REFUSED, CouponRefusal.UNKNOWN)


def test_a_second_use_is_refused_and_the_first_told_again_is_not() -> None:
    used = ended(OPEN, CouponStatus.REDEEMED, 150, "o1")
    assert redemption(used, 160, "o2") == (Redemption.REFUSED, CouponRefusal.REDEEMED)
    assert redemption(used, 160, None) == (Redemption.REFUSED, CouponRefusal.REDEEMED)
    assert redemption(used, 160, "o1") == (Redemption.AGAIN, None)


def test_one_that_ran_out_is_good_for_a_use_that_occurred_before() -> None:
    out = ended(OPEN, CouponStatus.EXPIRED, 200)
    assert redemption(out, 199, "o1") == (Redemption.FIRST, None)
    assert redemption(out, 200, "o1") == (Redemption.REFUSED, CouponRefusal.EXPIRED)


def test_a_void_one_is_good_for_nothing() -> None:
    void = ended(OPEN, CouponStatus.VOID, 150)
    assert redemption(void, 140, "o1") == (Redemption.REFUSED, CouponRefusal.VOID)


def test_the_next_to_run_out_is_the_earliest_open_one() -> None:
    coupons = {
        "A": ended(Held(issued_at=1, expires_at=10), CouponStatus.REDEEMED, 5),
        "B": Held(issued_at=1, expires_at=30),
        "C": Held(issued_at=1, expires_at=20),
    }
    assert next_expiry(coupons) == 20


def test_of_those_that_have_ended_the_latest_are_remembered() -> None:
    coupons = {f"{at:03}": ended(Held(issued_at=1), CouponStatus.EXPIRED, at) for at in range(ENDED_KEPT + 5)}
    coupons["open"] = Held(issued_at=1)
    forget(coupons)
    assert len(coupons) == ENDED_KEPT + 1
    assert "open" in coupons
    assert "004" not in coupons
    assert "005" in coupons
