"""Normalising: many clients' spellings, one form; and what is refused, with its reason."""

import json
from decimal import Decimal
from typing import Any

import pytest

from engine.customers.catalog import Catalog, build_catalog
from engine.customers.event import Event
from engine.customers.normalise import digest, normalise, snake
from engine.errors import QuarantineError
from engine.model.actions import BUILT_IN_EVENTS
from engine.model.facts import EventType, FactType, PropertyType, Trait
from tests.customer_facts import at, workspace_of

NOON = at("2026-03-08T12:00")


@pytest.fixture(scope="module")
def catalog() -> Catalog:
    order = {
        "total": PropertyType(type=FactType.NUMBER, required=True),
        "gift": PropertyType(type=FactType.BOOLEAN),
        "ships": PropertyType(type=FactType.DATE),
        "paid_at": PropertyType(type=FactType.TIME),
        "order_id": PropertyType(type=FactType.TEXT),
        "slack": PropertyType(type=FactType.DURATION),
        "items": PropertyType(type=FactType.LIST),
    }
    return build_catalog(
        workspace_of(
            events={"order_completed": EventType(properties=order)},
            plan=Trait(type=FactType.TEXT, one_of=("free", "team")),
            renewal_date=Trait(type=FactType.DATE),
            marketing_email=Trait(type=FactType.BOOLEAN, protected=True),
            seats=Trait(type=FactType.NUMBER, on="account"),
        )
    )


@pytest.fixture
def read(catalog: Catalog) -> Any:
    def normalised(raw: Any, **options: Any) -> Event:
        options = {"received_at": NOON, "source": "shop", "declared": catalog, **options}
        return normalise(raw, **options)

    return normalised


@pytest.fixture
def refused(read: Any) -> Any:
    def code(raw: Any, **options: Any) -> str:
        with pytest.raises(QuarantineError) as caught:
            read(raw, **options)
        return caught.value.code

    return code


@pytest.mark.parametrize(
    "raw",
    [
        {"customer": "c1", "event": "visit", "id": "m1", "at": "2026-03-08T11:00:00Z", "page": "/a"},
        {"customer_id": "c1", "event": "Visit", "message_id": "m1", "page": "/a",
         "occurred_at": "2026-03-08T12:00:00+01:00"},
        {"user_id": "c1", "name": "visit", "id": "m1", "timestamp": 1772967600, "properties": {"Page": "/a"}},
        {"userId": "c1", "event": "visit", "messageId": "m1", "timestamp": 1772967600000, "page": "/b",
         "properties": {"page": "/a"}},
        {"user_id": "c1", "type": "visit", "messageId": "m1", "time": "2026-03-08 11:00",
         "traits": {"page": "/a"}},
    ],
)  # fmt: skip
def test_spellings_of_many_clients_are_one_event(read: Any, raw: Any) -> None:
    event = read(raw)
    assert (event.customer, event.name, event.message_id) == ("c1", "visit", "m1")
    assert event.occurred_at == at("2026-03-08T11:00")
    assert event.properties == {"page": "/a"}


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Order Completed", "order_completed"),
        ("orderCompleted", "order_completed"),
        ("HTTPRequest", "http_request"),
        ("order-completed", "order_completed"),
        ("  Order.Completed! ", "order_completed"),
        ("v2Plan", "v2_plan"),
        ("Größe", "größe"),
    ],
)
def test_names_are_in_snake_case(name: str, expected: str) -> None:
    assert snake(name) == expected


