"""Hook maps: places in a message, what is made of what stands there, and what is not there."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from engine.authoring.hooks.mapping import events_of
from engine.model.hook import HookEvent, HookMap

MESSAGE = {
    "id": 7, "type": "paid", "live": True, "email": " Ann@Example.COM ", "lines": [{"sku": "a1"}],
    "order": {"total": "12.50", "cents": 1250, "note": None}, "key": "plan", "huge": "1e999999999999999999",
}  # fmt: skip


def events(*made: HookEvent, headers: dict[str, str] | None = None) -> list[dict[str, Any]]:
    return events_of(HookMap(id="shop", vendor="shopify", events=made), MESSAGE, headers or {})


def value(written: str, **headers: str) -> Any:
    """Gives what a property is that is written so."""
    told = {name.replace("_", "-"): each for name, each in headers.items()}
    [event] = events(HookEvent(event="e", id="{id}", properties={"x": written}), headers=told)
    return event["properties"].get("x")


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("order.total", "12.50"),
        ("order.total as number", Decimal("12.50")),
        ("order.cents as cents", Decimal("12.5")),
        ("email as lower", "ann@example.com"),
        ("lines.0.sku", "a1"),
        ("lines.1.sku", None),
        ("lines.sku", None),
        ("order", {"total": "12.50", "cents": 1250, "note": None}),
        ("order.note", None),
        ("order.total.more", None),
        ("nothing", None),
        ("email as number", MESSAGE["email"]),
        ("huge as cents", MESSAGE["huge"]),
        ("live as number", True),
        ("order:{id}-{type}", "order:7-paid"),
        ("{live}", "true"),
        ("order:{nothing}", None),
        ("order:{order}", None),
    ],
)
def test_a_place_gives_what_stands_there(written: str, expected: Any) -> None:
    assert value(written) == expected


def test_a_place_may_be_in_the_head() -> None:
    assert value("headers.X-Topic", x_topic="orders/paid") == "orders/paid"
    assert value("headers.x-other", x_topic="orders/paid") is None


def test_a_message_is_every_event_whose_conditions_hold() -> None:
    made = events(
        HookEvent(event="a", id="{id}", when={"type": "paid", "live": "true"}),
        HookEvent(event="b", id="{id}", when={"type": "paid", "order.note": "x"}),
        HookEvent(event="c", id="{id}", when={"id": "7"}),
    )
    assert [event["event"] for event in made] == ["a", "c"]


def test_what_is_not_there_is_left_out() -> None:
    [event] = events(HookEvent(event="e", id="{id}", customer="nobody", at="never", properties={"a": "b"}))
    assert event == {"event": "e", "id": "7", "properties": {}}


def test_who_and_when_are_as_the_engine_takes_them() -> None:
    [event] = events(
        HookEvent(event="e", id="{id}", customer="email as lower", anonymous_id="shop:{id}", at="order.cents")
    )
    assert (event["customer"], event["anonymous_id"], event["at"]) == ("ann@example.com", "shop:7", 1250)


def test_the_name_of_a_property_may_stand_in_the_message() -> None:
    [event] = events(HookEvent(event="identify", id="{id}", properties={"{key}": "type", "{none}": "type"}))
    assert event["properties"] == {"plan": "paid"}
