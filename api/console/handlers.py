"""The console's handlers, one module a page or a few that belong together."""

from __future__ import annotations

from litestar.handlers import HTTPRouteHandler

from api.console import (
    audit,
    changes,
    customers,
    files,
    live,
    policy,
    replaying,
    retention,
    runs,
    signing_in,
    today,
    waiting,
)

HANDLERS: list[HTTPRouteHandler] = [
    *files.HANDLERS,
    *signing_in.HANDLERS,
    *live.HANDLERS,
    *today.HANDLERS,
    *customers.HANDLERS,
    *waiting.HANDLERS,
    *runs.HANDLERS,
    *replaying.HANDLERS,
    *retention.HANDLERS,
    *policy.HANDLERS,
    *changes.HANDLERS,
    *audit.HANDLERS,
]
