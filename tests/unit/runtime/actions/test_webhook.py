"""Webhooks: signed as Standard Webhooks has it, and what an answer means."""

import base64
import hashlib
import hmac

import pytest

from engine.errors import DeliveryError
from engine.model.values import SECOND
from engine.model.workspace import Webhook
from engine.runtime.actions import Delivery
from engine.runtime.actions.calling import Answer
from engine.runtime.actions.webhook import Endpoint, SmsSend, WebhookCall, patience, refusal, signature

AT = 1_700_000_000 * SECOND
DELIVERY = Delivery(
    key="run1:2:0", action="webhook.call", run="run1", workflow="w", customer="ann", path="2", attempt=1,
    at=AT, created_at=AT, arguments={"webhook": "crm"},
)  # fmt: skip


def test_a_signature_is_over_id_timestamp_and_body() -> None:
    # given a secret as Standard Webhooks writes it
    key = b"k" * 24
    headers = signature("run1:2:0", AT, b'{"a":1}', "whsec_" + base64.b64encode(key).decode())

    # then it can be computed from the specification's own words
    expected = hmac.new(key, b'run1:2:0.1700000000.{"a":1}', hashlib.sha256).digest()
    assert headers == {
        "webhook-id": "run1:2:0",
        "webhook-timestamp": "1700000000",
        "webhook-signature": "v1," + base64.b64encode(expected).decode(),
    }


def test_the_id_is_the_same_for_every_attempt_and_the_timestamp_is_not() -> None:
    first, second = (signature("k", AT + later * SECOND, b"", "s") for later in (0, 60))
    assert first["webhook-id"] == second["webhook-id"]
    assert first["webhook-timestamp"] != second["webhook-timestamp"]
    assert first["webhook-signature"] != second["webhook-signature"]


def test_without_a_secret_nothing_is_signed() -> None:
    assert "webhook-signature" not in signature("k", AT, b"", None)


@pytest.mark.parametrize("status", [408, 425, 429, 500, 502, 503])
def test_what_may_pass_is_tried_again(status: int) -> None:
    assert refusal(Answer(status, {}, b""), AT).retryable


@pytest.mark.parametrize("status", [301, 302, 400, 401, 404, 410, 422])
def test_what_will_not_pass_is_not_tried_again(status: int) -> None:
    assert not refusal(Answer(status, {"retry-after": "1"}, b""), AT).retryable


@pytest.mark.parametrize(
    "header, seconds",
    [
        ("120", 120.0),
        ("Tue, 14 Nov 2023 22:14:20 GMT", 60.0),
        ("Tue, 14 Nov 2023 00:00:00 GMT", 0.0),
        ("soon", None),
        ("-5", None),
        (None, None),
    ],
)
def test_retry_after_is_seconds_or_a_date(header: str | None, seconds: float | None) -> None:
    assert patience(header, AT) == seconds


def test_a_webhook_that_is_not_in_holdfast_yaml_is_not_called() -> None:
    with pytest.raises(DeliveryError, match="no webhook crm") as caught:
        WebhookCall({}).send(DELIVERY)
    assert not caught.value.retryable


@pytest.mark.parametrize("endpoint", [None, Endpoint(Webhook(url="https://sms.example/"))])
def test_a_text_message_needs_a_connector_and_a_number(endpoint: Endpoint | None) -> None:
    with pytest.raises(DeliveryError) as caught:
        SmsSend(endpoint).send(DELIVERY)
    assert not caught.value.retryable
