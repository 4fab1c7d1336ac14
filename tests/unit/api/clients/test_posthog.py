"""What a call of PostHog's capture API means as an event."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from api.clients.segment import batch_of_either
from engine.customers.catalog import build_catalog
from engine.customers.event import Event
from engine.customers.normalise import normalise
from engine.model.values import HOUR, Micros
from tests.customer_facts import workspace_of

RECEIVED: Micros = 1_767_614_400_000_000  # 2026-01-05 12:00 UTC


def event(call: dict[str, Any]) -> Event:
    """Gives what the engine makes of a call that PostHog's client has sent at once."""
    body = {"batch": [{"uuid": "u1", **call}], "sent_at": "2026-01-05T12:00:00Z", "api_key": "hf_x"}
    [raw] = batch_of_either(msgspec.json.encode(body), 10)
    declared = build_catalog(workspace_of())
    return normalise(raw, received_at=RECEIVED, source="shop", declared=declared, may_grant=True)


def test_what_is_captured_is_an_event_without_what_the_library_tells() -> None:
    made = event(
        {
            "event": "Order Completed", "distinct_id": "ann", "timestamp": "2026-01-05T11:00:00Z",
            "properties": {"total": 5, "$lib": "posthog-python", "$groups": {"company": "acme"}},
        }
    )  # fmt: skip
    assert (made.name, made.customer, made.account) == ("order_completed", "ann", "acme")
    assert (made.message_id, made.occurred_at) == ("u1", RECEIVED - HOUR)
    assert made.properties == {"total": 5}


@pytest.mark.parametrize(
    "call",
    [
        {"event": "$set", "$set": {"plan": "pro"}},
        {"event": "$identify", "properties": {"$set": {"plan": "pro"}, "$anon_distinct_id": "a1"}},
    ],
    ids=["set", "identify"],
)
def test_what_is_set_is_a_trait(call: dict[str, Any]) -> None:
    made = event({"distinct_id": "ann", **call})
    assert (made.name, made.properties) == ("identify", {"plan": "pro"})
    assert made.anonymous_id == call.get("properties", {}).get("$anon_distinct_id")


def test_an_alias_is_made_under_the_id_of_before() -> None:
    made = event(
        {
            "event": "$create_alias", "distinct_id": "a1",
            "properties": {"distinct_id": "a1", "alias": "ann"},
        }
    )  # fmt: skip
    assert (made.name, made.customer, made.anonymous_id) == ("alias", "ann", "a1")


def test_a_group_is_about_the_account_alone() -> None:
    made = event(
        {
            "event": "$groupidentify", "distinct_id": "$company_acme",
            "properties": {"$group_type": "company", "$group_key": "acme", "$group_set": {"seats": 5}},
        }
    )  # fmt: skip
    assert (made.name, made.customer, made.account) == ("group", "acme", "acme")
    assert made.properties == {"seats": 5}


@pytest.mark.parametrize(
    ("call", "name", "seen"),
    [
        ({"event": "$pageview", "properties": {"$current_url": "/home", "a": 1}}, "page_viewed", "/home"),
        ({"event": "$screen", "properties": {"$screen_name": "Home", "a": 1}}, "screen_viewed", "Home"),
    ],
)
def test_what_is_seen_is_an_event_with_its_name(call: dict[str, Any], name: str, seen: str) -> None:
    made = event({"distinct_id": "ann", **call})
    assert (made.name, made.properties) == (name, {"a": 1, "name": seen})


@pytest.mark.parametrize("given", [None, 5, ["a"]])
def test_properties_that_are_none_cost_nothing(given: Any) -> None:
    assert event({"event": "seen", "distinct_id": "ann", "properties": given}).properties == {}


def test_calls_of_both_kinds_may_come_together() -> None:
    body = {"batch": [{"type": "track", "event": "a", "userId": "ann"}, {"event": "b", "distinct_id": "bob"}]}
    found = batch_of_either(msgspec.json.encode(body), 10)
    assert [raw["customer"] for raw in found if isinstance(raw, dict)] == ["ann", "bob"]
