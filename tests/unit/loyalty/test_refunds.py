"""Refunds take back what was claimed, once, from where the points are, and say what was not there."""

import datetime as dt
from decimal import Decimal

import pytest

from engine.loyalty.ledger import Ledger, Lot, find, grant, redeem, totals
from engine.loyalty.refunds import Origin, Policy, pack, pack_values, reverse, unpack, unpack_values
from engine.model.values import DAY


def lot_of(ledger: Ledger, points: int, *, matures_at: int | None = None) -> Lot:
    key = f"o{len(ledger.book('rewards').lots)}"
    grant(ledger, "rewards", "c", key, points, 0, matures_at=matures_at)
    lot = find(ledger.book("rewards"), key)
    assert lot is not None
    return lot


def take(
    ledger: Ledger, lot: Lot, claim: int, ref: str, policy: Policy = "within_balance"
) -> tuple[int, int]:
    done = reverse(ledger, "rewards", "c", lot, claim, ref, policy, 5)
    assert done is not None
    return totals([done[1]]).get("reversed", 0), done[1].shortfall


def test_claims_are_of_the_whole_so_that_floors_do_not_add_up() -> None:
    ledger = Ledger()
    lot = lot_of(ledger, 12)
    assert [take(ledger, lot, 4, "r1"), take(ledger, lot, 12, "r2")] == [(4, 0), (8, 0)]
    assert reverse(ledger, "rewards", "c", lot, 12, "r3", "within_balance", 5) is None


def test_the_same_refund_counts_once() -> None:
    ledger = Ledger()
    lot = lot_of(ledger, 12)
    take(ledger, lot, 4, "r1")
    assert reverse(ledger, "rewards", "c", lot, 8, "r1", "within_balance", 5) is None
    assert lot.available == 8


def test_nobody_claims_more_than_there_was_or_less_than_before() -> None:
    ledger = Ledger()
    lot = lot_of(ledger, 12)
    assert take(ledger, lot, 40, "r1") == (12, 0)
    assert reverse(ledger, "rewards", "c", lot, 3, "r2", "within_balance", 5) is None


@pytest.mark.parametrize(
    ("policy", "taken", "debt"),
    [("only_pending", (0, 12), 0), ("within_balance", (5, 7), 0), ("unlimited", (12, 0), 7)],
)
def test_what_was_spent_is_a_shortfall_or_a_debt(policy: Policy, taken: tuple[int, int], debt: int) -> None:
    ledger = Ledger()
    lot = lot_of(ledger, 12)
    redeem(ledger, "rewards", "c", "x", 7, 1)
    assert take(ledger, lot, 12, "r1", policy) == taken
    assert ledger.book("rewards").owed == debt


def test_pending_points_of_the_lot_go_first_and_those_of_others_stay_pending() -> None:
    ledger = Ledger()
    lot, other = lot_of(ledger, 10, matures_at=DAY), lot_of(ledger, 10, matures_at=DAY)
    spendable = lot_of(ledger, 10)
    assert take(ledger, lot, 10, "r1") == (10, 0)
    assert (lot.pending, other.pending, spendable.available) == (0, 10, 10)


def test_a_debt_is_paid_by_the_next_points_and_by_those_that_mature() -> None:
    ledger = Ledger()
    lot = lot_of(ledger, 10)
    redeem(ledger, "rewards", "c", "x", 10, 1)
    take(ledger, lot, 10, "r1", "unlimited")
    first = lot_of(ledger, 4)
    second = lot_of(ledger, 20, matures_at=DAY)
    assert (first.available, second.pending, ledger.book("rewards").owed) == (0, 14, 0)


def test_an_origin_comes_back_from_its_bytes() -> None:
    origin = Origin(
        event="order_refunded",
        match={"order_id": "o1"},
        when="order_completed",
        index=1,
        points="abc",
        properties={"total": Decimal("10.00"), "items": [{"price": Decimal("1.5")}], "n": 3},
        customer={"tier": "gold", "quiet_for": dt.timedelta(days=3, seconds=1), "vip": True, "plan": None,
                  "since": dt.datetime(2026, 1, 5, tzinfo=dt.UTC)},
        less={"total": Decimal("3.33")},
    )  # fmt: skip
    assert unpack(pack(origin)) == origin
    assert str(unpack(pack(origin)).properties["total"]) == "10.00"
    assert unpack_values(pack_values({"amount": Decimal("3.30")})) == {"amount": Decimal("3.30")}


def test_an_event_fits_by_name_and_by_all_that_it_must_say() -> None:
    origin = Origin(event="order_refunded", match={"order_id": "o1", "shop": 2})
    assert origin.fits("order_refunded", {"order_id": "o1", "shop": 2, "amount": 1})
    assert not origin.fits("order_refunded", {"order_id": "o1"})
    assert not origin.fits("order_completed", {"order_id": "o1", "shop": 2})
