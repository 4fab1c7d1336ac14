"""Webhooks of vendors: signed, read by a hook map, and taken in like any other events."""

from __future__ import annotations

from asyncio import wrap_future
from typing import Any, cast

from litestar import Response, post
from litestar.params import FromPath

from api.auth import OPEN
from api.clients.hooks import mapped
from api.clients.signatures import Signed, verify
from api.doors import Call, aside, door, engine_of
from api.routes.events import Ingested, ingested
from api.slashes import whole_path
from engine.errors import NotFoundError
from engine.model.workspace import Hook
from engine.runtime.engine import Engine
from engine.runtime.secret import resolve

ACKNOWLEDGED = (
    b'<?xml version="1.0" encoding="UTF-8"?>'
    b'<soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/"><soapenv:Body>'
    b'<notificationsResponse xmlns="http://soap.sforce.com/2005/09/outbound"><Ack>true</Ack>'
    b"</notificationsResponse></soapenv:Body></soapenv:Envelope>"
)
"""What Salesforce waits for, without which it sends the same again."""

OTHER_FORMS: dict[str, Any] = {"text/xml": {"type": "string"}}


class Hooked(Ingested, frozen=True, kw_only=True):
    """What became of a webhook's messages; `ignored` ones are no events by its map."""

    ignored: int


@post(
    "/v1/hooks/{name:str}",
    status_code=200,
    opt=door(OPEN, body=dict[str, Any] | list[dict[str, Any]], also=OTHER_FORMS, intake=True),
)
async def post_hook(request: Call, name: FromPath[str]) -> Response[Hooked]:
    """Take a vendor's webhook in, signed as the vendor does.

    Salesforce is answered in its own XML.
    """
    engine = engine_of(request)
    hook = engine.workspace.settings.hooks.get(name)
    if hook is None:
        raise NotFoundError(f"there is no hook {name}; write one of `hooks` in holdfast.yaml")
    map = engine.workspace.hooks[hook.map]
    body = await request.body()
    headers = {key.lower(): value for key, value in request.headers.items()}
    signed = Signed(
        str(request.method), _address(engine, request), headers, body, request.query_params.get("token", "")
    )
    verify(map.vendor, signed, await aside(_secrets, engine, hook), engine.clock.now())
    most = engine.workspace.settings.limits.events_per_request
    found = await aside(mapped, map, hook, headers, body, most)
    answer = await wrap_future(engine.ingest(found.raws, source=name))
    if map.vendor == "salesforce":
        return cast("Response[Hooked]", Response(ACKNOWLEDGED, media_type="text/xml"))
    told = ingested(answer)
    return Response(
        Hooked(
            accepted=told.accepted,
            duplicates=told.duplicates,
            conflicts=told.conflicts,
            quarantined=told.quarantined,
            ignored=found.ignored,
        )
    )


def _secrets(engine: Engine, hook: Hook) -> list[str]:
    return [resolve(secret, engine.folder) for secret in hook.secrets]


def _address(engine: Engine, request: Call) -> str:
    """Give the address that the vendor called, which a proxy may have changed: the public one, as it came."""
    public = engine.workspace.settings.public_url.rstrip("/")
    query = request.scope.get("query_string", b"").decode("latin-1")
    return public + whole_path(request.scope) + (f"?{query}" if query else "")


HANDLERS = [post_hook]
