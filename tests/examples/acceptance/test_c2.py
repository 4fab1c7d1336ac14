"""C2: a budget is never overspent, and what is given and not used comes back to it."""

from __future__ import annotations

from collections.abc import Generator
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from litestar.testing import TestClient

from api.app import create_app
from engine.model.values import DAY, HOUR
from engine.runtime.clock import VirtualClock
from engine.runtime.engine import Engine
from tests.virtual_engine import VirtualEngine

START = 1_767_614_400_000_000  # 2026-01-05 12:00 UTC

POLICY = """
policy:
  budgets: {coupons: {of: coupon.issue, at_most: 100.00 EUR per month}}
"""
RULE = """
rule: promise
owner: shop
description: Give a coupon to who asks.
when: {event: coupon_wanted}
then:
  - run: gift
"""
GIFT = """
workflow: gift
owner: shop
class: service
description: Give a coupon that is good for five days.
reentry: always
steps:
  - do: coupon.issue
    with: {amount: 10.00 EUR, worth: 10.00 EUR, expires: 5d}
    as: coupon
"""
FILES = {
    "holdfast.yaml": "name: Shop\ntimezone: UTC\ncurrency: EUR\n",
    "rules/policy.yaml": POLICY,
    "rules/promise.yaml": RULE,
    "workflows/gift.yaml": GIFT,
}
NAMES = [f"c{number}" for number in range(20)]


class Shop:
    """The shop's view of the engine: over HTTP, with an operator's key and an ingest key."""

    def __init__(self, engine: Engine, clock: VirtualClock, http: TestClient[Any]) -> None:
        self.engine, self.clock, self.http = engine, clock, http
        self.keys = {
            role: {"Authorization": f"Bearer {engine.create_key(role, f'{role}@example.com').text}"}
            for role in ("operator", "ingest")
        }

    def get(self, path: str, role: str = "operator") -> Any:
        answer = self.http.get(path, headers=self.keys[role])
        assert answer.status_code == 200, answer.text
        return answer.json()

    def post(self, path: str, body: Any, role: str = "operator", **headers: str) -> Any:
        return self.http.post(path, json=body, headers=self.keys[role] | headers)

    def wants(self, name: str, number: int = 1) -> None:
        told = {"customer": name, "event": "coupon_wanted", "id": f"{name}-{number}"}
        assert self.post("/v1/events", told, "ingest").status_code == 200

    def coupon(self, name: str) -> Any:
        (found,) = self.get(f"/v1/coupons?customer={name}&status=issued")["items"]
        return found

    def budget(self) -> tuple[str, float, float, float]:
        (found,) = self.get("/v1/budgets")["items"]
        assert (found["budget"], found["limit"]) == ("coupons", 100)
        return found["period"], found["reserved"], found["committed"], found["left"]

    def go_on(self, micros: int) -> None:
        self.engine.run_until(self.clock.now() + micros)


@pytest.fixture
def shop(tmp_path: Path) -> Generator[Shop]:
    for name, text in FILES.items():
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text.lstrip())
    clock = VirtualClock(START)
    with Engine.open(tmp_path, f"sqlite:///{tmp_path / 'holdfast.db'}", clock, work=False) as engine:
        with TestClient(create_app(engine)) as http:
            yield Shop(engine, clock, http)


def test_c2_of_twenty_parallel_grants_of_ten_exactly_ten_fit_a_hundred(shop: Shop) -> None:
    with ThreadPoolExecutor(20) as callers:
        list(callers.map(shop.wants, NAMES))

    given = [one for name in NAMES for one in shop.get(f"/v1/coupons?customer={name}")["items"]]
    assert len(given) == 10
    assert len({one["code"] for one in given}) == 10
    assert shop.budget() == ("2026-01-01", 100, 0, 0)
    runs = shop.get("/v1/runs?workflow=gift")["items"]
    steps = [shop.get(f"/v1/runs/{run['id']}")["steps"][0] for run in runs]
    outcomes = sorted((step["outcome"], step["reason"]) for step in steps if step["verb"] == "do")
    assert outcomes == [("executed", None)] * 10 + [("skipped", "budget")] * 10


