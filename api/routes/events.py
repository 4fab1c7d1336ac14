"""Events: taken in, and answered once they are on the disk."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import msgspec
from litestar import post

from api.auth import ADD
from api.clients import cloudevents
from api.coming_in import count_in, source_of
from api.decoding import NDJSON, events_from
from api.doors import Call, door, engine_of
from api.requests import body_of
from engine.runtime.writer import IngestAnswer

_INLINE = 64 * 1024
"""Bytes of a body that are decoded on the event loop; a thread costs more than they do."""


class Conflict(msgspec.Struct, frozen=True):
    """Another event was accepted before under the same source and id; nothing was changed."""

    index: int
    source: str
    message_id: str


class Quarantined(msgspec.Struct, frozen=True):
    """An event that could not be accepted, and why; it is kept."""

    index: int
    message_id: str | None
    code: str
    detail: str


class Ingested(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a request's events: received is the sum of the four."""

    success: bool = True
    accepted: int
    duplicates: int
    conflicts: list[Conflict]
    quarantined: list[Quarantined]


def ingested(answer: IngestAnswer) -> Ingested:
    """Give what became of events as it is answered with."""
    return Ingested(
        accepted=answer.accepted,
        duplicates=answer.duplicates,
        conflicts=[Conflict(**each) for each in answer.conflicts],
        quarantined=[Quarantined(**each) for each in answer.quarantined],
    )


class SentEvent(msgspec.Struct, kw_only=True):
    """An event. Unknown fields are kept as properties; Segment's names for these are understood."""

    customer: str
    event: str
    id: str | None = None
    at: str | None = None
    properties: dict[str, Any] = {}


async def take(request: Call, decode: Callable[[bytes, int], list[object]]) -> Ingested:
    """Take in the events that `decode` gives for a body and the most events that it may have.

    Answered once they are on the disk and decided.
    """
    engine = engine_of(request)
    body = await body_of(request)
    most = engine.workspace.settings.limits.events_per_request
    raws = decode(body, most) if len(body) <= _INLINE else await asyncio.to_thread(decode, body, most)
    key = request.user
    await count_in(request, raws)
    answer = await asyncio.wrap_future(
        engine.ingest(raws, source=source_of(key), may_grant=key.role != "ingest")
    )
    return ingested(answer)


OTHER_FORMS: dict[str, Any] = {
    NDJSON: {"type": "string"},
    # What is wrong in one is answered with 200, and it is in quarantine.
    cloudevents.ONE: {"anyOf": [{"type": "object"}, {"type": "array", "items": {}}]},
    cloudevents.SEVERAL: {"anyOf": [{"type": "object"}, {"type": "array", "items": {}}]},
}
"""What a body may be besides JSON, by its content type."""


@post(
    "/v1/events",
    status_code=200,
    opt=door(ADD, body=SentEvent | list[SentEvent], also=OTHER_FORMS, intake=True),
)
async def post_events(request: Call) -> Ingested:
    """Take events in.

    One event, an array, or a line each as application/x-ndjson; or CloudEvents. gzip is expanded.
    Answered once they are on the disk and decided. A bad event goes into quarantine and costs its
    neighbours nothing.
    """
    kind = request.headers.get("content-type", "")
    read = cloudevents.decoder(request.headers)
    return await take(request, read or (lambda body, most: events_from(body, kind, most)))


HANDLERS = [post_events]
