"""W1: points that are earned, spent, refunded and expire, and the tiers that rest on them, over HTTP."""

from collections.abc import Generator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from tests.loyal_shop import Shop, opened

LOTS = """
program: rewards
earn:
  - {when: first_order, points: event.total, pending_for: 14d, expire: 85d}
  - {when: second_order, points: event.total, pending_for: 14d, expire: 176d}
tiers: {green: {from: 0}, gold: {from: 500}}
"""
"""From 5 January 2026: 85 days later is 31 March, 176 days later 30 June."""

REFUNDED = """
program: rewards
earn:
  - when: order_completed
    points: event.total * 1.2
    reversed_by: {event: order_refunded, match: order_id, less: {total: event.amount}}
tiers: {green: {from: 0}, gold: {from: 500}}
refund: REFUND
"""
TIERS = """
program: rewards
earn: [{when: order_completed, points: event.total}]
tiers: {green: {from: 0}, gold: {from: 500}}
period: 12 months
downgrade: one_down
warn: 30d
"""
TENTH = """
facts:
  orders: {count: order_completed}
"""
RULE = """
rule: tenth-order
when: {event: order_completed}
if: customer.orders == 10
then:
  - run: milestone-bonus
    with: {points: 500}
"""
BONUS = """
workflow: milestone-bonus
class: service
reentry: never
needs: {points: number}
key: event.order_id
steps:
  - do: points.grant
    with:
      points: =input.points
      reason: tenth order
      reversed_by: {event: order_refunded, match: {order_id: =event.order_id}}
"""
ONE_ORDER = LOTS.replace("pending_for: 14d, ", "")


@pytest.fixture
def shop(tmp_path: Path) -> Generator[Shop]:
    """Two orders of 5 January: o1 with 100 points until 31 March, o2 with 200 until 30 June."""
    with opened(tmp_path, LOTS) as shop:
        shop.send("first_order", "o1", total=100)
        shop.send("second_order", "o2", total=200)
        yield shop


def spent(shop: Shop) -> Any:
    shop.until("2026-01-20 12:00")
    return shop.points("redeem", {"points": 150, "key": "r1"}, key="request-1")


def test_pending_points_cannot_be_spent(shop: Shop) -> None:
    refused = shop.points("redeem", {"points": 50})
    assert (refused.status_code, refused.json()["code"]) == (409, "insufficient_points")
    assert shop.held()["balance"] == {"available": 0, "pending": 300, "reserved": 0, "debt": 0}


def test_matured_points_are_spent_earliest_expiry_first(shop: Shop) -> None:
    shop.until("2026-01-20 12:00")
    assert shop.available == 300
    answer = spent(shop).json()
    assert list(answer["lots"].values()) == [100, 50]
    assert answer["left"] == shop.available == 150
    (left,) = shop.held()["lots"]
    assert (left["key"], left["available"]) == ("shop/o2/1", 150)


def test_replayed_it_has_the_same_answer_and_takes_nothing_more(shop: Shop) -> None:
    first = spent(shop)
    # with the same Idempotency-Key, and with the same number of the caller's alone
    for again in (spent(shop), shop.points("redeem", {"points": 150, "key": "r1"})):
        assert (again.status_code, again.json()) == (200, first.json())
    assert shop.available == 150
    other = shop.points("redeem", {"points": 100, "key": "r1"})
    assert (other.status_code, other.json()["code"]) == (409, "key_reused")


def test_what_is_left_expires_once_and_everything_sums_to_zero(shop: Shop) -> None:
    spent(shop)
    shop.until("2026-03-31 12:00")
    assert shop.totals().get("expired", 0) == 0
    for _ in range(2):
        shop.until("2026-06-30 12:00")
        assert shop.totals() == {"issued": -300, "redeemed": 150, "expired": 150}
    assert shop.available == 0


def test_of_twenty_redemptions_at_once_of_all_points_one_succeeds(tmp_path: Path) -> None:
    with opened(tmp_path, ONE_ORDER) as shop:
        shop.send("first_order", "o1", total=100)
        shop.points("redeem", {"points": 1000})  # makes the key
        with ThreadPoolExecutor(20) as pool:
            answers = list(pool.map(lambda _: shop.points("redeem", {"points": 100}).status_code, range(20)))
        assert sorted(answers) == [200, *[409] * 19]
        assert (shop.available, shop.totals()) == (0, {"issued": -100, "redeemed": 100})


def refunded(folder: Path, policy: str = "within_balance") -> Any:
    return opened(folder, REFUNDED.replace("REFUND", policy))


