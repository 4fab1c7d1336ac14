"""Runs: a list, those that are overdue or failing, and a run step by step."""

from __future__ import annotations

from typing import Any

from litestar import Response, get, post
from litestar.params import FromPath

from api.console.asking import Api, place
from api.console.lists import Column, Filter, Listing, listed
from api.console.pages import OPERATE, READ, acted, form_of, page, seen, shown
from api.doors import Call
from engine.errors import RequestError
from engine.model.reasons import RunStatus

RUNS = Listing(
    "/v1/runs",
    (
        Column("Run", "id", "run"),
        Column("Workflow", "workflow", "workflow"),
        Column("Customer", "customer", "customer"),
        Column("Stands", "status", "mark"),
        Column("Because", "reason", "words"),
        Column("By rule", "rule", "rule"),
        Column("Arm", "arm", "words"),
        Column("Began", "started_at", "time"),
        Column("Ended", "ended_at", "time"),
    ),
    (
        Filter("workflow", "Workflow"),
        Filter("customer", "Customer"),
        Filter("status", "Stands", "choice", tuple(status.value for status in RunStatus)),
        Filter("from", "From", "day", days=7),
        Filter("to", "To", "day"),
    ),
    empty="No run has begun yet. Send an event, and a rule may start one.",
    caption="Runs",
)
OVERDUE = Listing(
    "/v1/runs/overdue",
    (
        Column("Run", "id", "run"),
        Column("Workflow", "workflow", "workflow"),
        Column("Customer", "customer", "customer"),
        Column("Since", "since", "clock"),
        Column("Because", "because", "words"),
        Column("Tried again", "again", "time"),
        Column("At step", "path", "code"),
    ),
    empty="Everything moves.",
    caption="Runs that stand still",
)
TABS = [
    ("Runs", "/runs"),
    ("Overdue", "/runs/overdue"),
    ("Dead letters", "/runs/dead-letters"),
    ("Quarantine", "/runs/quarantine"),
]


@get("/runs", opt=shown(READ))
async def get_runs_page(request: Call) -> Response[Any]:
    """List runs, the one that began last first."""
    return await listed(request, RUNS, tabs=TABS)


@get("/runs/overdue", opt=shown(READ))
async def get_overdue_page(request: Call) -> Response[Any]:
    """List the runs that stand still, and why."""
    return await listed(request, OVERDUE, tabs=TABS)


@get("/runs/{id:str}", opt=shown(READ))
async def get_run_page(request: Call, id: FromPath[str]) -> Response[Any]:
    """Tell a run step by step: when, how each attempt ended and why, what was sent where."""
    run = await Api(request).get(place("/v1/runs/{}", id))
    effects = {effect["key"]: effect for effect in run["effects"]}
    return page(
        request,
        "run.html",
        title=f"Run {id}",
        run=run,
        steps=[{**step, "sent": effects.get(step["effect"])} for step in run["steps"]],
        open=run["status"] in (RunStatus.RUNNING.value, RunStatus.WAITING.value),
        failed=run["status"] == RunStatus.FAILED.value,
    )


@post("/runs/{id:str}", status_code=303, opt=acted(OPERATE))
async def post_run_page(request: Call, id: FromPath[str]) -> Response[Any]:
    """End a run, or let a failed one go on."""
    does = (await form_of(request)).get("does")
    if does not in ("cancel", "retry"):
        raise RequestError("this cannot be done to a run; use the page's buttons")
    await Api(request).post(place(f"/v1/runs/{{}}/{does}", id))
    return seen(request, place("/runs/{}", id))


HANDLERS = [get_runs_page, get_overdue_page, get_run_page, post_run_page]
