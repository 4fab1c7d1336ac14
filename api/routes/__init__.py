"""The routes, one module a resource."""

from __future__ import annotations

from litestar.handlers import HTTPRouteHandler

from api.routes import (
    audit,
    cases,
    consent,
    coupons,
    customers,
    deliveries,
    events,
    health,
    keys,
    pauses,
    policy,
    questions,
    runs,
    segments,
    suppressions,
    triggers,
    unsubscribing,
)

HANDLERS: list[HTTPRouteHandler] = [
    *events.HANDLERS,
    *customers.HANDLERS,
    *consent.HANDLERS,
    *triggers.HANDLERS,
    *policy.HANDLERS,
    *runs.HANDLERS,
    *suppressions.HANDLERS,
    *deliveries.HANDLERS,
    *pauses.HANDLERS,
    *questions.HANDLERS,
    *cases.HANDLERS,
    *coupons.HANDLERS,
    *segments.HANDLERS,
    *audit.HANDLERS,
    *keys.HANDLERS,
    *unsubscribing.HANDLERS,
    *health.HANDLERS,
]
