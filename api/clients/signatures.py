"""Vendors' signatures of webhooks, each over the bytes that came.

A request is good that one of the secrets has signed; where the vendor signs a time too, it is at most
five minutes off.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress

import msgspec

from engine.customers.kinds import parse_time
from engine.errors import SignatureError
from engine.model.hook import Vendor
from engine.model.values import MINUTE, SECOND, Micros
from engine.runtime.actions.webhook import signature

TOLERANCE: Micros = 5 * MINUTE
"""How far the time that was signed may be from ours, either way."""

# HubSpot takes these, and no others, out of the percent encoding before it signs an address.
_DECODED = re.compile(r"%(?:3A|2F|3F|40|21|24|27|28|29|2A|2C|3B)", re.IGNORECASE)


class Signed(msgspec.Struct, frozen=True):
    """A request as it was signed; `uri` is the public address with its query, `token` what the query has."""

    method: str
    uri: str
    headers: Mapping[str, str]
    body: bytes
    token: str = ""


def verify(vendor: Vendor, signed: Signed, secrets: Sequence[str], now: Micros) -> None:
    """Raise `SignatureError` unless one of the secrets signed the request, and lately."""
    if not any([_VENDORS[vendor](signed, secret.encode(), now) for secret in secrets if secret]):
        raise SignatureError(f"this is not signed as {vendor} does; check the secret in holdfast.yaml")


def _mac(secret: bytes, *parts: bytes) -> bytes:
    return hmac.new(secret, b"".join(parts), hashlib.sha256).digest()


def _same(given: str, expected: bytes) -> bool:
    return hmac.compare_digest(given.strip().encode(), expected)


def _lately(time: object, now: Micros) -> bool:
    with suppress(ValueError, ArithmeticError):
        return abs(now - parse_time(time)) <= TOLERANCE
    return False


def _hubspot(signed: Signed, secret: bytes, now: Micros) -> bool:
    """Version 3: base64 over method, address, body and a time in milliseconds."""
    time = signed.headers.get("x-hubspot-request-timestamp", "")
    path, mark, query = signed.uri.partition("?")
    uri = _decoded(path) + mark + _decoded(query)
    expected = _mac(secret, signed.method.encode(), uri.encode(), signed.body, time.encode())
    given = signed.headers.get("x-hubspot-signature-v3", "")
    return _lately(time, now) and _same(given, base64.b64encode(expected))


def _decoded(part: str) -> str:
    return _DECODED.sub(lambda found: chr(int(found[0][1:], 16)), part)


def _shopify(signed: Signed, secret: bytes, now: Micros) -> bool:
    """Base64 over the body; there is no time in it, so that repeats are told by the event's id alone."""
    given = signed.headers.get("x-shopify-hmac-sha256", "")
    return _same(given, base64.b64encode(_mac(secret, signed.body)))


def _stripe(signed: Signed, secret: bytes, now: Micros) -> bool:
    """Hexadecimal over `time.body`; several signatures where the vendor changes its secret."""
    parts = [part.strip().partition("=") for part in signed.headers.get("stripe-signature", "").split(",")]
    time = next((value for name, _, value in parts if name == "t"), "")
    expected = _mac(secret, time.encode(), b".", signed.body).hex().encode()
    good = [_same(value, expected) for name, _, value in parts if name == "v1"]
    return _lately(time, now) and any(good)


def _zendesk(signed: Signed, secret: bytes, now: Micros) -> bool:
    """Base64 over a time in ISO 8601 and the body."""
    time = signed.headers.get("x-zendesk-webhook-signature-timestamp", "")
    given = signed.headers.get("x-zendesk-webhook-signature", "")
    return _lately(time, now) and _same(given, base64.b64encode(_mac(secret, time.encode(), signed.body)))


def _salesforce(signed: Signed, secret: bytes, now: Micros) -> bool:
    """Nothing is signed: the secret is the token in the address."""
    return _same(signed.token, secret)


def verify_standard(headers: Mapping[str, str], body: bytes, secrets: Sequence[str], now: Micros) -> str:
    """Give the id under which a request was signed as Standard Webhooks has it, by one of the secrets.

    Raises `SignatureError` where none has signed it, or not lately.
    """
    id, time = headers.get("webhook-id", ""), headers.get("webhook-timestamp", "")
    given = headers.get("webhook-signature", "").split()
    good = False
    if id and time.isascii() and time.isdigit() and len(time) < 12:
        at = int(time) * SECOND
        expected = [signature(id, at, body, secret)["webhook-signature"] for secret in secrets if secret]
        same = [_same(each, one.encode()) for each in given for one in expected]
        good = any(same) and abs(now - at) <= TOLERANCE
    if not good:
        raise SignatureError(
            "this is not signed as Standard Webhooks has it, or over five minutes ago; check the secret in"
            " holdfast.yaml"
        )
    return id


_VENDORS: Mapping[Vendor, Callable[[Signed, bytes, Micros], bool]] = {
    "hubspot": _hubspot,
    "salesforce": _salesforce,
    "shopify": _shopify,
    "stripe": _stripe,
    "zendesk": _zendesk,
}