def test_c2_an_expired_unused_coupon_returns_to_the_budget(shop: Shop) -> None:
    # given a budget that is all promised, and one coupon of it used
    for name in NAMES[:10]:
        shop.wants(name)
    used = shop.coupon("c0")["code"]
    assert shop.post(f"/v1/coupons/{used}/redeem", {"reference": "o1"}).status_code == 200
    assert shop.budget() == ("2026-01-01", 90, 10, 0)

    # when the coupons run out, at the end of the fifth day
    shop.go_on(5 * DAY + 11 * HOUR)
    assert shop.budget() == ("2026-01-01", 90, 10, 0)
    shop.go_on(HOUR)

    # then the nine that nobody used have come back, and nine more can be given
    assert shop.budget() == ("2026-01-01", 0, 10, 90)
    assert shop.get("/v1/coupons?customer=c1")["items"][0]["status"] == "expired"
    for name in NAMES:
        shop.wants(name, 2)
    assert shop.budget() == ("2026-01-01", 90, 10, 0)
    events = [
        one["event"]["name"]
        for one in shop.get("/v1/customers/c1/timeline")["items"]
        if one["kind"] == "event"
    ]
    assert "coupon_expired" in events


def test_a_coupon_is_good_once_and_for_its_own_customer(shop: Shop) -> None:
    shop.wants("c0")
    code = shop.coupon("c0")["code"]
    other = shop.post(f"/v1/coupons/{code}/redeem", {"customer": "c1"})
    assert (other.status_code, other.json()["code"]) == (409, "conflict")

    first = shop.post(f"/v1/coupons/{code}/redeem", {"reference": "o1", "customer": "c0"})
    again = shop.post(f"/v1/coupons/{code}/redeem", {"reference": "o1"})
    second = shop.post(f"/v1/coupons/{code}/redeem", {"reference": "o2"})

    assert (first.status_code, first.json()["status"]) == (200, "redeemed")
    assert (again.status_code, again.json()) == (200, first.json())
    assert second.status_code == 409
    assert shop.budget() == ("2026-01-01", 0, 10, 90)
    assert shop.post("/v1/coupons/NONE/redeem", {}).status_code == 404
    assert shop.post(f"/v1/coupons/{code}/redeem", {}, "ingest").status_code == 403


def test_one_of_many_that_use_a_coupon_at_once_has_it(shop: Shop) -> None:
    shop.wants("c0")
    code = shop.coupon("c0")["code"]

    def use(number: int) -> int:
        return int(shop.post(f"/v1/coupons/{code}/redeem", {"reference": f"o{number}"}).status_code)

    with ThreadPoolExecutor(12) as callers:
        codes = sorted(callers.map(use, range(12)))
    assert codes == [200] + [409] * 11
    assert shop.budget() == ("2026-01-01", 0, 10, 90)


def test_the_same_request_to_use_a_coupon_is_answered_the_same(shop: Shop) -> None:
    shop.wants("c0")
    code = shop.coupon("c0")["code"]
    answers = [
        shop.post(f"/v1/coupons/{code}/redeem", {}, "operator", **{"Idempotency-Key": "k1"}) for _ in range(2)
    ]
    assert [answer.status_code for answer in answers] == [200, 200]
    assert answers[0].json() == answers[1].json()
    assert shop.post(f"/v1/coupons/{code}/redeem", {}).status_code == 409


def test_a_shop_tells_of_a_use_by_an_event_and_a_second_one_is_recorded_as_refused(shop: Shop) -> None:
    shop.wants("c0")
    code = shop.coupon("c0")["code"]
    for id in ("e1", "e2"):
        told = {"customer": "c0", "event": "coupon_redeemed", "id": id, "code": code}
        assert shop.post("/v1/events", told, "ingest").status_code == 200

    assert shop.get(f"/v1/coupons/{code}")["status"] == "redeemed"
    assert shop.budget() == ("2026-01-01", 0, 10, 90)
    refused = [
        one["event"]["properties"]
        for one in shop.get("/v1/customers/c0/timeline")["items"]
        if one["kind"] == "event" and one["event"]["name"] == "coupon_refused"
    ]
    assert [(one["code"], one["reason"]) for one in refused] == [(code, "redeemed")]


def test_a_void_coupon_gives_its_worth_back_and_is_good_for_nothing(shop: Shop) -> None:
    shop.wants("c0")
    code = shop.coupon("c0")["code"]
    ended = shop.post(f"/v1/coupons/{code}/void", {"reason": "sent in error"}).json()
    assert (ended["status"], ended["note"], ended["by"]) == ("void", "sent in error", "operator@example.com")
    assert shop.budget() == ("2026-01-01", 0, 0, 100)
    assert shop.post(f"/v1/coupons/{code}/redeem", {}).status_code == 409
    assert shop.post(f"/v1/coupons/{code}/void", {"reason": "again"}).status_code == 409