def reversals(shop: Shop) -> list[tuple[int, int]]:
    found = [one for one in shop.held()["postings"]["items"] if one["kind"] == "reversed"]
    return [
        (sum(entry["points"] for entry in one["entries"] if entry["account"] == "reversed"), one["shortfall"])
        for one in reversed(found)
    ]


def test_refunds_take_what_the_original_earned_less_what_the_rest_would_have(tmp_path: Path) -> None:
    with refunded(tmp_path) as shop:
        shop.send("order_completed", "o1", order_id="o1", total=10.00)
        assert shop.available == 12
        shop.until("2026-01-06 12:00")
        shop.send("order_refunded", "r1", order_id="o1", amount=3.33)
        shop.until("2026-01-07 12:00")
        shop.send("order_refunded", "r2", order_id="o1", amount=6.67)
        assert reversals(shop) == [(4, 0), (8, 0)]
        assert shop.totals() == {"issued": -12, "reversed": 12}


def test_after_spending_within_balance_takes_what_is_left_and_records_the_shortfall(tmp_path: Path) -> None:
    with refunded(tmp_path) as shop:
        shop.send("order_completed", "o1", order_id="o1", total=100)
        shop.points("redeem", {"points": 90})
        shop.send("order_refunded", "r1", order_id="o1", amount=100)
        assert reversals(shop) == [(30, 90)]
        assert shop.held()["balance"] == {"available": 0, "pending": 0, "reserved": 0, "debt": 0}


def test_unlimited_makes_a_debt_that_the_next_earning_pays_first(tmp_path: Path) -> None:
    with refunded(tmp_path, "unlimited") as shop:
        shop.send("order_completed", "o1", order_id="o1", total=100)
        shop.points("redeem", {"points": 90})
        shop.send("order_refunded", "r1", order_id="o1", amount=100)
        assert reversals(shop) == [(120, 0)]
        assert shop.held()["balance"]["debt"] == 90
        shop.send("order_completed", "o2", order_id="o2", total=100)
        assert shop.held()["balance"] == {"available": 30, "pending": 0, "reserved": 0, "debt": 0}


def test_redeeming_everything_leaves_the_tier(tmp_path: Path) -> None:
    with opened(tmp_path, TIERS) as shop:
        shop.send("order_completed", "o1", total=500)
        assert shop.held()["tier"]["tier"] == "gold"
        shop.points("redeem", {"points": 500})
        assert (shop.available, shop.held()["tier"]["tier"]) == (0, "gold")


def test_a_period_that_ends_with_480_of_500_goes_from_gold_to_green_and_is_warned_of(tmp_path: Path) -> None:
    # given gold since 2025, and a period of 480 points that ends on 2027-01-05
    with opened(tmp_path, TIERS, at="2025-01-05 12:00") as shop:
        shop.send("order_completed", "o1", total=500)
        shop.until("2026-02-01 12:00")
        shop.send("order_completed", "o2", total=480)
        # when its last 30 days begin
        shop.until("2026-12-05 23:59")
        before = [told for told in shop.events("tier_at_risk") if told["ends"] == "2027-01-05"]
        shop.until("2026-12-06 00:00")
        # then the member is warned, once
        shop.until("2026-12-20 12:00")
        warned = [told for told in shop.events("tier_at_risk") if told["ends"] == "2027-01-05"]
        assert (before, [(told["tier"], told["missing"]) for told in warned]) == ([], [("gold", 20)])
        # and keeps the tier to the last day
        shop.until("2027-01-04 23:59")
        assert shop.held()["tier"]["tier"] == "gold"
        shop.until("2027-01-05 00:00")
        assert shop.held()["tier"]["tier"] == "green"
        assert shop.events("tier_lost") == [{"program": "rewards", "tier": "green", "from": "gold"}]


def test_the_tenth_order_gets_its_bonus_once_and_loses_it_when_refunded(tmp_path: Path) -> None:
    program = TIERS.replace("points: event.total", "points: event.total * 0")
    with opened(tmp_path, program, TENTH, RULE, BONUS) as shop:
        for number in range(1, 11):
            shop.send("order_completed", f"o{number}", order_id=f"o{number}", total=40)
        shop.until("2026-01-05 12:01")
        assert shop.available == 500
        # replayed
        again = shop.send("order_completed", "o10", order_id="o10", total=40, at="2026-01-05T12:00:00Z")
        assert again["accepted"] == 0
        shop.until("2026-01-05 12:02")
        assert shop.available == 500
        # refunded: another one first
        shop.send("order_refunded", "r9", order_id="o9", amount=40)
        assert shop.available == 500
        shop.send("order_refunded", "r10", order_id="o10", amount=40)
        assert (shop.available, shop.totals()) == (0, {"issued": -500, "reversed": 500})
