"""What a call of Segment's tracking API means as an event."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from api.clients.segment import batch_of_calls, calls_from
from engine.customers.catalog import build_catalog
from engine.customers.event import Event
from engine.customers.normalise import normalise
from engine.errors import RequestError
from engine.model.values import HOUR, SECOND, Micros
from engine.runtime.intake import Unreadable
from tests.customer_facts import workspace_of

RECEIVED: Micros = 1_767_614_400_000_000  # 2026-01-05 12:00 UTC


def batch(*calls: Any, **envelope: Any) -> list[object]:
    return batch_of_calls(msgspec.json.encode({"batch": calls, **envelope}), 1000)


def event(call: dict[str, Any], **envelope: Any) -> Event:
    """Gives what the engine makes of a call."""
    [raw] = batch(call, **envelope)
    declared = build_catalog(workspace_of())
    return normalise(raw, received_at=RECEIVED, source="shop", declared=declared, may_grant=True)


def test_what_is_tracked_is_an_event_of_its_name() -> None:
    made = event(
        {
            "type": "track", "event": "Order Completed", "userId": "ann", "anonymousId": "a1",
            "messageId": "m1", "timestamp": "2026-01-05T11:00:00Z",
            "properties": {"orderId": "o1", "total": 9.5},
            "context": {"library": {"name": "x"}, "groupId": "acme"},
            "integrations": {"All": True}, "channel": "server", "_metadata": {"nodeVersion": "20"},
        }
    )  # fmt: skip
    assert (made.name, made.customer, made.anonymous_id, made.account) == (
        "order_completed", "ann", "a1", "acme",
    )  # fmt: skip
    assert (made.message_id, made.occurred_at) == ("m1", RECEIVED - HOUR)
    assert list(made.properties) == ["order_id", "total"]


@pytest.mark.parametrize(
    "call",
    [
        {"traits": {"plan": "pro"}},
        {"context": {"traits": {"plan": "pro"}}},
        {"traits": {"plan": "pro"}, "context": {"traits": {"plan": "free"}}},
    ],
    ids=["traits", "in the context", "both"],
)
def test_who_is_identified_gets_traits(call: dict[str, Any]) -> None:
    made = event({"type": "identify", "userId": "ann", **call})
    assert (made.name, made.properties) == ("identify", {"plan": "pro"})


@pytest.mark.parametrize(("kind", "name"), [("page", "page_viewed"), ("screen", "screen_viewed")])
def test_what_is_seen_is_an_event_with_its_name(kind: str, name: str) -> None:
    made = event(
        {"type": kind, "userId": "ann", "name": "Home", "category": "Shop", "properties": {"url": "/"}}
    )
    assert made.name == name
    assert made.properties == {"url": "/", "name": "Home", "category": "Shop"}


def test_a_group_is_an_account_with_traits() -> None:
    made = event({"type": "group", "userId": "ann", "groupId": "acme", "traits": {"seats": 5}})
    assert (made.name, made.customer, made.account) == ("group", "ann", "acme")
    assert made.properties == {"seats": 5}


def test_an_alias_names_the_id_of_before() -> None:
    made = event({"type": "alias", "userId": "ann", "previousId": "a1"})
    assert (made.name, made.customer, made.anonymous_id) == ("alias", "ann", "a1")


@pytest.mark.parametrize(
    ("ids", "customer"),
    [({"userId": 5}, "5"), ({"userId": "", "anonymousId": "a1"}, "a1"), ({"anonymousId": "a1"}, "a1")],
)
def test_an_empty_user_is_nobody_and_a_number_is_text(ids: dict[str, Any], customer: str) -> None:
    assert event({"type": "track", "event": "seen", **ids}).customer == customer


def test_a_clock_that_goes_wrong_is_corrected_by_when_the_batch_was_sent() -> None:
    # given a sender whose clock is an hour slow
    call = {
        "type": "track", "event": "seen", "userId": "ann", "timestamp": "2026-01-05T10:59:50Z",
    }  # fmt: skip
    made = event(call, sentAt="2026-01-05T11:00:00Z")
    # then it happened ten seconds before it was received, and what was told is kept
    assert made.occurred_at == RECEIVED - 10 * SECOND
    assert (made.given_at, made.sent_at) == (RECEIVED - HOUR - 10 * SECOND, RECEIVED - HOUR)


def test_the_time_before_others_corrected_it_is_the_one_to_correct() -> None:
    call = {
        "type": "track", "event": "seen", "userId": "ann", "timestamp": "2026-01-05T11:59:50Z",
        "originalTimestamp": "2026-01-05T10:59:50Z", "sentAt": "2026-01-05T11:00:00Z",
    }  # fmt: skip
    assert event(call).occurred_at == RECEIVED - 10 * SECOND


def test_a_batch_sent_at_no_time_loses_nothing() -> None:
    call = {"type": "track", "event": "seen", "userId": "ann", "timestamp": "2026-01-05T11:00:00Z"}
    assert event(call, sentAt="soon").occurred_at == RECEIVED - HOUR


@pytest.mark.parametrize(
    ("call", "code"),
    [
        ({"type": "delete", "userId": "ann"}, "bad_name"),
        ({"userId": "ann", "event": "seen"}, "bad_name"),
        ({"type": ["track"], "userId": "ann"}, "bad_name"),
        ({"type": "track", "event": "Identify", "userId": "ann"}, "reserved_name"),
        ({"type": "group", "userId": "ann"}, "no_customer"),
        ({"type": "alias", "userId": "ann", "previousId": ""}, "no_customer"),
    ],
)
def test_a_call_that_means_nothing_is_set_aside_whole(call: dict[str, Any], code: str) -> None:
    [found, other] = batch(call, {"type": "track", "event": "seen", "userId": "bob"})
    assert isinstance(found, Unreadable)
    assert (found.code, found.decoded) == (code, call)
    assert isinstance(other, dict)


def test_a_route_of_one_kind_needs_no_type() -> None:
    [raw] = calls_from(b'{"userId": "ann", "event": "seen", "type": "identify"}', "track", 10)
    assert isinstance(raw, dict) and raw["event"] == "seen"


@pytest.mark.parametrize("body", [b"[]", b"5", b"{}", b'{"batch": {}}', b'{"batch": NaN}', b"", b"{"])
def test_a_body_without_a_batch_is_refused(body: bytes) -> None:
    with pytest.raises(RequestError):
        batch_of_calls(body, 10)
