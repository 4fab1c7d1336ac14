"""Accesses: which answers hold personal data, whose, and that they are recorded as they leave.

Every answer to a reading counts unless its route is named here: a new one is recorded until somebody
says that it tells of nobody.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl

from litestar.enums import ScopeType

from api.requests import request_id
from engine.runtime.accesses import Access
from engine.runtime.engine import Engine

if TYPE_CHECKING:
    from litestar.types import HTTPScope, Message, Scope

OF_NOBODY = frozenset(
    (
        "/v1/audit/access", "/v1/audit/changes", "/v1/audit/checkpoint", "/v1/audit/checkpoints",
        "/v1/audit/proof/{leaf}", "/v1/audit/key", "/v1/budgets", "/v1/connectors", "/v1/experiments",
        "/v1/experiments/{workflow}", "/v1/experiments/{workflow}/detectable", "/v1/goals", "/v1/goals/{id}",
        "/v1/keys", "/v1/metrics", "/v1/metrics/churn_sources", "/v1/metrics/mrr", "/v1/metrics/retention",
        "/v1/metrics/{name}", "/v1/pause", "/v1/plans/{token}", "/v1/programs/{id}/liability", "/v1/releases",
        "/v1/releases/{n}", "/v1/rules", "/v1/rules/{id}", "/v1/rules/{id}/activity",
        "/v1/rules/{id}/versions",
        "/v1/scores", "/v1/scores/{id}/calibration", "/v1/today", "/v1/workflows", "/v1/workflows/{id}",
        "/v1/workflows/{id}/activity", "/v1/workflows/{id}/standing", "/v1/workflows/{id}/versions",
    )
)  # fmt: skip
"""Routes whose answers tell of no customer."""

REASON = b"access-reason"
"""The header in which a reader may say what it is for."""

_PARAMETERS = frozenset(
    (
        "from", "to", "at", "rule", "workflow", "status", "outcome", "limit", "ladder", "channel", "program",
        "answered", "kind", "after", "follow", "removed", "breached", "exhausted", "overdue", "dry_run",
        "details", "sort", "step",
    )
)  # fmt: skip
"""Parameters that are kept with their values; of the others only that they were there."""

_PLAIN = re.compile(r"[\w.:+ -]{0,64}")
_LONGEST_REASON = 200


def recorded(engine: Engine) -> Callable[[Message, Scope], Awaitable[None]]:
    """Give the hook that records a reading when its answer begins to leave."""

    async def note(message: Message, scope: Scope) -> None:
        if message["type"] != "http.response.start" or scope["type"] == ScopeType.WEBSOCKET:
            return
        told = scope["state"].get("tells_of")
        if scope["method"] != "GET" and told is None:
            return
        path = scope.get("path_template", "")
        if not path.startswith("/v1/") or path in OF_NOBODY or not 200 <= message["status"] < 300:
            return
        key = scope.get("user")
        if key is None:
            return
        engine.note_access(_access(engine, scope, path, told))

    return note


def tells_of(scope: Scope, customer: str) -> None:
    """Say that the answer to a request that is no GET tells of a customer."""
    scope["state"]["tells_of"] = customer


def _access(engine: Engine, scope: HTTPScope, path: str, told: str | None) -> Access:
    given = scope["path_params"]
    asked = dict(parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True))
    customer = told or asked.pop("customer", None) or given.get("customer")
    if path.startswith("/v1/customers/{id}"):
        customer = given["id"]
    asked.pop("cursor", None)
    key = scope["user"]
    return Access(
        at=engine.clock.now(),
        owner=key.owner,
        key_id=key.id,
        role=key.role,
        route=f"{scope['method']} {path}",
        customer=customer,
        run=given.get("id") if path.startswith("/v1/runs/{id}") else None,
        case=given.get("id") if path.startswith("/v1/cases/{id}") else None,
        coupon=given.get("code") if path.startswith("/v1/coupons/{code}") else None,
        request_id=request_id(scope),
        reason=_reason(scope),
        query={name: _shown(name, value) for name, value in asked.items() if _PLAIN.fullmatch(name)},
    )


def _reason(scope: Scope) -> str | None:
    given = next((value for name, value in scope["headers"] if name == REASON), b"")
    text = given.decode("utf-8", "replace").replace("\0", "").strip()
    return text[:_LONGEST_REASON] or None


def _shown(name: str, value: str) -> str:
    return value if name in _PARAMETERS and _PLAIN.fullmatch(value) else "..."