def test_numbers_are_exact(read: Any) -> None:
    raw = json.loads('{"customer": 7, "event": "pay", "a": 0.1, "b": 9007199254740993, "c": [19.99, true]}')
    event = read(raw)
    assert event.customer == "7"
    assert event.properties == {"a": Decimal("0.1"), "b": 9007199254740993, "c": [Decimal("19.99"), True]}
    assert all(type(value) is not float for value in (event.properties["a"], *event.properties["c"]))


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        ("visit", "not_an_object"),
        ({"event": "visit"}, "no_customer"),
        ({"customer": "  ", "event": "visit"}, "no_customer"),
        ({"customer": "x" * 257, "event": "visit"}, "no_customer"),
        ({"customer": True, "event": "visit"}, "no_customer"),
        ({"customer": "c1"}, "no_name"),
        ({"customer": "c1", "event": "!!"}, "bad_name"),
        ({"customer": "c1", "event": 7}, "bad_name"),
        ({"customer": "c1", "event": "x" * 201}, "bad_name"),
        ({"customer": "c1", "event": "visit", "at": "yesterday"}, "bad_time"),
        ({"customer": "c1", "event": "visit", "at": "1969-12-31T23:59:59Z"}, "bad_time"),
        ({"customer": "c1", "event": "visit", "at": "2201-01-01T00:00:00Z"}, "bad_time"),
        ({"customer": "c1", "event": "visit", "at": {}}, "bad_time"),
        ({"customer": "c1", "event": "visit", "x": float("nan")}, "bad_value"),
        ({"customer": "c1", "event": "visit", "x": float("inf")}, "bad_value"),
        ({"customer": "c1", "event": "visit", "x": Decimal("sNaN")}, "bad_value"),
        ({"customer": "c1", "event": "visit", "x": 2**63}, "bad_value"),
        ({"customer": "c1", "event": "visit", "x": 2.0**63}, "bad_value"),
        ({"customer": "c1", "event": "visit", "x": -(2.0**63) * 1.1}, "bad_value"),
        ({"customer": "c1", "event": "visit", "x": Decimal("1e999999")}, "bad_value"),
        ({"customer": "c1", "event": "visit", "x": Decimal("1e-999999")}, "bad_value"),
        ({"customer": "c1", "event": "visit", "x": "a\x00b"}, "bad_value"),
        ({"customer": "c1", "event": "visit", "x": "\ud800"}, "bad_value"),
        ({"customer": "c1", "event": "visit", "\ud800": 1}, "bad_value"),
        ({"customer": "c1", "event": "visit", "x": "y" * 65536}, "too_large"),
        ({"customer": "c1", "event": "order_completed"}, "missing_property"),
        ({"customer": "c1", "event": "order_completed", "total": "1,250"}, "wrong_type"),
        ({"customer": "c1", "event": "order_completed", "total": True}, "wrong_type"),
        ({"customer": "c1", "event": "order_completed", "total": 5, "gift": "maybe"}, "wrong_type"),
        ({"customer": "c1", "event": "order_completed", "total": 5, "ships": "2026-02-30"}, "wrong_type"),
        (
            {"customer": "c1", "event": "order_completed", "total": 5, "ships": "2026-03-08T11:00Z"},
            "wrong_type",
        ),
        ({"customer": "c1", "event": "order_completed", "total": 5, "slack": 3}, "wrong_type"),
        ({"customer": "c1", "event": "order_completed", "total": 5, "items": "a"}, "wrong_type"),
        ({"customer": "c1", "event": "identify", "traits": {"plan": "gold"}}, "wrong_type"),
        ({"customer": "c1", "event": "identify", "traits": {"marketing_email": True}}, "protected"),
        ({"customer": "c1", "event": "segment_entered", "segment": "vip"}, "reserved_name"),
        ({"customer": "c1", "event": "merge", "previous_id": "c2"}, "reserved_name"),
    ],
)
def test_what_cannot_be_trusted_is_refused(refused: Any, raw: Any, code: str) -> None:
    assert refused(raw) == code


def test_an_event_may_not_be_nested_without_end(refused: Any, read: Any) -> None:
    def nested(depth: int) -> Any:
        return json.loads("[" * depth + "]" * depth)

    assert read({"customer": "c1", "event": "visit", "x": nested(32)}).properties["x"]
    assert refused({"customer": "c1", "event": "visit", "x": nested(33)}) == "too_deep"
    assert refused({"customer": "c1", "event": "visit", "x": nested(500)}) == "too_deep"


def test_only_what_a_provider_may_know_is_taken_under_the_engines_names(read: Any) -> None:
    taken = set()
    for name in BUILT_IN_EVENTS:
        try:
            taken.add(read({"customer": "c1", "event": name}).name)
        except QuarantineError as error:
            assert error.code == "reserved_name"
    assert taken == {
        "message_delivered", "message_clicked", "message_bounced", "message_complained", "unsubscribed",
        "coupon_redeemed", "case_acknowledged", "case_assigned", "case_paused", "case_resumed",
        "case_prioritised", "case_resolved", "case_reopened", "case_cancelled", "source_failed",
    }  # fmt: skip


def test_declared_properties_are_read_where_they_can_mean_one_thing(read: Any) -> None:
    event = read(
        {
            "customer": "c1", "event": "Order Completed", "Total": " 12.50 ", "gift": "Yes", "orderId": 77,
            "ships": "2026-03-09T00:00:00.000Z", "paid_at": 1772967600000, "slack": "P1DT2H", "items": [1],
        }
    )  # fmt: skip
    assert event.properties == {
        "total": Decimal("12.50"), "gift": True, "order_id": "77", "ships": "2026-03-09",
        "paid_at": "2026-03-08T11:00:00Z", "slack": "P1DT2H", "items": [1],
    }  # fmt: skip


def test_a_blank_number_is_null(read: Any) -> None:
    raw = {"customer": "c1", "event": "order_completed", "total": 1, "gift": " "}
    assert read(raw).properties["gift"] is None


