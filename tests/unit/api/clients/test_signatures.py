"""Vendors' signatures: those that openssl makes of the same bytes are good, and nothing else is."""

from __future__ import annotations

import msgspec
import pytest

from api.clients.signatures import TOLERANCE, Signed, verify
from engine.errors import SignatureError
from engine.model.hook import Vendor
from engine.model.values import SECOND, Micros

NOW: Micros = 1_767_614_400_000_000  # 2026-01-05 12:00 UTC
BODY = b'{"id":1}'
SECRET = "s3cret"

STRIPE = "83fd002b027b7acdf1de509c8ba1a35d06049d84ee8556ed04a0a140063e006b"
SENT: dict[Vendor, Signed] = {
    "stripe": Signed("POST", "", {"stripe-signature": f"t=1767614400,v1={STRIPE}"}, BODY),
    "shopify": Signed(
        "POST", "", {"x-shopify-hmac-sha256": "Y92rNNpYOOODVF6ckLQPdKTj2qvF3ZqNSaUYda1LJBg="}, BODY
    ),
    "zendesk": Signed(
        "POST",
        "",
        {
            "x-zendesk-webhook-signature": "QlsJm1IRTyaddB8R37wn059MPLfOmmnH35AeGS88K+s=",
            "x-zendesk-webhook-signature-timestamp": "2026-01-05T12:00:00Z",
        },
        BODY,
    ),
    # Signed over .../crm?at=10:00&who=a@b.c%20d: what HubSpot leaves encoded stays so.
    "hubspot": Signed(
        "POST",
        "https://shop.example.com/v1/hooks/crm?at=10%3A00&who=a%40b.c%20d",
        {
            "x-hubspot-signature-v3": "bMkJKQE6s1O6G3KKAjAb6NXwXkmN7ibD+hfeqkaYmbM=",
            "x-hubspot-request-timestamp": "1767614400000",
        },
        BODY,
    ),
    "salesforce": Signed("POST", "", {}, BODY, SECRET),
}
TIMED: list[Vendor] = ["stripe", "zendesk", "hubspot"]


def good(vendor: Vendor, signed: Signed, *secrets: str, now: Micros = NOW) -> bool:
    try:
        verify(vendor, signed, secrets or (SECRET,), now)
    except SignatureError:
        return False
    return True


@pytest.mark.parametrize("vendor", SENT)
def test_what_the_vendor_signed_is_good(vendor: Vendor) -> None:
    assert good(vendor, SENT[vendor])


@pytest.mark.parametrize("vendor", SENT)
def test_either_of_two_secrets_may_have_signed(vendor: Vendor) -> None:
    assert good(vendor, SENT[vendor], "next", SECRET)
    assert good(vendor, SENT[vendor], SECRET, "last")
    assert not good(vendor, SENT[vendor], "next", "")


@pytest.mark.parametrize("vendor", [vendor for vendor in SENT if vendor != "salesforce"])
def test_another_body_is_not_what_was_signed(vendor: Vendor) -> None:
    # given the same JSON, written another way
    assert not good(vendor, msgspec.structs.replace(SENT[vendor], body=b'{"id": 1}'))


@pytest.mark.parametrize("vendor", TIMED)
@pytest.mark.parametrize("way", [-1, 1], ids=["old", "ahead"])
def test_a_time_is_five_minutes_off_at_most(vendor: Vendor, way: int) -> None:
    assert good(vendor, SENT[vendor], now=NOW + way * TOLERANCE)
    assert not good(vendor, SENT[vendor], now=NOW + way * (TOLERANCE + SECOND))


@pytest.mark.parametrize("vendor", SENT)
def test_no_signature_is_none(vendor: Vendor) -> None:
    assert not good(vendor, msgspec.structs.replace(SENT[vendor], headers={}, token=""))


@pytest.mark.parametrize("name", ["stripe-signature"])
@pytest.mark.parametrize(
    ("written", "expected"),
    [
        (f"t=1767614400,v1=00,v1={STRIPE},v0=11", True),
        (f"v1={STRIPE}, t=1767614400", True),
        (f"t=1767614400,v0={STRIPE}", False),
        (f"t=1767614401,v1={STRIPE}", False),
        (f"v1={STRIPE}", False),
        ("t=x,v1=", False),
        ("ü", False),
    ],
)
def test_one_of_several_signatures_is_enough(name: str, written: str, expected: bool) -> None:
    assert good("stripe", msgspec.structs.replace(SENT["stripe"], headers={name: written})) == expected


@pytest.mark.parametrize("change", [{"method": "PUT"}, {"uri": "https://shop.example.com/v1/hooks/crm"}])
def test_hubspot_signs_method_and_address(change: dict[str, str]) -> None:
    assert not good("hubspot", msgspec.structs.replace(SENT["hubspot"], **change))
