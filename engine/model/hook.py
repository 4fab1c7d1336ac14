"""Hook maps: which events the webhooks of a vendor are."""

from __future__ import annotations

from typing import ClassVar, Literal

import msgspec

from engine.model.facts import Marks

Vendor = Literal["hubspot", "salesforce", "shopify", "stripe", "zendesk"]


class HookEvent(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An event that a message is where everything under `when` is so.

    Everything but `event` is a place in the message: `order.total`, `order.total as number`, or a text
    with places in braces, `order:{id}`. So are the names of `properties`.
    """

    event: str
    when: dict[str, str] = {}
    id: str
    customer: str | None = None
    anonymous_id: str | None = None
    account: str | None = None
    at: str | None = None
    properties: dict[str, str] = {}


class HookSample(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A request as the vendor sends it, and the events that it is: JSON, a line each; none without."""

    it: str
    headers: dict[str, str] = {}
    body: str
    expect: str | None = None


class HookMap(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the webhooks of a vendor become; `vendor` says how they are signed and written."""

    MARKS: ClassVar[Marks] = (("hook",),)
    id: str = msgspec.field(name="hook")
    owner: str | None = None
    description: str | None = None
    vendor: Vendor
    events: tuple[HookEvent, ...]
    samples: tuple[HookSample, ...] = ()
