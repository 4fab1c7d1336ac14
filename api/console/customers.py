"""Customers: found by words, one page that tells the story of each, and why a rule did or did not fire."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import Any

from litestar import Response, get
from litestar.params import FromPath

from api.console.asking import Api, RefusedError, place
from api.console.charts import Bar, Series, bars, lines
from api.console.lists import Column, Filter, Listing, listed
from api.console.pages import READ, page, shown
from api.console.words import instant
from api.doors import Call, engine_of
from engine.runtime.engine import Engine

FOUND = Listing(
    "/v1/customers",
    (
        Column("Id", "name", "customer"),
        Column("Name", "known.called"),
        Column("E-mail", "known.email"),
        Column("Kind", "known.kind"),
        Column("Lifecycle", "known.stages"),
        Column("Segments", "known.segments"),
        Column("Bands", "known.bands"),
        Column("Points", "known.points"),
        Column("Last seen", "known.last_seen", "time"),
        Column("Goes by", "customer", "customer"),
    ),
    (Filter("search", "Id, name or e-mail"),),
    empty="No customer is known yet. Send an event, and there is one.",
    caption="Customers",
    fixed={"details": "true"},
)
STORY = 40
"""So many entries of a timeline a page shows."""


@get("/customers", opt=shown(READ))
async def get_customers_page(request: Call) -> Response[Any]:
    """Find a customer."""
    return await listed(request, FOUND, template="customers.html", title="Customers")


@get("/customers/{id:str}", opt=shown(READ))
async def get_customer_page(request: Call, id: FromPath[str]) -> Response[Any]:
    """Tell a customer's story on one page."""
    api, engine = Api(request), engine_of(request)
    cursor = request.query_params.get("cursor")
    known, story, runs = await asyncio.gather(
        api.get(place("/v1/customers/{}", id)),
        api.get(place("/v1/customers/{}/timeline", id), {"limit": STORY, "cursor": cursor}),
        api.get("/v1/runs", {"customer": id, "limit": 20}),
    )
    workspace = engine.workspace
    scores = [name for name, score in sorted(workspace.scores.items()) if score.on == known["kind"]]
    health = await asyncio.gather(*(api.get(place("/v1/scores/{}/customers/{}", one, id)) for one in scores))
    return page(
        request,
        "customer.html",
        title=f"Customer {id}",
        known=known,
        facts=[pair for pair in known["facts"].items() if pair[1]["value"] is not None],
        unknown=[pair for pair in known["facts"].items() if pair[1]["value"] is None],
        story=story,
        cursor=cursor,
        runs=runs["items"],
        scores=[{"score": one, "parts": _parts(one), "trend": _trend(one)} for one in health],
        points=[found for name in workspace.programs if (found := await _points(api, id, name))],
        rules=sorted(name for name, rule in workspace.rules.items() if rule.on == known["kind"]),
    )


def _parts(score: dict[str, Any]) -> Any:
    found = [Bar(part["name"], float(part["contribution"]), _told(part)) for part in score["parts"]]
    return bars(f"What {score['score']} is made of", found, of="Points", by="Part")


def _told(part: dict[str, Any]) -> str:
    if part["value"] is None:
        return f"missing, weight {part['weight']}"
    return f"{part['value']} of 1, weight {part['weight']}{', kept from before' if part['stale'] else ''}"


def _trend(score: dict[str, Any]) -> Any:
    days = [instant(each["day"]) for each in score["daily"]]
    values = [float(each["value"]) for each in score["daily"]]
    places = [f"{at.day} {at:%b}" for at in days]
    return lines(f"{score['score']} by day", places, [Series("value", values)], low=0, high=100)


async def _points(api: Api, id: str, program: str) -> dict[str, Any] | None:
    try:
        found: dict[str, Any] = await api.get(place("/v1/customers/{}/points", id), {"program": program})
    except RefusedError:
        # Not everybody is a member.
        return None
    return found


@get("/customers/{id:str}/why", opt=shown(READ))
async def get_why_page(request: Call, id: FromPath[str]) -> Response[Any]:
    """Tell why a rule did or did not fire for a customer, at any past moment."""
    api, engine = Api(request), engine_of(request)
    rule = request.query_params.get("rule", "").strip()
    at = request.query_params.get("at", "").strip()
    told = refused = None
    if rule:
        try:
            told = await api.get(place("/v1/customers/{}/why", id), {"rule": rule, "at": _moment(engine, at)})
        except RefusedError as error:
            if error.problem.status not in (400, 404):
                raise
            refused = error.problem.detail
    now = engine.ruleset.zone.local(engine.clock.now())
    return page(
        request,
        "why.html",
        title=f"Why: {rule} for {id}" if rule else f"Why, for {id}",
        id=id,
        rule=rule,
        at=at or f"{now:%Y-%m-%dT%H:%M}",
        told=told,
        refused=refused,
        rules=sorted(engine.workspace.rules),
    )


def _moment(engine: Engine, text: str) -> str | None:
    """Give the instant that a form tells by the workspace's clocks; what is none goes to the API as it is."""
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        return text or None
    aware = at if at.tzinfo is not None else at.replace(tzinfo=engine.ruleset.zone.tz)
    return aware.astimezone(UTC).isoformat()


HANDLERS = [get_customers_page, get_customer_page, get_why_page]
