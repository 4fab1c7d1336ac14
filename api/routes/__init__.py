"""The routes, one module a resource."""

from __future__ import annotations

from litestar.handlers import HTTPRouteHandler

from api.routes import (
    audit,
    cases,
    customers,
    deliveries,
    events,
    health,
    keys,
    pauses,
    policy,
    questions,
    runs,
    scores,
    segments,
    triggers,
    unsubscribing,
)

HANDLERS: list[HTTPRouteHandler] = [
    *events.HANDLERS,
    *customers.HANDLERS,
    *triggers.HANDLERS,
    *policy.HANDLERS,
    *runs.HANDLERS,
    *deliveries.HANDLERS,
    *pauses.HANDLERS,
    *questions.HANDLERS,
    *cases.HANDLERS,
    *segments.HANDLERS,
    *scores.HANDLERS,
    *audit.HANDLERS,
    *keys.HANDLERS,
    *unsubscribing.HANDLERS,
    *health.HANDLERS,
]
