"""Webhooks of vendors over HTTP: signed or nothing, once, and no message at its neighbour's cost."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from litestar import Litestar
from litestar.testing import TestClient

from engine.authoring.hooks.shipped import shipped_hooks
from engine.customers.event import Event
from engine.model.values import MINUTE
from engine.runtime.clock import VirtualClock
from engine.runtime.engine import Engine
from tests.integration.api.conftest import FILES, START, problem
from tests.integration.api.test_ingest import BAD
from tests.unit.authoring.hooks.test_messages import outbound

SECRETS = {"SHOP_SECRET": "new", "SHOP_SECRET_OLD": "old"}
HOOKS = """
public_url: https://shop.example.com
hooks:
  till: {map: shopify, secrets: [{env: SHOP_SECRET}, {env: SHOP_SECRET_OLD}]}
  pay: {map: stripe, secrets: [{env: SHOP_SECRET}]}
  crm: {map: hubspot, secrets: [{env: SHOP_SECRET}]}
  desk: {map: zendesk, secrets: [{env: SHOP_SECRET}]}
  sales: {map: salesforce, secrets: [{env: SHOP_SECRET}], organization: 00D1}
  lost: {map: shopify, secrets: [{env: NOT_SET}]}
"""
ORDER = b'{"id": 1, "email": "Ann@Example.com", "total_price": "9.50"}'
PAID = {"X-Shopify-Topic": "orders/paid"}
CHANGED = (
    b'{"subscriptionId": 1, "eventId": %d, "objectId": 8, "subscriptionType": "contact.propertyChange",'
    b' "occurredAt": 1767614400000, "propertyName": "plan", "propertyValue": %s}'
)

Send = Callable[..., Any]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The shop with a hook for each vendor."""
    files = {**FILES, "holdfast.yaml": FILES["holdfast.yaml"] + HOOKS}
    files |= {name: data.decode() for name, data in shipped_hooks().items()}
    for name, text in files.items():
        path = tmp_path / "shop" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text.lstrip())
    for name, value in SECRETS.items():
        monkeypatch.setenv(name, value)
    return tmp_path / "shop"


@pytest.fixture
def send(http: TestClient[Litestar]) -> Send:
    """Sends a body to a hook."""

    def post(name: str, body: bytes, headers: dict[str, str] | None = None, query: str = "") -> Any:
        return http.post(f"/v1/hooks/{name}{query}", content=body, headers=headers or {})

    return post


def mac(body: bytes, secret: str = "new") -> bytes:
    return hmac.new(secret.encode(), body, hashlib.sha256).digest()


def shopify(body: bytes, secret: str = "new") -> dict[str, str]:
    return {**PAID, "X-Shopify-Hmac-SHA256": base64.b64encode(mac(body, secret)).decode()}


