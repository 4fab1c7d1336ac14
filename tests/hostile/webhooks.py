"""Webhooks that claim to be a vendor's: unsigned, signed by somebody else, long ago, or over other bytes."""

from __future__ import annotations

import base64
import gzip
import hashlib
import hmac
from collections.abc import Callable, Mapping
from typing import Any

from engine.authoring.hooks.shipped import shipped_hooks
from engine.model.values import MINUTE
from tests.hostile.case import Case, Ground
from tests.integration.api.conftest import FILES, START

SECRET, HOST = "the secret of all hooks", "https://shop.example.com"
VENDORS = ("hubspot", "salesforce", "shopify", "stripe", "zendesk")
BODIES = {
    "hubspot": b'[{"subscriptionId": 1, "eventId": 1, "objectId": 8, "subscriptionType":'
    b' "contact.propertyChange", "occurredAt": 1767614400000, "propertyName": "plan",'
    b' "propertyValue": "team"}]',
    "salesforce": b"<x/>",
    "shopify": b'{"id": 1, "email": "ann@example.com", "total_price": "9.50"}',
    "stripe": b'{"id": "evt_1", "type": "customer.deleted", "data": {"object": {"id": "cus_1"}}}',
    "zendesk": b'{"id": "1", "type": "zen:event-type:ticket.created"}',
}
FIELDS = {
    "hubspot": "X-HubSpot-Signature-v3",
    "shopify": "X-Shopify-Hmac-SHA256",
    "stripe": "Stripe-Signature",
    "zendesk": "X-Zendesk-Webhook-Signature",
}
TIMES = {"hubspot": "X-HubSpot-Request-Timestamp", "zendesk": "X-Zendesk-Webhook-Signature-Timestamp"}
SETTINGS = f"public_url: {HOST}\nhooks:\n" + "".join(
    f"  {vendor}: {{map: {vendor}, secrets: [{{file: hook.txt}}]"
    + (", organization: 00D1}\n" if vendor == "salesforce" else "}\n")
    for vendor in VENDORS
)

Head = dict[str, str]
Change = Callable[[str, Head], Mapping[str, Any]]


def _mac(*parts: bytes) -> bytes:
    return hmac.new(SECRET.encode(), b"".join(parts), hashlib.sha256).digest()


