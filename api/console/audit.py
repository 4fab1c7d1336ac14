"""Audit: decisions, changes, releases and readings of a period, the checkpoint, and the record as a file."""

from __future__ import annotations

from typing import Any, get_args
from urllib.parse import urlencode

from litestar import Response, get
from litestar.params import FromPath

from api.console.asking import Api, RefusedError, place
from api.console.lists import Column, Filter, Listing, instant_of_day, listed
from api.console.pages import AUDIT, page, seen, shown
from api.doors import Call
from api.routes.audit import Recorded

_PERIOD = (Filter("from", "From", "day", days=7), Filter("to", "To", "day"))

DECISIONS = Listing(
    "/v1/audit/decisions",
    (
        Column("Decision", "id", "decision"),
        Column("At", "at", "time"),
        Column("Rule", "rule", "rule"),
        Column("Customer", "customer", "customer"),
        Column("Outcome", "outcome", "mark"),
        Column("Because", "reason", "words"),
        Column("Looked because of", "trigger", "words"),
    ),
    (
        Filter("rule", "Rule"),
        Filter("customer", "Customer"),
        Filter("outcome", "Outcome", "choice", get_args(Recorded)),
        *_PERIOD,
    ),
    empty="No rule has decided anything yet.",
    caption="Decisions",
)
CHANGES = Listing(
    "/v1/audit/changes",
    (
        Column("Entry", "leaf", "number"),
        Column("At", "at", "time"),
        Column("What", "what", "words"),
        Column("Of", "ref"),
        Column("Who", "who"),
        Column("Approved by", "approver"),
        Column("As", "role"),
        Column("Detail", "detail"),
    ),
    _PERIOD,
    empty="Nobody has changed anything yet.",
    caption="Changes",
)
RELEASES = Listing(
    "/v1/audit/releases",
    (
        Column("Release", "release", "number"),
        Column("At", "at", "time"),
        Column("What", "kind", "words"),
        Column("By", "by"),
        Column("Author", "author"),
        Column("Note", "note"),
        Column("Content", "hash", "code"),
    ),
    _PERIOD,
    empty="Nothing has been released yet.",
    caption="Releases",
)
ACCESSES = Listing(
    "/v1/audit/access",
    (
        Column("At", "at", "time"),
        Column("Who", "who"),
        Column("As", "role"),
        Column("Read", "route", "code"),
        Column("Of customer", "customer"),
        Column("Because", "reason"),
    ),
    _PERIOD,
    empty="Nobody has read any personal data yet.",
    caption="Readings",
)
TABS = [
    ("Decisions", "/audit"),
    ("Changes", "/audit/changes"),
    ("Releases", "/audit/releases"),
    ("Who read what", "/audit/access"),
    ("Checkpoint and export", "/audit/record"),
]


@get("/audit", opt=shown(AUDIT))
async def get_decisions_page(request: Call) -> Response[Any]:
    """List the decisions of a period, and count them."""
    return await listed(request, DECISIONS, tabs=TABS)


@get("/audit/decisions/{id:str}", opt=shown(AUDIT))
async def get_decision_page(request: Call, id: FromPath[str]) -> Response[Any]:
    """Show a decision, line by line."""
    decision = await Api(request).get(place("/v1/audit/decisions/{}", id))
    return page(request, "decision.html", title=f"Decision {id}", decision=decision)


@get("/audit/changes", opt=shown(AUDIT))
async def get_changes_page(request: Call) -> Response[Any]:
    """List what people changed, and who came in."""
    return await listed(request, CHANGES, tabs=TABS)


@get("/audit/releases", opt=shown(AUDIT))
async def get_releases_page(request: Call) -> Response[Any]:
    """List everything that was done to releases."""
    return await listed(request, RELEASES, tabs=TABS)


@get("/audit/access", opt=shown(AUDIT))
async def get_accesses_page(request: Call) -> Response[Any]:
    """List who read whose data."""
    return await listed(request, ACCESSES, tabs=TABS)


@get("/audit/record", opt=shown(AUDIT))
async def get_record_page(request: Call) -> Response[Any]:
    """Show the signed checkpoint of now, and offer the record of a period as a file."""
    try:
        checkpoint = await Api(request).get("/v1/audit/checkpoint")
    except RefusedError as error:
        if error.problem.status != 404:
            raise
        checkpoint = None
    return page(request, "record.html", title="Checkpoint and export", checkpoint=checkpoint, tabs=TABS)


@get("/audit/export", opt=shown(AUDIT))
async def get_export_page(request: Call) -> Response[Any]:
    """Send a browser on to the file of a period, whose days a form told by the workspace's clocks."""
    days = {name: request.query_params.get(name, "") for name in ("from", "to")}
    period = {name: instant_of_day(request, text, name == "to") for name, text in days.items() if text}
    return seen(request, f"/v1/audit/export?{urlencode(period)}" if period else "/v1/audit/export")


HANDLERS = [
    get_decisions_page,
    get_decision_page,
    get_changes_page,
    get_releases_page,
    get_accesses_page,
    get_record_page,
    get_export_page,
]
