"""Today: what happened in the last 24 hours, how the base and the work stand, and the kill switch."""

from __future__ import annotations

import asyncio
from typing import Any

from litestar import Response, get, post

from api.console.asking import Api
from api.console.charts import Bar, Chart, Series, bars, lines
from api.console.pages import OPERATE, SEE, acted, form_of, page, seen, shown
from api.console.words import instant
from api.doors import Call, engine_of
from engine.customers.zones import moment_of
from engine.errors import RequestError

WAITING = 10
"""So many questions and cases Today shows, the soonest due; the others are a link away."""

LATEST = 15


@get("/", opt=shown(SEE))
async def get_today_page(request: Call) -> Response[Any]:
    """Show what happened in the last 24 hours, and how things stand."""
    api = Api(request)
    if not api.may("GET /v1/today"):
        # Authors and approvers work on the policy, and see no customers.
        scores = await api.get("/v1/scores")
        return page(request, "scores.html", title="Today", scores=_charts(scores["items"]))
    today, scores, asks, cases, overdue = await asyncio.gather(
        api.get("/v1/today"),
        api.get("/v1/scores"),
        api.get("/v1/asks", {"sort": "due", "limit": WAITING}),
        api.get("/v1/cases", {"sort": "due", "status": "open", "limit": WAITING}),
        api.get("/v1/runs/overdue", {"limit": 5}),
    )
    runs = await api.get("/v1/runs", {"limit": LATEST})
    return page(
        request,
        "today.html",
        title="Today",
        today=today,
        fired=_fired(today),
        statuses=_statuses(today),
        scores=_charts(scores["items"]),
        asks=asks["items"],
        asks_more=today["open_asks"] - len(asks["items"]),
        cases=[{**one, "to_come": _to_come(request, one["due"])} for one in cases["items"]],
        cases_more=today["open_cases"] - len(cases["items"]),
        overdue=overdue["items"],
        runs=runs["items"],
        breached=sum(one["breached"] for one in today["cases"]),
    )


def _to_come(request: Call, due: str | None) -> bool:
    return due is not None and instant(due) > moment_of(engine_of(request).clock.now())


def _fired(today: dict[str, Any]) -> Chart:
    found = [
        Bar(
            rule,
            outcomes.get("fired", 0),
            ", ".join(
                f"{number} {outcome.replace('_', ' ')}"
                for outcome, number in sorted(outcomes.items())
                if outcome != "fired"
            ),
        )
        for rule, outcomes in today["rules"].items()
    ]
    found.sort(key=lambda bar: (-bar.value, bar.label))
    return bars("Triggers fired by rule", found, of="Fired", by="Rule")


def _statuses(today: dict[str, Any]) -> Chart:
    total: dict[str, int] = {}
    for statuses in today["workflows"].values():
        for status, number in statuses.items():
            total[status] = total.get(status, 0) + number
    found = [Bar(status, number) for status, number in sorted(total.items(), key=lambda pair: -pair[1])]
    return bars("Runs that began, by how they stand", found, of="Runs", by="Status")


def _charts(scores: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [
        {
            "score": one,
            "bands": bars(
                f"Customers by band of {one['score']}",
                [Bar(band["band"], band["customers"]) for band in one["bands"]],
                of="Customers",
                by="Band",
            ),
            "trend": lines(
                f"Mean of {one['score']}, last 28 days",
                [f"{at.day} {at:%b}" for at in (instant(each["day"]) for each in one["daily"])],
                [Series("mean", [float(each["mean"]) for each in one["daily"]])],
                low=0,
                high=100,
            ),
        }
        for one in scores
    ]


@get("/pause", opt=shown(OPERATE))
async def get_pause_page(request: Call) -> Response[Any]:
    """Ask once more before anything is held back, or goes on."""
    api = Api(request)
    paused = (await api.get("/v1/pause"))["paused"]
    workflows = (await api.get("/v1/workflows", {"limit": 1000}))["items"]
    chosen = request.query_params.get("workflow", "")
    return page(request, "pause.html", title="Kill switch", paused=paused, workflows=workflows, chosen=chosen)


@post("/pause", status_code=303, opt=acted(OPERATE))
async def post_pause_page(request: Call) -> Response[Any]:
    """Hold back a workflow, or all of them, or let it go on."""
    given = await form_of(request)
    does = given.get("does")
    if does not in ("pause", "resume"):
        raise RequestError("say whether to hold back or to go on; use the form's buttons")
    workflow = given.get("workflow") or None
    await Api(request).post(f"/v1/{does}", {} if workflow is None else {"workflow": workflow})
    return seen(request, "/pause")


HANDLERS = [get_today_page, get_pause_page, post_pause_page]
