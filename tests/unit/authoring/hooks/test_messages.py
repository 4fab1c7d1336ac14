"""What vendors write: Salesforce's XML above all, from which nothing foreign is read."""

from __future__ import annotations

import pytest

from engine.authoring.hooks.messages import notifications
from engine.errors import RequestError

ONE = (
    '<Notification><Id>n{0}</Id><sObject xsi:type="sf:Case" xmlns:sf="urn:x">'
    "<sf:Id>c{0}</sf:Id><sf:Subject>{1}</sf:Subject></sObject></Notification>"
)
ENVELOPE = (
    '<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/" '
    'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"><s:Body>'
    '<notifications xmlns="http://soap.sforce.com/2005/09/outbound">'
    "<OrganizationId>00D1</OrganizationId>{}</notifications></s:Body></s:Envelope>"
)


def outbound(number: int = 1, subject: str = "Help") -> str:
    return ENVELOPE.format("".join(ONE.format(each, subject) for each in range(number)))


def test_notifications_have_an_object_and_its_fields() -> None:
    found = notifications(outbound(2).encode())
    assert found.organization == "00D1"
    assert found.messages[1] == {"id": "n1", "object": "Case", "fields": {"Id": "c1", "Subject": "Help"}}


def test_there_are_a_hundred_at_most() -> None:
    assert len(notifications(outbound(100).encode()).messages) == 100
    with pytest.raises(RequestError) as caught:
        notifications(outbound(101).encode())
    assert caught.value.code == "too_many_events"


@pytest.mark.parametrize(
    "body",
    [
        '<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]>' + outbound(1, "&a;"),
        '<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;">]>' + outbound(1, "&b;"),
        '<!DOCTYPE x SYSTEM "http://example.com/x.dtd">' + outbound(),
        "<a/>",
        "<a>",
        "",
        '{"id": 1}',
    ],
    ids=["a file", "an expansion", "a foreign DTD", "another document", "torn", "empty", "JSON"],
)
def test_anything_else_is_refused(body: str) -> None:
    with pytest.raises(RequestError) as caught:
        notifications(body.encode())
    assert caught.value.code == "invalid_xml"