def signed(vendor: str, body: bytes, at: int = START, path: str | None = None) -> Head:
    """Give the head that a vendor signs a body with."""
    if vendor == "hubspot":
        time, uri = str(at // 1000), f"{HOST}{path or '/v1/hooks/hubspot'}"
        return _headed(vendor, _mac(b"POST", uri.encode(), body, time.encode()), time)
    if vendor == "zendesk":
        time = "2026-01-05T12:00:00Z" if at == START else "2026-01-05T11:00:00Z"
        return _headed(vendor, _mac(time.encode(), body), time)
    if vendor == "stripe":
        time = str(at // 1_000_000)
        return {FIELDS[vendor]: f"t={time},v1={_mac(time.encode(), b'.', body).hex()}"}
    return _headed(vendor, _mac(body))


def _headed(vendor: str, mac: bytes, time: str | None = None) -> Head:
    head = {FIELDS[vendor]: base64.b64encode(mac).decode()}
    return head if time is None else {**head, TIMES[vendor]: time}


def _given(vendor: str, head: Head) -> str:
    """Give the signature itself."""
    return head[FIELDS[vendor]].rpartition("v1=")[2] if vendor == "stripe" else head[FIELDS[vendor]]


def _with(vendor: str, head: Head, signature: str) -> Head:
    return {**head, FIELDS[vendor]: head[FIELDS[vendor]].replace(_given(vendor, head), signature)}


def files() -> dict[str, str]:
    """Give the files of a shop with a hook for each vendor."""
    settings = FILES["holdfast.yaml"].lstrip() + SETTINGS
    shipped = {name: data.decode() for name, data in shipped_hooks().items()}
    return {**shipped, "hook.txt": SECRET, "holdfast.yaml": settings}


def _case(what: str, vendor: str, change: Change, wanted: str = "401 bad_signature") -> Case:
    def got(ground: Ground) -> str:
        sent: dict[str, Any] = {"content": BODIES[vendor], "query": ""}
        sent |= change(vendor, signed(vendor, BODIES[vendor]) if vendor in FIELDS else {})
        path = f"/v1/hooks/{vendor}{sent.pop('query')}"
        return ground.ask("", "POST", path, **sent)

    return Case("webhooks", f"{vendor}: {what}", wanted, got, alone=False)


def _other_notation(vendor: str, head: Head) -> Mapping[str, Any]:
    given = _given(vendor, head)
    hexadecimal = given.upper() if vendor == "stripe" else base64.b64decode(given).hex()
    return {"headers": _with(vendor, head, hexadecimal)}


def _prefixed(vendor: str, head: Head) -> Mapping[str, Any]:
    return {"headers": _with(vendor, head, "sha256=" + _given(vendor, head))}


def _last_changed(vendor: str, head: Head) -> Mapping[str, Any]:
    given = _given(vendor, head).rstrip("=")
    return {"headers": _with(vendor, head, given[:-2] + ("00" if given[-2:] != "00" else "11"))}


def _not_ascii(vendor: str, head: Head) -> Mapping[str, Any]:
    raw = _with(vendor, head, "é" * 44)
    return {"headers": {name: value.encode("latin-1") for name, value in raw.items()}}


def _endless_time(vendor: str, head: Head) -> Mapping[str, Any]:
    if vendor == "stripe":
        return {"headers": {FIELDS[vendor]: head[FIELDS[vendor]].replace("t=", "t=" + "9" * 5_000)}}
    return {"headers": {**head, TIMES[vendor]: "9" * 5_000}}


def _gzipped(vendor: str, head: Head) -> Mapping[str, Any]:
    return {
        "content": gzip.compress(BODIES[vendor], mtime=0),
        "headers": {**head, "Content-Encoding": "gzip"},
    }


SIGNED = tuple(FIELDS)
DATED = ("hubspot", "stripe", "zendesk")

CASES = [
    *(_case("no signature", each, lambda *_: {}) for each in SIGNED),
    *(
        _case("a signature of nothing", each, lambda v, head: {"headers": _with(v, head, "")})
        for each in SIGNED
    ),
    *(_case("its last letters changed", each, _last_changed) for each in SIGNED),
    *(
        _case("a signature over other bytes", each, lambda v, _: {"headers": signed(v, b"other")})
        for each in SIGNED
    ),
    *(_case("the signature in another notation", each, _other_notation) for each in SIGNED),
    *(_case("the signature behind its algorithm", each, _prefixed) for each in SIGNED),
    *(
        _case("a signature of 6 KB", each, lambda v, head: {"headers": _with(v, head, "A" * 6_000)})
        for each in SIGNED
    ),
    *(
        _case(
            "a signature of 60 KB",
            each,
            lambda v, head: {"headers": _with(v, head, "A" * 60_000)},
            "431 head_too_large",
        )
        for each in SIGNED
    ),
    *(_case("a signature that is no ASCII", each, _not_ascii) for each in SIGNED),
    *(
        _case("a body written anew", each, lambda v, head: {
            "headers": head, "content": BODIES[v].replace(b": ", b":")
        })
        for each in SIGNED
    ),
    *(_case("a body that was packed after signing", each, _gzipped) for each in SIGNED),
    *(
        _case("what was signed an hour ago", each, lambda v, _: {
            "headers": signed(v, BODIES[v], START - 60 * MINUTE)
        })
        for each in DATED
    ),
    *(
        _case("an old signature with the time of now", each, lambda v, head: {
            "headers": {**signed(v, BODIES[v], START - 60 * MINUTE), TIMES[v]: head[TIMES[v]]}
        })
        for each in TIMES
    ),
    *(_case("a time of 5,000 digits", each, _endless_time) for each in DATED),
    *(
        _case("no time", each, lambda v, head: {"headers": {FIELDS[v]: head[FIELDS[v]]}})
        for each in TIMES
    ),
    _case(
        "a hundred signatures",
        "stripe",
        lambda v, head: {"headers": {FIELDS[v]: "t=1767614400" + ",v1=" + ",v1=".join(["00" * 32] * 100)}},
    ),
    _case(
        "two times",
        "stripe",
        lambda v, _: {
            "headers": {FIELDS[v]: f"t=1767614400,{signed(v, BODIES[v], START - 60 * MINUTE)[FIELDS[v]]}"}
        },
    ),
    _case(
        "a signature of an older scheme alone",
        "stripe",
        lambda v, head: {"headers": {FIELDS[v]: head[FIELDS[v]].replace("v1=", "v0=")}},
    ),
    _case(
        "what was signed for another address",
        "hubspot",
        lambda v, _: {"headers": signed(v, BODIES[v], path="/v1/hooks/other")},
    ),
    _case(
        "an address with more behind it", "hubspot", lambda _, head: {"headers": head, "query": "?admin=1"}
    ),
    _case("no token", "salesforce", lambda *_: {}),
    _case("a wrong token", "salesforce", lambda *_: {"query": "?token=guess"}),
    _case(
        "a token of 10 KB",
        "salesforce",
        lambda *_: {"query": "?token=" + "a" * 10_000},
        "414 address_too_long",
    ),
    _case("a token that is no UTF-8", "salesforce", lambda *_: {"query": "?token=%ff%fe"}),
    _case(
        "the token in the head", "salesforce", lambda *_: {"headers": {"Authorization": f"Bearer {SECRET}"}}
    ),
    _case("a hook that is not there", "shopify", lambda *_: {"query": "x"}, "404 not_found"),
]  # fmt: skip
