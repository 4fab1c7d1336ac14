"""What speaks of a customer, and what only looks so."""

from decimal import Decimal
from typing import Any

import pytest

from engine.customers.event import Event
from engine.runtime.people.mentions import Mentions

ANA = Mentions(["42", "guest-canary-1"], ["Ana@Example.com"])


@pytest.mark.parametrize(
    ("value", "speaks"),
    [
        ({"customer": "42"}, True),
        ({"context": {"user_id": 42}}, True),
        ({"userId": "42"}, True),
        ({"quantity": 42, "note": "42"}, False),
        ({"customer": "421"}, False),
        ({"anything": "guest-canary-1"}, True),
        ({"note": "mail to ana@example.com, please"}, True),
        ({"note": "banana@example.com"}, False),
        ({"note": "ana@example.community"}, False),
        (["x", {"y": ["guest-canary-1"]}], True),
        ({"guest-canary-1": 1}, True),
        (None, False),
        (True, False),
    ],
)
def test_values(value: Any, speaks: bool) -> None:
    assert ANA.in_value(value) is speaks


@pytest.mark.parametrize(
    ("text", "speaks"),
    [
        (b'{"customer": "42"}', True),
        (b'{"note": "\\u0061na@example.com"}', True),
        (b'{"customer": "42", "cut short', True),
        (b'{"total": 42, "cut short', False),
        (b"ana@example.com\xff", True),
        (b"", False),
    ],
)
def test_bodies_whole_and_broken(text: bytes, speaks: bool) -> None:
    assert ANA.in_text(text) is speaks


@pytest.mark.parametrize(
    ("path", "speaks"),
    [
        ("/v1/customers/42/points", True),
        ("/v1/customers/guest%2Dcanary%2D1", True),
        ("/v1/scores/health/customers/42/override", True),
        ("/v1/runs/42/cancel", False),
    ],
)
def test_paths(path: str, speaks: bool) -> None:
    assert ANA.in_path(path) is speaks
    assert ANA.in_answer(path.encode()) is speaks


def test_what_one_of_their_events_said_is_theirs_wherever_it_stands() -> None:
    event = Event(
        source="shop", message_id="m-1", customer="42", name="x", occurred_at=0, received_at=0,
        properties={"total": Decimal("2.50"), "seats": 3},
    )  # fmt: skip
    mentions = Mentions(["42"], [], [event])

    assert mentions.in_value({"event": {"seats": Decimal(3), "total": 2.5}})
    assert mentions.in_value({"trigger_key": "rule/acme/event/0/shop/m-1"})
    assert not mentions.in_value({"event": {"seats": 3}})
