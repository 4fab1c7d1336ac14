"""Points over HTTP: rewards, reservations, adjustments by people, statements, and what a program owes."""

from collections.abc import Callable, Generator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from engine.errors import DeliveryError
from engine.runtime.actions.recorder import Recorder, recording
from tests.loyal_shop import Shop, opened

PROGRAM = """
program: rewards
earn:
  - when: order_completed
    points: event.total
    expire: 100d
    reversed_by: {event: order_refunded, match: order_id, less: {total: event.amount}}
tiers: {green: {from: 0}, gold: {from: 500}}
warn: 30d
reserve: 15m
redeem:
  - {reward: ten-off, points: 100, gives: {coupon: {percent: 10, worth: 10.00 EUR, expires: 30d}}}
  - {reward: five-euro, points: 50, gives: {credit: 5.00 EUR}}
  - {reward: mug, points: 80, gives: {webhook: warehouse, body: {item: mug}}}
adjust: {approve_above: 500, limit: 5000, void_after: 3d, expire: 30d}
liability: {cost_per_point: 0.01 EUR, redemption_rate: 80%}
"""
SETTINGS = """
currency: EUR
connectors:
  webhooks:
    warehouse: {url: "https://warehouse.example.com/gifts", hosts: [warehouse.example.com]}
"""

Open = Callable[..., Shop]


@pytest.fixture
def recorders() -> dict[str, Recorder]:
    return {}


@pytest.fixture
def open_shop(tmp_path: Path, recorders: dict[str, Recorder]) -> Generator[Open]:
    """Opens the shop, in which ana has 300 points."""
    with ExitStack() as stack:

        def opening(program: str = PROGRAM, total: int = 300, **rest: Any) -> Shop:
            actions, made = recording()
            recorders.update(made)
            shop = stack.enter_context(opened(tmp_path, program, settings=SETTINGS, actions=actions, **rest))
            shop.send("order_completed", "o1", order_id="o1", total=total)
            return shop

        yield opening


@pytest.fixture
def shop(open_shop: Open) -> Shop:
    return open_shop()


def balance(shop: Shop) -> tuple[int, int, int, int]:
    held = shop.held()["balance"]
    return held["available"], held["pending"], held["reserved"], held["debt"]


