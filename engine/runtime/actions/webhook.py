"""`webhook.call` and `sms.send`: signed JSON to an address of holdfast.yaml.

Signatures follow Standard Webhooks (https://www.standardwebhooks.com), so that its libraries
verify them: HMAC-SHA-256 over `id.timestamp.body`.
"""

from __future__ import annotations

import base64
import email.utils
import hashlib
import hmac
from collections.abc import Mapping
from decimal import Decimal
from typing import Any
from urllib.parse import quote

import msgspec

from engine.errors import DeliveryError
from engine.model.actions import SHIPPED
from engine.model.values import SECOND, Micros
from engine.model.workspace import Webhook
from engine.runtime import tracing
from engine.runtime.actions import Delivery
from engine.runtime.actions.calling import Answer, get, post

_decoder = msgspec.json.Decoder(float_hook=Decimal)
_encoder = msgspec.json.Encoder(order="deterministic", decimal_format="number")


class Endpoint(msgspec.Struct, frozen=True):
    """A webhook of holdfast.yaml, with the secret that signs its calls (None: unsigned)."""

    webhook: Webhook
    secret: str | None = None

    def call(self, delivery: Delivery, body: Mapping[str, Any]) -> Answer:
        """Post the body, signed; raises `DeliveryError` unless the answer is a 2xx."""
        content = _encoder.encode(body)
        headers = {
            "Content-Type": "application/json",
            "User-Agent": "Holdfast",
            "Idempotency-Key": delivery.key,
            **signature(delivery.key, delivery.at, content, self.secret),
            **tracing.outgoing(),
        }
        answer = post(self.webhook.url, content, headers, allowed=self.webhook.hosts)
        if not 200 <= answer.status < 300:
            raise refusal(answer, delivery.at)
        return answer

    def lookup(self, delivery: Delivery) -> dict[str, Any] | None:
        """Ask whether a call was taken: what the answer says then, None where it was not.

        Raises `DeliveryError` where the answer is neither a 2xx nor 404.
        """
        address = (self.webhook.lookup or "").replace("{key}", quote(delivery.key, safe=""))
        headers = {
            "User-Agent": "Holdfast",
            **signature(delivery.key, delivery.at, b"", self.secret),
            **tracing.outgoing(),
        }
        answer = get(address, headers, allowed=self.webhook.hosts)
        if answer.status == 404:
            return None
        if not 200 <= answer.status < 300:
            raise refusal(answer, delivery.at)
        try:
            said = _decoder.decode(answer.body)
        except msgspec.DecodeError:
            said = None
        return {**(said if isinstance(said, dict) else {}), "status": answer.status}


class WebhookCall:
    """The action `webhook.call`."""

    spec = SHIPPED["webhook.call"]

    def __init__(self, endpoints: Mapping[str, Endpoint]) -> None:
        self._endpoints = dict(endpoints)

    def send(self, delivery: Delivery) -> dict[str, Any]:
        """Call the webhook that `with: {webhook: ...}` names; answers its status."""
        endpoint = self._endpoint(delivery)
        body = delivery.arguments.get("body")
        answer = endpoint.call(
            delivery,
            {
                "type": f"{delivery.workflow}.{delivery.path}",
                "key": delivery.key,
                "customer": delivery.customer,
                "run": delivery.run,
                "workflow": delivery.workflow,
                "data": body if isinstance(body, Mapping) else {},
            },
        )
        return {"status": answer.status}

    def lookup(self, delivery: Delivery) -> dict[str, Any] | None:
        """Ask the webhook whether it has taken a call: its answer then, None where it has not."""
        return self._endpoint(delivery).lookup(delivery)

    def _endpoint(self, delivery: Delivery) -> Endpoint:
        name = delivery.arguments.get("webhook")
        endpoint = self._endpoints.get(str(name))
        if endpoint is None:
            raise DeliveryError(f"there is no webhook {name}", retryable=False)
        return endpoint


class SmsSend:
    """The action `sms.send`: the text goes to the webhook under `connectors: sms`."""

    spec = SHIPPED["sms.send"]

    def __init__(self, endpoint: Endpoint | None) -> None:
        self._endpoint = endpoint

    def send(self, delivery: Delivery) -> dict[str, Any]:
        """Hand `{to, text, key}` to the provider."""
        if self._endpoint is None:
            raise DeliveryError("holdfast.yaml has no connector for sms", retryable=False)
        if delivery.letter is None or delivery.recipient is None:
            raise DeliveryError("nothing to send, or nobody to send it to", retryable=False)
        self._endpoint.call(
            delivery, {"to": delivery.recipient, "text": delivery.letter.text, "key": delivery.key}
        )
        return {}

    def lookup(self, delivery: Delivery) -> dict[str, Any] | None:
        """Ask whether a text was taken: its answer then, None where it was not."""
        if self._endpoint is None:
            raise DeliveryError("there is no connector for text messages", retryable=False)
        return self._endpoint.lookup(delivery)


def signature(id: str, at: Micros, body: bytes, secret: str | None) -> dict[str, str]:
    """Give the headers of Standard Webhooks; `id` is the same for every attempt, `at` this one's."""
    headers = {"webhook-id": id, "webhook-timestamp": str(at // SECOND)}
    if secret is not None:
        signed = b".".join((id.encode(), headers["webhook-timestamp"].encode(), body))
        mac = base64.b64encode(hmac.digest(_key(secret), signed, hashlib.sha256)).decode()
        headers["webhook-signature"] = f"v1,{mac}"
    return headers


def _key(secret: str) -> bytes:
    if secret.startswith("whsec_"):
        return base64.b64decode(secret.removeprefix("whsec_"))
    return secret.encode()


def refusal(answer: Answer, now: Micros) -> DeliveryError:
    """Give the error for an answer that is no 2xx: 408, 425, 429 and 5xx may be tried again."""
    again = answer.status in (408, 425, 429) or answer.status >= 500
    return DeliveryError(
        f"the answer was {answer.status}",
        retryable=again,
        retry_after=patience(answer.headers.get("retry-after"), now) if again else None,
    )


def patience(header: str | None, now: Micros) -> float | None:
    """Read a Retry-After (RFC 9110, seconds or a date) as seconds from `now`; None where it is neither."""
    if header is None:
        return None
    if header.strip().isascii() and header.strip().isdigit():
        return float(header[:9])
    try:
        moment = email.utils.parsedate_to_datetime(header)
    except ValueError:
        return None
    return max(0.0, moment.timestamp() - now / SECOND)
