"""Segment's tracking API: its clients, RudderStack's and PostHog's send here what they send anywhere."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from litestar import post
from litestar.handlers import HTTPRouteHandler

from api.auth import ADD
from api.clients.segment import batch_of_calls, batch_of_either, calls_from
from api.doors import Call, door
from api.routes.events import Ingested, take


class TrackingCall(msgspec.Struct, kw_only=True, rename="camel"):
    """A call of a tracking client. Its kind is the route's, or in a batch its `type`."""

    type: str | None = None
    user_id: str | int | None = None
    anonymous_id: str | int | None = None
    event: str | None = None
    group_id: str | int | None = None
    previous_id: str | int | None = None
    name: str | None = None
    properties: dict[str, Any] = {}
    traits: dict[str, Any] = {}
    message_id: str | None = None
    timestamp: str | None = None
    sent_at: str | None = None


class TrackingBatch(msgspec.Struct, kw_only=True, rename="camel"):
    """Several calls of a tracking client."""

    batch: list[TrackingCall]
    sent_at: str | None = None


class EitherBatch(msgspec.Struct, kw_only=True):
    """Calls of Segment's clients, or of PostHog's, which have the key beside them and no header."""

    batch: list[dict[str, Any]]
    api_key: Annotated[str | None, msgspec.Meta(description="The API key, where no header has it.")] = None


def _calls(kind: str, summary: str) -> HTTPRouteHandler:
    """Give the route of one kind of call."""

    async def handle(request: Call) -> Ingested:
        return await take(request, lambda body, most: calls_from(body, kind, most))

    handle.__name__ = f"post_{kind}"
    handle.__doc__ = summary
    return post(f"/v1/{kind}", status_code=200, opt=door(ADD, body=TrackingCall, intake=True))(handle)


@post("/v1/batch", status_code=200, opt=door(ADD, body=TrackingBatch, intake=True))
async def post_batch(request: Call) -> Ingested:
    """Take a batch of calls, as the libraries of Segment and RudderStack send it.

    A bad call goes into quarantine and costs its neighbours nothing.
    """
    return await take(request, batch_of_calls)


@post("/v1/import", status_code=200, opt=door(ADD, body=TrackingBatch, intake=True))
async def post_imported_batch(request: Call) -> Ingested:
    """Take a batch of calls, under the address that Segment's importers use."""
    return await take(request, batch_of_calls)


@post("/batch", status_code=200, opt=door(ADD, body=EitherBatch, intake=True, key_in_body=True))
async def post_either_batch(request: Call) -> Ingested:
    """Take a batch of calls of Segment's clients or of PostHog's, whose key may stand in the body."""
    return await take(request, batch_of_either)


HANDLERS = [
    post_batch,
    post_imported_batch,
    post_either_batch,
    _calls("track", "Take one thing that a customer did."),
    _calls("identify", "Take traits of a customer, or the customer whom an anonymous id turns out to be."),
    _calls("page", "Take one page that a customer saw: an event `page_viewed`."),
    _calls("screen", "Take one screen that a customer saw: an event `screen_viewed`."),
    _calls("group", "Take the account that a customer belongs to, with the account's traits."),
    _calls("alias", "Take the anonymous id of before, which becomes part of the customer."),
]
