"""What a CloudEvent means as an event, in each of its three modes."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from api.clients.cloudevents import ONE, SEVERAL, decoder
from engine.customers.catalog import build_catalog
from engine.customers.event import Event
from engine.customers.normalise import normalise
from engine.errors import RequestError
from engine.model.values import HOUR, Micros
from engine.runtime.intake import Unreadable
from tests.customer_facts import workspace_of

RECEIVED: Micros = 1_767_614_400_000_000  # 2026-01-05 12:00 UTC
ORDER = {
    "specversion": "1.0", "id": "e1", "source": "/shop", "type": "com.example.order_completed",
    "time": "2026-01-05T11:00:00Z", "subject": "ann", "datacontenttype": "application/json",
    "data": {"total": 9.5},
}  # fmt: skip


def read(headers: dict[str, str], body: bytes) -> list[object]:
    decode = decoder(headers)
    assert decode is not None
    return decode(body, 10)


def structured(written: dict[str, Any]) -> object:
    [found] = read({"content-type": f"{ONE}; charset=utf-8"}, msgspec.json.encode(written))
    return found


def normal(raw: object) -> Event:
    declared = build_catalog(workspace_of())
    return normalise(raw, received_at=RECEIVED, source="key", declared=declared, may_grant=True)


def binary(body: bytes, kind: str = "application/json", **attributes: str) -> object:
    told = {"specversion": "1.0", "id": "e1", "source": "/shop", "type": "seen", **attributes}
    head = {f"ce-{name}": value for name, value in told.items()}
    [found] = read({"content-type": kind, **head}, body)
    return found


def test_a_structured_event_is_an_event() -> None:
    made = normal(structured(ORDER))
    assert (made.source, made.message_id, made.name) == ("/shop", "e1", "com_example_order_completed")
    assert (made.customer, made.occurred_at) == ("ann", RECEIVED - HOUR)
    assert [str(value) for value in made.properties.values()] == ["9.5"]


def test_a_batch_is_events() -> None:
    body = msgspec.json.encode([ORDER, {**ORDER, "id": "e2"}])
    assert [normal(raw).message_id for raw in read({"content-type": SEVERAL}, body)] == ["e1", "e2"]


def test_the_head_of_a_binary_event_is_its_attributes() -> None:
    made = normal(
        binary(b'{"total": 5}', time="2026-01-05T11:00:00Z", subject="Ren%C3%A9", traceparent="00-1")
    )
    assert (made.customer, made.occurred_at) == ("René", RECEIVED - HOUR)
    assert made.properties == {"traceparent": "00-1", "total": 5}


def test_a_binary_event_may_have_no_data() -> None:
    assert normal(binary(b"", kind="", subject="ann")).properties == {}


@pytest.mark.parametrize("name", ["customer", "userId", "anonymous_id"])
def test_whom_the_data_names_comes_before_the_subject(name: str) -> None:
    made = normal(structured({**ORDER, "data": {name: "bob", "account": "acme"}}))
    assert (made.customer, made.account, made.properties) == ("bob", "acme", {})


def test_data_that_is_no_object_is_one_property() -> None:
    assert normal(structured({**ORDER, "data": [1, 2]})).properties == {"data": [1, 2]}


@pytest.mark.parametrize(
    "change",
    [{"id": None}, {"source": ""}, {"type": 5}, {"specversion": "0.3"}, {"data_base64": "AA=="}],
    ids=["no id", "no source", "a type that is no text", "another version", "bytes"],
)
def test_what_is_no_event_of_version_1_is_set_aside(change: dict[str, Any]) -> None:
    found = structured({**ORDER, **change})
    assert isinstance(found, Unreadable)
    assert (found.code, found.decoded["subject"]) == ("bad_value", "ann")


@pytest.mark.parametrize(
    ("body", "kind", "code"),
    [
        (b"<a/>", "application/xml", "bad_value"),
        (b"{", "application/json", "invalid_json"),
        (b'{"a": ' + b"[" * 100_000, "application/json", "invalid_json"),
        (b'{"a": ' + b"[" * 100_000 + b"]" * 100_000 + b"}", "application/vnd.x+json", "too_deep"),
    ],
    ids=["xml", "torn", "torn and deep", "deep"],
)
def test_binary_data_that_cannot_be_read_is_set_aside(body: bytes, kind: str, code: str) -> None:
    found = binary(body, kind)
    assert isinstance(found, Unreadable) and found.code == code


def test_no_head_of_cloud_events_is_none() -> None:
    assert decoder({"content-type": "application/json"}) is None


def test_cloud_events_in_another_form_are_refused() -> None:
    with pytest.raises(RequestError) as caught:
        decoder({"content-type": "application/cloudevents+avro"})
    assert caught.value.code == "unsupported_media_type"
