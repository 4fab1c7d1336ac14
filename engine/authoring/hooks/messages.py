"""What vendors write: JSON, of which HubSpot sends several messages at once, and Salesforce's XML."""

from __future__ import annotations

from decimal import Decimal
from typing import Any
from xml.etree.ElementTree import Element, ParseError

import msgspec
from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import fromstring

from engine.errors import RequestError

MOST_NOTIFICATIONS = 100
"""Salesforce sends no more at once."""

_SOAP = "{http://schemas.xmlsoap.org/soap/envelope/}"
_OUTBOUND = "{http://soap.sforce.com/2005/09/outbound}"
_TYPE = "{http://www.w3.org/2001/XMLSchema-instance}type"

_decode = msgspec.json.Decoder(float_hook=Decimal).decode


def json_messages(body: bytes) -> list[Any]:
    """Give the messages of a sound body of JSON: its members where it is a list. Raises MsgspecError."""
    found = _decode(body)
    return found if isinstance(found, list) else [found]


class Notifications(msgspec.Struct, frozen=True):
    """An outbound message of Salesforce: of which organization, and its notifications.

    Each has its `id`, the `object` it is about (`Contact`) and that object's `fields`.
    """

    organization: str
    messages: list[dict[str, Any]]


def notifications(body: bytes) -> Notifications:
    """Read an outbound message; raises `RequestError` for anything else, entities above all."""
    try:
        root = fromstring(body, forbid_dtd=True)
    except (ParseError, DefusedXmlException, ValueError, RecursionError):
        raise RequestError("the body is no outbound message", code="invalid_xml") from None
    found = root.find(f"{_SOAP}Body/{_OUTBOUND}notifications")
    if found is None:
        raise RequestError("the body is no outbound message", code="invalid_xml")
    parts = found.findall(f"{_OUTBOUND}Notification")
    if len(parts) > MOST_NOTIFICATIONS:
        raise RequestError(
            f"an outbound message has {MOST_NOTIFICATIONS} notifications at most", code="too_many_events"
        )
    organization = found.findtext(f"{_OUTBOUND}OrganizationId", "").strip()
    return Notifications(organization, [_notification(each) for each in parts])


def _notification(part: Element) -> dict[str, Any]:
    about = part.find(f"{_OUTBOUND}sObject")
    message: dict[str, Any] = {"id": part.findtext(f"{_OUTBOUND}Id", "").strip()}
    if about is not None:
        message["object"] = about.get(_TYPE, "").rpartition(":")[2]
        message["fields"] = {field.tag.rpartition("}")[2]: field.text for field in about}
    return message
