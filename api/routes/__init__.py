"""The routes, one module a resource."""

from __future__ import annotations

from litestar.handlers import HTTPRouteHandler

from api.routes import (
    audit,
    cases,
    customers,
    deliveries,
    events,
    experiments,
    health,
    keys,
    pauses,
    points,
    policy,
    questions,
    runs,
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
    *points.HANDLERS,
    *segments.HANDLERS,
    *experiments.HANDLERS,
    *audit.HANDLERS,
    *keys.HANDLERS,
    *unsubscribing.HANDLERS,
    *health.HANDLERS,
]
