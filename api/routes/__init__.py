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
    experiments,
    goals,
    health,
    keys,
    metrics,
    pauses,
    points,
    policy,
    questions,
    runs,
    scores,
    segments,
    signing_in,
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
    *points.HANDLERS,
    *coupons.HANDLERS,
    *segments.HANDLERS,
    *experiments.HANDLERS,
    *metrics.HANDLERS,
    *goals.HANDLERS,
    *scores.HANDLERS,
    *audit.HANDLERS,
    *keys.HANDLERS,
    *signing_in.HANDLERS,
    *unsubscribing.HANDLERS,
    *health.HANDLERS,
]