def test_the_properties_map_wins_over_top_level_keys(read: Any) -> None:
    event = read(
        {"customer": "c1", "event": "visit", "page": "/top", "properties": {"page": "/map"}, "type": "web"}
    )
    assert event.properties == {"page": "/map", "type": "web"}


@pytest.mark.parametrize("value", [False, None, "no", 0])
def test_an_ingest_key_may_withdraw_a_protected_trait(read: Any, value: Any) -> None:
    event = read({"customer": "c1", "event": "identify", "traits": {"marketing_email": value}})
    assert not event.properties["marketing_email"]


def test_who_may_grant_may_grant(read: Any) -> None:
    raw = {"customer": "c1", "event": "identify", "traits": {"marketing_email": "yes"}}
    assert read(raw, may_grant=True).properties == {"marketing_email": True}


def test_group_carries_the_traits_of_the_account(read: Any, refused: Any) -> None:
    event = read({"userId": "c1", "type": "group", "groupId": "acme", "traits": {"seats": "12"}})
    assert (event.name, event.customer, event.account) == ("group", "c1", "acme")
    assert event.properties == {"seats": 12}
    assert (
        refused({"userId": "c1", "type": "group", "groupId": "acme", "traits": {"seats": "dozen"}})
        == "wrong_type"
    )


def test_alias_names_the_anonymous_id(read: Any) -> None:
    event = read({"userId": "c1", "type": "alias", "previousId": "guest-9"})
    assert (event.customer, event.anonymous_id) == ("c1", "guest-9")


def test_a_guest_is_a_customer_under_the_anonymous_id(read: Any) -> None:
    event = read({"anonymousId": "guest-9", "event": "visit"})
    assert (event.customer, event.anonymous_id) == ("guest-9", "guest-9")


@pytest.mark.parametrize(
    ("occurred", "sent", "expected", "flags"),
    [
        ("11:00:00", None, "11:00:00", ()),
        ("11:00:00", "11:59:01", "11:00:00", ()),
        ("11:00:00", "11:59:00", "11:01:00", ("skew_corrected",)),
        ("13:30:00", "13:35:00", "11:55:00", ("skew_corrected",)),
        ("12:05:00", None, "12:05:00", ()),
        ("12:05:01", None, "12:00:00", ("clamped",)),
    ],
)
def test_clocks_are_corrected(
    read: Any, occurred: str, sent: str | None, expected: str, flags: tuple[str, ...]
) -> None:
    raw = {"customer": "c1", "event": "visit", "at": f"2026-03-08T{occurred}Z"}
    event = read(raw | ({"sent_at": f"2026-03-08T{sent}Z"} if sent else {}))
    assert event.occurred_at == at(f"2026-03-08T{expected}")
    assert event.flags == flags


def test_a_clock_off_by_over_a_day_is_not_believed(read: Any) -> None:
    event = read(
        {"customer": "c1", "event": "visit", "at": "2026-03-01T00:00Z", "sent_at": "2026-03-01T00:01Z"}
    )
    assert event.occurred_at == at("2026-03-01T00:00")
    assert event.flags == ()


def test_an_event_without_an_id_is_known_by_its_content(read: Any) -> None:
    raw = {"customer": "c1", "event": "visit", "at": "2026-03-08T11:00Z", "page": "/a"}
    again = {"page": "/a", "event": "Visit", "at": "2026-03-08T11:00Z", "customer": "c1"}
    assert len(read(raw).message_id) == 64
    assert read(raw).message_id == read(again, received_at=NOON + 5).message_id
    assert read(raw).message_id != read(raw | {"page": "/b"}).message_id
    assert read(raw).message_id != read(raw, source="other").message_id


def test_an_event_without_id_and_time_is_never_a_duplicate(read: Any) -> None:
    event = read({"customer": "c1", "event": "visit"})
    assert (event.message_id, event.occurred_at, event.flags) == ("", NOON, ("untimed",))


@pytest.mark.parametrize(
    "raw",
    [
        {"customer": "c1", "event": "visit", "id": "m1", "page": "/a"},
        {"customer": "c1", "event": "visit", "id": "m1", "page": "/a", "at": "2026-03-08T12:04Z"},
        {"customer": "c1", "event": "visit", "id": "m1", "at": "2026-03-08T12:30Z"},
        {
            "customer": "c1",
            "event": "visit",
            "id": "m1",
            "at": "2026-03-08T11:00Z",
            "sent_at": "2026-03-08T11:30Z",
        },
    ],
)
def test_a_retry_is_the_same_event_however_late_it_comes(read: Any, raw: Any) -> None:
    # A1: e1 posted twice with one body is a duplicate, with another body a conflict
    first, retry = read(raw), read(raw, received_at=NOON + 40 * 60 * 1_000_000)
    assert digest(first) == digest(retry)
    assert digest(first) != digest(read(raw | {"page": "/other"}))
