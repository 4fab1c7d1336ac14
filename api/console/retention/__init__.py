"""Retention: metrics, cohorts, revenue, goals and experiments, for everybody who may read figures."""

from __future__ import annotations

from litestar.handlers import HTTPRouteHandler

from api.console.retention import cohorts, experiments, goals, metrics, revenue

HANDLERS: list[HTTPRouteHandler] = [
    *metrics.HANDLERS,
    *cohorts.HANDLERS,
    *revenue.HANDLERS,
    *goals.HANDLERS,
    *experiments.HANDLERS,
]