def hubspot(body: bytes, uri: str, at: int = START) -> dict[str, str]:
    time = str(at // 1000)
    signed = base64.b64encode(mac(b"POST" + uri.encode() + body + time.encode())).decode()
    return {"X-HubSpot-Signature-v3": signed, "X-HubSpot-Request-Timestamp": time}


def stored(engine: Engine, source: str, id: str) -> Event:
    with engine.store.reader() as reader:
        found = reader.event(source, id)
    assert found is not None
    return found.event


@pytest.mark.parametrize("secret", ["new", "old"])
def test_a_signed_message_is_an_event_once(send: Send, engine: Engine, secret: str) -> None:
    # given an order as the shop sends it, signed with either secret
    first, again = (send("till", ORDER, shopify(ORDER, secret)) for _ in range(2))
    # then it is an event under the hook's name, and the same again is a duplicate
    assert first.json() == {
        "success": True, "accepted": 1, "duplicates": 0, "conflicts": [], "quarantined": [], "ignored": 0,
    }  # fmt: skip
    assert (again.status_code, again.json()["duplicates"]) == (200, 1)
    event = stored(engine, "till", "paid-1")
    assert (event.name, event.customer) == ("order_completed", "ann@example.com")
    assert str(event.properties["total"]) == "9.50"


def test_a_message_that_the_map_does_not_know_is_told_as_ignored(send: Send, engine: Engine) -> None:
    answer = send("till", ORDER, {**shopify(ORDER), "X-Shopify-Topic": "carts/update"})
    assert (answer.status_code, answer.json()["ignored"]) == (200, 1)
    assert engine.doctor()["received"] == 0


@pytest.mark.parametrize("headers", [{}, shopify(b"other"), shopify(ORDER, "guessed")])
def test_what_is_not_signed_is_let_in_nowhere(send: Send, engine: Engine, headers: dict[str, str]) -> None:
    answer = send("till", ORDER, headers)
    assert (answer.status_code, problem(answer)["code"]) == (401, "bad_signature")
    assert engine.doctor()["received"] == 0


def test_hubspot_signs_the_public_address_and_its_time(
    send: Send, engine: Engine, clock: VirtualClock
) -> None:
    # given a batch signed for the address that HubSpot knows, some of it percent-encoded
    body = b"[" + CHANGED % (1, b'"pro"') + b"]"
    head = hubspot(body, "https://shop.example.com/v1/hooks/crm?at=10:00&of=a%20b")
    # then it is good, under that address, for five minutes
    assert send("crm", body, head, "?at=10%3A00&of=a%20b").json()["accepted"] == 1
    assert send("crm", body, head, "?at=10%3A01&of=a%20b").status_code == 401
    clock.move_to(START + 5 * MINUTE + 1_000_000)
    assert send("crm", body, head, "?at=10%3A00&of=a%20b").status_code == 401
    assert stored(engine, "crm", "1-1-8").properties == {"plan": "pro"}


def test_stripe_and_zendesk_sign_a_time(send: Send, engine: Engine) -> None:
    paid = b'{"id": "evt_1", "type": "invoice.payment_failed", "data": {"object": {"customer": "cus_1"}}}'
    head = {"Stripe-Signature": f"t={START // 10**6},v1={mac(b'%d.' % (START // 10**6) + paid).hex()}"}
    assert send("pay", paid, head).json()["accepted"] == 1
    assert stored(engine, "pay", "evt_1").anonymous_id == "stripe:cus_1"

    time = "2026-01-05T12:00:00Z"
    ticket = b'{"type": "zen:event-type:ticket.created", "detail": {"id": "5", "requester_id": "7"}}'
    head = {
        "X-Zendesk-Webhook-Signature": base64.b64encode(mac(time.encode() + ticket)).decode(),
        "X-Zendesk-Webhook-Signature-Timestamp": time,
    }
    assert send("desk", ticket, head).json()["accepted"] == 1
    assert stored(engine, "desk", "opened-5").name == "ticket_opened"


def test_salesforce_is_acknowledged_in_its_own_words(send: Send, engine: Engine) -> None:
    # given an outbound message with two notifications of the same case, as retries are
    body = (
        outbound(2)
        .replace("c1<", "c0<")
        .replace("<sf:Subject>", "<sf:ContactId>k</sf:ContactId><sf:Subject>")
    )
    answer = send("sales", body.encode(), {"Content-Type": "text/xml"}, "?token=new")
    # then Salesforce reads that it was taken, and the case counts once
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/xml")
    assert "<Ack>true</Ack>" in answer.text
    assert stored(engine, "sales", "opened-c0").anonymous_id == "salesforce:k"
    assert engine.doctor()["accepted"] == 1


@pytest.mark.parametrize(
    ("body", "query", "status", "code"),
    [
        (outbound(), "", 401, "bad_signature"),
        (outbound(), "?token=old", 401, "bad_signature"),
        (outbound().replace("00D1", "00D2"), "?token=new", 401, "bad_signature"),
        (outbound().replace("<OrganizationId>00D1</OrganizationId>", ""), "?token=new", 401, "bad_signature"),
        (outbound(101), "?token=new", 413, "too_many_events"),
        ("<a/>", "?token=new", 400, "invalid_xml"),
    ],
    ids=["no token", "another token", "another organization", "no organization", "too many", "no message"],
)
def test_salesforce_is_known_by_token_and_organization(
    send: Send, engine: Engine, body: str, query: str, status: int, code: str
) -> None:
    answer = send("sales", body.encode(), {}, query)
    assert (answer.status_code, problem(answer)["code"]) == (status, code)
    assert engine.doctor()["received"] == 0


@pytest.mark.parametrize("name", ["nan", "surrogate", "nul", "2^70", "5000 digits", "very deep"])
def test_a_bad_message_costs_its_neighbours_nothing(send: Send, engine: Engine, name: str) -> None:
    # given a bad value between two good messages
    bad = BAD[name].partition(b'"x": ')[2][:-1]
    body = b"[" + b", ".join((CHANGED % (1, b'"a"'), CHANGED % (2, bad), CHANGED % (3, b'"c"'))) + b"]"
    answer = send("crm", body, hubspot(body, "https://shop.example.com/v1/hooks/crm"))
    # then it is in quarantine, and they are accepted
    assert (answer.status_code, answer.json()["accepted"]) == (200, 2)
    assert len(answer.json()["quarantined"]) == 1
    assert engine.doctor()["balanced"]


def test_a_secret_that_is_not_there_is_our_fault(send: Send) -> None:
    answer = send("lost", ORDER, shopify(ORDER))
    assert (answer.status_code, problem(answer)["code"]) == (503, "unavailable")
    assert int(answer.headers["retry-after"]) > 0
    assert "NOT_SET" not in answer.text


def test_a_hook_that_is_not_there_is_none(send: Send) -> None:
    assert send("other", ORDER, shopify(ORDER)).status_code == 404
