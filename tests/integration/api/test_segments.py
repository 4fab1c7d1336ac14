"""Static segments through the doors: people put customers in and take them out."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.served import Served

LISTED = """
segment: vip
static: yes
"""
COMPUTED = """
segment: buyers
enter_if: customer.orders >= 1
"""
FACTS = """
facts:
  orders: {count: order_completed}
"""
WELCOME = """
rule: welcome
when: {enters: vip}
then:
  - do: points.grant
    with: {points: 10}
"""
PROGRAM = """
program: rewards
earn: [{when: order_completed, points: event.total}]
tiers: {bronze: {from: 0}}
"""
MEMBERS = "/v1/segments/vip/members"


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Served]:
    with Served(tmp_path / "shop", "2026-03-01 00:00", FACTS, LISTED, COMPUTED, WELCOME, PROGRAM) as served:
        for customer in ("ann", "bob"):
            served.identify("2026-03-02 10:00", customer, plan="team")
        yield served


def members(shop: Served, **query: str) -> list[str]:
    return [one["customer"] for one in shop.get(MEMBERS, **query)["items"]]


def test_customers_are_put_in_and_taken_out_once(shop: Served) -> None:
    # when two are put in, one of them twice, and one whom nobody knows
    first = shop.act("POST", MEMBERS, {"add": ["ann", "bob", "nobody"]})
    again = shop.act("POST", MEMBERS, {"add": ["bob"]})
    shop.until("2026-03-03 10:00")
    third = shop.act("POST", MEMBERS, {"add": [], "remove": ["ann"]})

    # then each change is told, and happened once
    assert first == {"segment": "vip", "added": ["ann", "bob"], "removed": [], "unknown": ["nobody"]}
    assert again["added"] == [] and third["removed"] == ["ann"]
    assert members(shop) == ["bob"]
    assert members(shop, at="2026-03-02T12:00:00Z") == ["ann", "bob"]
    assert [outcome for _, outcome in shop.decisions("welcome")] == ["fired", "fired"]
    assert shop.get("/v1/customers/bob/points")["balance"]["available"] == 10


def test_it_is_an_event_of_the_customer_that_says_who_did_it(shop: Served) -> None:
    shop.act("POST", MEMBERS, {"add": ["ann"]})
    entries = shop.get("/v1/customers/ann/timeline")["items"]
    told = [one["event"] for one in entries if (one.get("event") or {}).get("name") == "segment_assigned"]
    assert [one["properties"] for one in told] == [{"segment": "vip", "inside": True, "by": "test"}]


def test_a_segment_by_conditions_is_not_changed_by_hand(shop: Served) -> None:
    refused = shop.act("POST", "/v1/segments/buyers/members", {"add": ["ann"]}, expect=400)
    assert refused["code"] == "not_static"
    shop.act("POST", "/v1/segments/none/members", {"add": ["ann"]}, expect=404)
    assert shop.act("POST", MEMBERS, {"add": ["ann"], "remove": ["ann"]}, expect=400)
    assert members(shop) == []