def code_of(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


# Rewards


def test_a_coupon_has_a_code_of_its_own_and_an_end(shop: Shop) -> None:
    first, second = (shop.points("redeem", {"reward": "ten-off", "key": key}).json() for key in ("r1", "r2"))
    assert first["code"] and second["code"] and first["code"] != second["code"]
    with shop.engine.store.reader() as reader:
        coupons = {coupon.code: coupon for coupon in reader.coupons(["ana"])}
    assert set(coupons) == {first["code"], second["code"]}
    # thirty days after 5 January, to the end of the day
    assert coupons[first["code"]].expires_at == shop.engine.ruleset.zone.start_of_day(
        shop.engine.ruleset.zone.day_of(shop.clock.now()) + 31
    )
    # and the same redemption again has the same coupon
    assert shop.points("redeem", {"reward": "ten-off", "key": "r1"}).json() == first
    assert balance(shop) == (100, 0, 0, 0)


def test_a_credit_is_money_that_the_member_holds(shop: Shop) -> None:
    for key in ("c1", "c2", "c2"):
        assert shop.points("redeem", {"reward": "five-euro", "key": key}).json()["credit"] == "5.00 EUR"
    assert shop.held()["credits"] == {"EUR": 10.00}
    stated = shop.held("?from=2026-01-01")["statement"]
    assert [one["gives"] for one in stated["movements"] if one["kind"] == "redeemed"] == [
        "five-euro: 5.00 EUR"
    ] * 2


def test_a_gift_reserves_its_points_and_spends_them_once_it_is_delivered(
    shop: Shop, recorders: dict[str, Recorder]
) -> None:
    answer = shop.points("redeem", {"reward": "mug", "key": "g1"}).json()
    assert answer["state"] == "reserved"
    assert balance(shop) == (220, 0, 80, 0)
    shop.until("2026-01-05 12:01")
    (delivery,) = recorders["webhook.call"].deliveries
    body = delivery.arguments["body"]
    assert (delivery.arguments["webhook"], body["item"], body["reward"], body["redemption"]) == (
        "warehouse", "mug", "mug", "g1",
    )  # fmt: skip
    assert balance(shop) == (220, 0, 0, 0)
    assert shop.points("redeem", {"reward": "mug", "key": "g1"}).json()["state"] == "redeemed"
    assert shop.totals() == {"issued": -300, "available": 220, "redeemed": 80}
    assert len(recorders["webhook.call"].deliveries) == 1


def test_a_gift_that_fails_for_good_gives_its_points_back(
    open_shop: Open, recorders: dict[str, Recorder]
) -> None:
    shop = open_shop()
    recorders["webhook.call"]._refusals.append(DeliveryError("sold out", retryable=False))
    shop.points("redeem", {"reward": "mug", "key": "g1"})
    shop.until("2026-01-05 12:01")
    assert balance(shop) == (300, 0, 0, 0)
    # sent again by a person it arrives after all, and its points are spent
    (letter,) = shop("GET", "/v1/dead-letters").json()["items"]
    assert shop("POST", f"/v1/dead-letters/{letter['key']}/replay").status_code == 200
    shop.until("2026-01-05 12:02")
    assert balance(shop) == (220, 0, 0, 0)
    assert shop.totals() == {"issued": -300, "available": 220, "redeemed": 80}


def test_a_gift_under_way_cannot_be_called_off(shop: Shop) -> None:
    shop.points("redeem", {"reward": "mug", "key": "g1"})
    assert code_of(shop.points("reserve/g1/release")) == (409, "being_delivered")


def test_there_is_no_such_reward(shop: Shop) -> None:
    assert shop.points("redeem", {"reward": "castle"}).status_code == 404
    assert shop.points("redeem", {"reward": "mug", "points": 80}).status_code == 400
    assert shop.points("redeem", {}).status_code == 400


# Reservations


def test_reserved_points_are_committed_once(shop: Shop) -> None:
    held = shop.points("reserve", {"points": 120, "key": "b1"})
    assert held.json()["until"] == "2026-01-05T12:15:00Z"
    assert balance(shop) == (180, 0, 120, 0)
    assert code_of(shop.points("redeem", {"points": 200})) == (409, "insufficient_points")
    for _ in range(2):
        assert shop.points("reserve/b1/commit").json()["state"] == "redeemed"
    assert balance(shop) == (180, 0, 0, 0)
    assert code_of(shop.points("reserve/b1/release")) == (409, "reservation_committed")
    assert shop.totals() == {"issued": -300, "available": 180, "redeemed": 120}


def test_reserved_points_are_released_once(shop: Shop) -> None:
    shop.points("reserve", {"points": 120, "key": "b1"})
    for _ in range(2):
        assert shop.points("reserve/b1/release").json()["state"] == "released"
    assert balance(shop) == (300, 0, 0, 0)
    assert code_of(shop.points("reserve/b1/commit")) == (409, "reservation_released")
    assert shop.points("reserve/b9/commit").status_code == 404


def test_a_reservation_that_nobody_ends_times_out(shop: Shop) -> None:
    shop.points("reserve", {"points": 120, "key": "b1"})
    shop.until("2026-01-05 12:14")
    assert balance(shop) == (180, 0, 120, 0)
    shop.until("2026-01-05 12:15")
    assert balance(shop) == (300, 0, 0, 0)
    assert code_of(shop.points("reserve/b1/commit")) == (409, "reservation_released")
    assert shop.held()["postings"]["items"][0]["reason"] == "timed out"


def test_a_reservation_may_last_longer(shop: Shop) -> None:
    answer = shop.points("reserve", {"reward": "ten-off", "key": "b1", "up_to": "2d"}).json()
    assert (answer["until"], answer["code"]) == ("2026-01-07T12:00:00Z", None)
    # the coupon comes with the commit
    assert shop.points("reserve/b1/commit").json()["code"]
    assert shop.points("reserve", {"points": 1, "up_to": "31d"}).status_code == 400
    assert shop.points("reserve", {"points": 1, "up_to": "soon"}).status_code == 400


def test_reserved_points_outlive_their_lot_and_expire_when_released(shop: Shop) -> None:
    # given 100 points reserved beyond 15 April, when their lot ends
    shop.until("2026-04-10 12:00")
    shop.points("reserve", {"points": 100, "key": "b1", "up_to": "10d"})
    shop.until("2026-04-15 12:00")
    assert balance(shop) == (0, 0, 100, 0)
    shop.until("2026-04-20 12:00")
    assert shop.totals() == {"issued": -300, "expired": 300}


# Refunds


def test_a_refund_before_maturation_takes_pending_points_first(open_shop: Open) -> None:
    shop = open_shop(PROGRAM.replace("points: event.total", "points: event.total\n    pending_for: 14d"))
    shop.points("adjust", {"points": 40, "reason": "welcome"})
    shop.send("order_refunded", "x1", order_id="o1", amount=100)
    assert balance(shop) == (40, 200, 0, 0)


def test_only_pending_takes_nothing_that_can_be_spent(open_shop: Open) -> None:
    shop = open_shop(PROGRAM.replace("warn: 30d", "refund: only_pending"))
    shop.send("order_refunded", "x1", order_id="o1", amount=100)
    assert balance(shop) == (300, 0, 0, 0)
    assert shop.held()["postings"]["items"][0]["shortfall"] == 100


def test_a_refund_after_spending_takes_other_points_too(shop: Shop) -> None:
    # given the first order's points all spent, and more from a second one
    shop.points("redeem", {"points": 300})
    shop.until("2026-01-06 12:00")
    shop.send("order_completed", "o2", order_id="o2", total=250)
    shop.send("order_refunded", "x1", order_id="o1", amount=300)
    assert balance(shop) == (0, 0, 0, 0)
    assert shop.held()["postings"]["items"][0]["shortfall"] == 50


def test_a_refund_takes_qualifying_points_but_no_tier_before_the_period_ends(open_shop: Open) -> None:
    shop = open_shop(total=500)
    assert (shop.held()["tier"]["tier"], shop.held()["tier"]["qualifying"]) == ("gold", 500)
    shop.send("order_refunded", "x1", order_id="o1", amount=20)
    assert (shop.held()["tier"]["tier"], shop.held()["tier"]["keeps"]) == ("gold", 20)
    shop.until("2027-01-05 00:00")
    assert shop.held()["tier"]["tier"] == "green"


# Tiers and warnings


def test_a_tier_outlives_its_period_by_its_grace_and_can_still_be_saved(open_shop: Open) -> None:
    shop = open_shop(PROGRAM.replace("warn: 30d", "grace: 60d"), total=500, at="2025-01-05 12:00")
    shop.until("2026-02-01 12:00")
    shop.send("order_completed", "o2", order_id="o2", total=480)
    shop.until("2027-01-06 12:00")
    assert (shop.held()["tier"]["tier"], shop.held()["tier"]["grace_until"]) == ("gold", "2027-03-06")
    shop.send("order_completed", "o3", order_id="o3", total=20)
    shop.until("2027-03-07 12:00")
    assert shop.held()["tier"]["tier"] == "gold"
    # the period after it lacks far more, and falls when its grace ends
    shop.until("2028-03-04 23:00")
    assert shop.held()["tier"]["tier"] == "gold"
    shop.until("2028-03-05 00:00")
    assert shop.held()["tier"]["tier"] == "green"


def test_points_that_expire_are_told_of_once_a_day_of_expiry(shop: Shop) -> None:
    shop.send("order_completed", "o2", order_id="o2", total=20)
    shop.until("2026-01-10 12:00")
    shop.send("order_completed", "o3", order_id="o3", total=7)
    # both lots of 5 January end on 15 April, thirty days after 16 March
    shop.until("2026-03-15 23:59")
    assert shop.events("points_expiring") == []
    shop.until("2026-03-16 00:00")
    (told,) = shop.events("points_expiring")
    assert (told["points"], told["expires_at"]) == (320, "2026-04-15T12:00:00+00:00")
    shop.until("2026-04-30 12:00")
    assert [each["points"] for each in shop.events("points_expiring")] == [320, 7]


# Adjustments


def test_small_adjustments_happen_at_once_and_need_a_reason(shop: Shop) -> None:
    answer = shop.points("adjust", {"points": 500, "reason": "lost parcel", "key": "a1"}).json()
    assert (answer["state"], answer["by"]) == ("applied", "operator@example.com")
    assert shop.points("adjust", {"points": -100, "reason": "slip"}).json()["state"] == "applied"
    assert balance(shop) == (700, 0, 0, 0)
    for body in ({"points": 5}, {"points": 5, "reason": ""}, {"points": 5, "reason": "  "}):
        assert shop.points("adjust", body).status_code == 400
    assert code_of(shop.points("adjust", {"points": 5001, "reason": "too much"})) == (409, "over_limit")
    assert shop.points("adjust", {"points": 0, "reason": "nothing"}).status_code == 400
    # nobody goes below nothing
    taken = (
        shop.points("adjust", {"points": -500, "reason": "a"}),
        shop.points("adjust", {"points": -500, "reason": "b"}),
    )
    assert [each.status_code for each in taken] == [200, 409]
    # given points expire as the program says
    assert {lot["expires_at"] for lot in shop.held()["lots"]} <= {
        "2026-04-15T12:00:00Z",
        "2026-02-04T12:00:00Z",
    }


def test_a_large_adjustment_waits_for_another_person(shop: Shop) -> None:
    asked = {"points": 501, "reason": "lost parcel", "key": "a1"}
    assert shop.points("adjust", asked).json()["state"] == "pending"
    assert (balance(shop), shop.held()["adjustments"][0]["points"]) == ((300, 0, 0, 0), 501)
    assert code_of(shop.points("adjust/a1/approve")) == (403, "same_person")
    assert code_of(shop.points("adjust/a1/refuse")) == (403, "same_person")
    for _ in range(2):
        approved = shop.points("adjust/a1/approve", who="operator.eve").json()
        assert (approved["state"], approved["decided_by"]) == ("applied", "operator.eve@example.com")
    assert balance(shop) == (801, 0, 0, 0)
    assert code_of(shop.points("adjust/a1/refuse", who="operator.eve")) == (409, "adjustment_decided")
    assert shop.points("adjust", asked).json()["state"] == "applied"
    assert code_of(shop.points("adjust", asked | {"points": 502})) == (409, "key_reused")
    # all of it is on the timeline
    assert [len(shop.events(name)) for name in ("points_adjusted", "adjustment_approved")] == [1, 1]


def test_a_refused_adjustment_never_happens(shop: Shop) -> None:
    shop.points("adjust", {"points": -600, "reason": "fraud", "key": "a1"})
    assert shop.points("adjust/a1/refuse", who="operator.eve").json()["state"] == "refused"
    assert code_of(shop.points("adjust/a1/approve", who="operator.eve")) == (409, "adjustment_decided")
    assert balance(shop) == (300, 0, 0, 0)
    assert shop.points("adjust/a9/approve").status_code == 404


def test_an_adjustment_that_nobody_decides_is_void(shop: Shop) -> None:
    shop.points("adjust", {"points": 501, "reason": "lost parcel", "key": "a1"})
    shop.until("2026-01-08 12:00")
    (made,) = shop.held()["adjustments"]
    assert (made["state"], made["decided_by"]) == ("void", None)
    assert [told["key"] for told in shop.events("adjustment_void")] == ["a1"]
    assert code_of(shop.points("adjust/a1/approve", who="operator.eve")) == (409, "adjustment_decided")


# Figures


def test_a_statement_adds_up(shop: Shop) -> None:
    shop.until("2026-02-01 12:00")
    shop.points("redeem", {"points": 120})
    shop.points("reserve", {"points": 30, "key": "b1"})
    shop.until("2026-02-01 12:20")
    shop.send("order_refunded", "x1", order_id="o1", amount=50)
    stated = shop.held("?from=2026-02-01&to=2026-03-01")["statement"]
    assert (stated["opening"]["total"], stated["closing"]["total"]) == (300, 130)
    assert stated["closing"]["available"] == 130
    assert stated["by_kind"] == {"redeemed": -120, "reserved": 0, "released": 0, "reversed": -50}
    changes = [one["change"] for one in stated["movements"]]
    assert stated["opening"]["total"] + sum(changes) == stated["closing"]["total"]
    assert [one["total"] for one in stated["movements"]] == [180, 180, 180, 130]
    # what comes before and after it is in the neighbours' statements
    before = shop.held("?to=2026-02-01")["statement"]
    assert (before["opening"]["total"], before["closing"]) == (0, stated["opening"])


def test_a_million_points_at_a_cent_of_which_four_fifths_are_redeemed_owe_8000(open_shop: Open) -> None:
    shop = open_shop(total=1_000_000)
    told = shop("GET", "/v1/programs/rewards/liability", who="auditor").json()
    assert (told["outstanding"], told["cost_per_point"], told["redemption_rate"]) == (1_000_000, 0.01, 0.80)
    assert (told["liability"], told["currency"], told["rate_from"]) == (8000, "EUR", "written")
    assert told["breakage"] == {"expired": 0, "points": 0, "share": None}


def test_breakage_is_the_share_of_closed_lots_that_expired(open_shop: Open) -> None:
    shop = open_shop(PROGRAM.replace(", redemption_rate: 80%", ""))
    path = "/v1/programs/rewards/liability"
    told = shop("GET", path).json()
    assert (told["liability"], told["reason"]) == (None, "no_redemption_rate")
    # 225 of 300 spent, the rest expires; another lot of 1000 is still open
    shop.points("redeem", {"points": 225})
    shop.until("2026-04-16 12:00")
    shop.send("order_completed", "o2", order_id="o2", total=1000)
    told = shop("GET", path).json()
    assert told["breakage"] == {"expired": 75, "points": 300, "share": 0.25}
    assert (told["redemption_rate"], told["rate_from"], told["liability"]) == (0.75, "observed", 7.5)
    assert shop("GET", "/v1/programs/nothing/liability").status_code == 404


# Doors


def test_postings_are_paged_newest_first(shop: Shop) -> None:
    for number in range(5):
        shop.points("redeem", {"points": 1, "key": f"r{number}"})
    page, seen = shop.held("?limit=4"), []
    while True:
        seen += [one["key"] for one in page["postings"]["items"]]
        cursor = page["postings"]["next_cursor"]
        if cursor is None:
            break
        page = shop.held(f"?limit=4&cursor={cursor}")
    assert seen == ["r4", "r3", "r2", "r1", "r0", "shop/o1/0"]


def test_who_may_do_what(shop: Shop) -> None:
    assert shop.points("redeem", {"points": 1}, who="auditor").status_code == 403
    assert shop.points("adjust", {"points": 1, "reason": "x"}, who="ingest").status_code == 403
    assert shop("GET", "/v1/customers/ana/points", who="ingest").status_code == 403
    assert shop("GET", "/v1/customers/nobody/points").status_code == 404
    assert shop("POST", "/v1/customers/nobody/points/redeem", {"points": 1}).status_code == 404


def test_a_key_used_for_one_customer_is_refused_for_another(shop: Shop) -> None:
    shop.send("order_completed", "o2", customer="ben", order_id="o2", total=100)
    shop.points("redeem", {"points": 1, "key": "r1"})
    answer = shop("POST", "/v1/customers/ben/points/redeem", {"points": 1, "key": "r1"})
    assert code_of(answer) == (409, "key_reused")


def test_the_shop_cannot_act_as_a_person(shop: Shop) -> None:
    event = {"customer": "ana", "event": "points_adjusted", "id": "f1", "program": "rewards", "points": 400}
    answer = shop("POST", "/v1/events", [event], who="ingest").json()
    assert [each["code"] for each in answer["quarantined"]] == ["reserved_name"]


def test_postings_and_what_people_did_are_on_the_timeline(shop: Shop) -> None:
    shop.points("redeem", {"points": 10, "key": "r1", "reason": "at the till"})
    items = shop("GET", "/v1/customers/ana/timeline", who="auditor").json()["items"]
    kinds = {(each["kind"], (each.get("points") or each.get("event") or {}).get("key")) for each in items}
    assert ("points", "r1") in kinds
    assert any(each["kind"] == "event" and each["event"]["name"] == "points_redeemed" for each in items)
    assert shop("GET", "/v1/customers/ana", who="auditor").json()["facts"]["points"]["value"] == 290
    assert shop.engine.doctor()["balanced"]


CALL = """
rule: ask-for-points
when: {call: yes}
if: customer.points >= 200
then: [{do: segment.add, with: {segment: rich}}]
"""
RICH = "segment: rich\nstatic: yes\n"


def test_why_and_backtest_know_what_people_did(tmp_path: Path) -> None:
    with opened(tmp_path, PROGRAM, CALL, RICH, settings=SETTINGS, actions=recording()[0]) as shop:
        shop.send("order_completed", "o1", order_id="o1", total=300)
        shop.until("2026-01-06 12:00")
        shop.points("redeem", {"points": 150, "key": "r1"})
        shop.until("2026-01-07 12:00")
        seen = {}
        for day in (6, 7):
            at = f"2026-01-{day:02}T11:00:00Z"
            told = shop("GET", f"/v1/customers/ana/why?rule=ask-for-points&at={at}", who="auditor").json()
            seen[day] = told["lines"][0]["values"]["customer.points"]
        assert seen == {6: 300, 7: 150}
