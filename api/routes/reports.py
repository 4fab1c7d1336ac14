"""Providers' reports of what became of messages: signed, matched to what was sent, and taken in as events."""

from __future__ import annotations

from asyncio import wrap_future

import structlog
from litestar import post
from litestar.params import FromPath

from api.auth import OPEN
from api.clients.reports import Matched, Unmatched, match, reports_in
from api.clients.signatures import verify_standard
from api.doors import Call, aside, door, engine_of
from api.requests import body_of
from api.routes.events import Ingested, ingested
from engine.errors import NotFoundError
from engine.model.workspace import Secret
from engine.runtime.delivery.connectors import connectors_of
from engine.runtime.engine import Engine
from engine.runtime.secret import resolve

_log = structlog.get_logger("holdfast.reports")


class Reported(Ingested, frozen=True, kw_only=True):
    """What became of a provider's reports; `unmatched` ones change nothing."""

    unmatched: list[Unmatched]


@post(
    "/v1/connectors/{name:str}/events",
    status_code=200,
    opt=door(OPEN, body=dict[str, object] | list[dict[str, object]], intake=True),
)
async def post_reports(request: Call, name: FromPath[str]) -> Reported:
    """Take in what a provider reports of messages: delivered, bounced, complained, clicked, unsubscribed.

    Signed as Standard Webhooks has it, by one of the connector's `report_secrets`. A hard bounce and a
    complaint stop messages to the address. Repeats change nothing.
    """
    engine = engine_of(request)
    settings = engine.workspace.settings
    connector = connectors_of(settings.connectors).get(name)
    if connector is None or not connector.report_secrets:
        raise NotFoundError(
            f"no connector {name} takes reports; write `report_secrets` under it in holdfast.yaml"
        )
    body = await body_of(request)
    secrets = await aside(_secrets, engine, connector.report_secrets)
    signed = verify_standard(request.headers, body, secrets, engine.clock.now())
    reports = await aside(reports_in, body, settings.limits.events_per_request)
    found = await aside(_match, engine, name, signed, reports)
    told = ingested(await wrap_future(engine.ingest(found.raws, source=f"connector:{name}")))
    if found.unmatched:
        _log.warning("reports_unmatched", connector=name, number=len(found.unmatched))
    return Reported(
        accepted=told.accepted,
        duplicates=told.duplicates,
        conflicts=told.conflicts,
        quarantined=told.quarantined,
        unmatched=found.unmatched,
    )


def _secrets(engine: Engine, secrets: tuple[Secret, ...]) -> list[str]:
    return [resolve(secret, engine.folder) for secret in secrets]


def _match(engine: Engine, name: str, request: str, reports: list[object]) -> Matched:
    with engine.store.reader() as reader:
        return match(reader, engine.workspace.settings, name, request, reports)


HANDLERS = [post_reports]
