"""Health, meters, and the description of the whole API."""

from __future__ import annotations

import asyncio

import msgspec
from litestar import Response, get, head
from prometheus_client import CONTENT_TYPE_PLAIN_0_0_4

from api.auth import OPEN, OPERATE
from api.doors import Call, aside, door, engine_of
from engine.customers.zones import moment_of
from engine.runtime.engine import Engine

PATIENCE = 5.0
"""Seconds after which an engine that does not answer is not ready."""


class Health(msgspec.Struct, frozen=True):
    """That it is well."""

    status: str = "ok"


async def _look(engine: Engine) -> None:
    await asyncio.wait_for(asyncio.wrap_future(engine.ready()), PATIENCE)


@get("/health/live", opt=door(OPEN))
async def get_live(request: Call) -> Health:
    """Tell that the process answers."""
    return Health()


@head("/health/live", opt=door(OPEN))
async def head_live(request: Call) -> None:
    """Tell that the process answers."""


class Readiness(msgspec.Struct, frozen=True):
    """That events and requests can be taken; `now` is the engine's own clock."""

    status: str
    now: str


@get("/health/ready", opt=door(OPEN))
async def get_ready(request: Call) -> Readiness:
    """Tell that events and requests can be taken; 503 where the database cannot be read."""
    engine = engine_of(request)
    await _look(engine)
    return Readiness("ok", moment_of(engine.clock.now()).isoformat().replace("+00:00", "Z"))


@head("/health/ready", opt=door(OPEN))
async def head_ready(request: Call) -> None:
    """Tell that events and requests can be taken."""
    await _look(engine_of(request))


@get("/openapi.json", opt=door(OPEN), media_type="application/json")
async def get_openapi(request: Call) -> Response[bytes]:
    """Give this description."""
    return Response(request.app.state.document(), media_type="application/json")


@get("/metrics", opt=door(OPERATE), media_type=CONTENT_TYPE_PLAIN_0_0_4)
async def get_metrics(request: Call) -> Response[bytes]:
    """Give the meters in the text format of Prometheus.

    What ends in `_total`, and the histogram, counts what this process did since it started; the rest
    tells how the work stands in the database, at most five seconds ago.
    """
    text = await aside(engine_of(request).meters.text)
    return Response(text, media_type=CONTENT_TYPE_PLAIN_0_0_4)


HANDLERS = [get_live, head_live, get_ready, head_ready, get_metrics, get_openapi]