def test_what_comes_back_belongs_to_the_month_that_it_was_promised_in() -> None:
    # given a coupon of January that runs out in February
    engine = VirtualEngine(POLICY.replace("100.00", "10.00"), RULE, GIFT)
    engine.receive("2026-01-29 12:00", "coupon_wanted")
    engine.receive("2026-02-02 12:00", "coupon_wanted")
    engine.until("2026-02-05 00:00")
    # then January has it back, and February, which gave its own away, has nothing more
    engine.receive("2026-02-05 12:00", "coupon_wanted")
    assert engine.simulation.world.budgets.spent == {
        ("coupons", "2026-01-01"): Decimal("0.00"),
        ("coupons", "2026-02-01"): Decimal("10.00"),
    }
    assert [engine.outcomes(run)[0][1:] for run in engine.runs("gift")] == [
        ("executed", None), ("executed", None), ("skipped", "budget"),
    ]  # fmt: skip


def test_a_use_that_occurred_in_time_and_is_heard_of_later_counts_over_the_limit() -> None:
    # given a budget for one coupon, which ran out and was given to somebody else
    engine = VirtualEngine(POLICY.replace("100.00", "10.00"), RULE, GIFT)
    engine.receive("2026-01-05 12:00", "coupon_wanted", "ana")
    (first,) = engine.simulation.changes.coupons
    engine.until("2026-01-12 11:00")
    engine.receive("2026-01-12 12:00", "coupon_wanted", "ben")
    # when a till that was offline tells of a use before the coupon's end
    engine.receive("2026-01-12 13:00", "coupon_redeemed", "ana", occurred="2026-01-09 10:00", code=first.code)
    # then both are owed
    assert engine.simulation.world.budgets.spent == {("coupons", "2026-01-01"): Decimal("20.00")}
    assert engine.simulation.changes.committed == {("coupons", "2026-01-01"): Decimal("10.00")}
    assert engine.recorded("coupon_refused") == []


PER = """
policy:
  budgets:
    coupons: {of: coupon.issue, at_most: 20.00 EUR per month, per: WHOM}
"""


def test_a_budget_per_customer_is_each_customers_own() -> None:
    engine = VirtualEngine(PER.replace("WHOM", "customer"), RULE, GIFT)
    for name in ("ana", "ben"):
        for day in ("05", "06", "07"):
            engine.receive(f"2026-01-{day} 12:00", "coupon_wanted", name)
    outcomes = [engine.outcomes(run)[0][1:] for run in engine.runs("gift")]
    assert outcomes == [("executed", None), ("executed", None), ("skipped", "budget")] * 2
    # when one of them runs out, its place is free again
    engine.receive("2026-01-11 12:00", "coupon_wanted", "ana")
    assert engine.outcomes(engine.runs("gift")[-1])[0][1] == "executed"


def test_a_budget_per_workflow_is_each_campaigns_own() -> None:
    other = GIFT.replace("workflow: gift", "workflow: treat")
    also = RULE.replace("rule: promise", "rule: treats").replace("run: gift", "run: treat")
    engine = VirtualEngine(PER.replace("WHOM", "workflow"), RULE, GIFT, other, also)
    for name in ("ana", "ben", "cleo"):
        engine.receive("2026-01-05 12:00", "coupon_wanted", name)
    for workflow in ("gift", "treat"):
        outcomes = [engine.outcomes(run)[0][1] for run in engine.runs(workflow)]
        assert outcomes == ["executed", "executed", "skipped"]


SMS = """
workflow: text
class: service
reentry: always
steps:
  - do: sms.send
    with: {message: news, worth: 0.40 EUR}
"""


def test_what_a_message_costs_is_reserved_when_it_leaves_and_given_back_when_it_is_refused() -> None:
    policy = "policy:\n  budgets: {sms: {of: sms.send, at_most: 1.00 EUR per day}}\n"
    rule = RULE.replace("run: gift", "run: text")
    engine = VirtualEngine(policy, rule, SMS)
    engine.identify("2026-01-05 09:00", phone="+31 6 1234")
    for hour in range(10, 14):
        engine.receive(f"2026-01-05 {hour}:00", "coupon_wanted")
    assert [at for at, _ in engine.sent()] == ["2026-01-05 10:00", "2026-01-05 11:00"]
    assert engine.simulation.changes.committed == {("sms", "2026-01-05"): Decimal("0.80")}

    failing = VirtualEngine(policy, rule, SMS, fails=frozenset(["sms.send"]))
    failing.identify("2026-01-05 09:00", phone="+31 6 1234")
    for hour in range(10, 14):
        failing.receive(f"2026-01-05 {hour}:00", "coupon_wanted")
    assert failing.simulation.world.budgets.spent == {("sms", "2026-01-05"): Decimal("0.00")}
