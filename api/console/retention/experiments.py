"""Experiments: which there are, what came out of each, and what one could find."""

from __future__ import annotations

import asyncio
from typing import Any

from litestar import Response, get
from litestar.params import FromPath

from api.console import words
from api.console.asking import Api, RefusedError, place
from api.console.charts import Chart
from api.console.charts.intervals import Between, intervals
from api.console.lists import Column, Listing, csv_of, listed, wants_csv
from api.console.pages import SEE, page, shown
from api.console.retention.section import TABS, csv_address
from api.doors import Call
from engine.errors import RequestError

EXPERIMENTS = Listing(
    "/v1/experiments",
    (
        Column("Workflow", "workflow", "experiment"),
        Column("Stands", "status", "mark"),
        Column("Goal", "definition.goal", "code"),
        Column("Within", "definition.within"),
        Column("Revenue", "definition.revenue"),
        Column("Held out", "definition.holdout"),
        Column("Until", "definition.until", "time"),
        Column("Came", "exposures", "number"),
        Column("Last", "last_at", "time"),
    ),
    empty="Nothing is compared yet. Write holdout: 10% and goal: {event: order_completed, within: 30d} into "
    "the file of a workflow, and it is an experiment.",
    caption="Experiments",
)
_TITLES = (
    "Compared", "Split", "Arm", "Control", "Customers", "Time not over", "Measured", "Reached", "Rate", "Low",
    "High", "Lift", "Lift low", "Lift high", "Interval", "P", "P of several", "Verdict",
)  # fmt: skip


@get("/retention/experiments", opt=shown(SEE))
async def get_experiments_page(request: Call) -> Response[Any]:
    """List the workflows of which something is compared."""
    return await listed(request, EXPERIMENTS, template="retention-experiments.html", tabs=TABS)


@get("/retention/experiments/{workflow:str}", opt=shown(SEE))
async def get_experiment_page(request: Call, workflow: FromPath[str]) -> Response[Any]:
    """Tell what came out of an experiment, and what it could find."""
    api, asked = Api(request), request.query_params
    customers, base = asked.get("customers", "").strip(), asked.get("base", "").strip()
    report, plan = await asyncio.gather(
        api.get(place("/v1/experiments/{}", workflow)), _plan(api, workflow, customers, base)
    )
    if wants_csv(request):
        return csv_of(f"experiment-{report['workflow']}", _TITLES, _rows(report))
    return page(
        request,
        "retention-experiment.html",
        title=f"Experiment {workflow}",
        tabs=TABS,
        report=report,
        named=[_named(one) for one in report["comparisons"]],
        drawn=_lifts(report),
        plan=plan,
        customers=customers,
        base=base,
        csv=csv_address(request),
    )


async def _plan(api: Api, workflow: str, customers: str, base: str) -> dict[str, Any]:
    """Give what could be found, or in words why that cannot be said."""
    try:
        query = {"customers": customers or None, "base": _share(base)}
        found = await api.get(place("/v1/experiments/{}/detectable", workflow), query)
    except RefusedError as error:
        if error.problem.status not in (400, 409):
            raise
        return {"found": None, "why": error.problem.detail}
    return {"found": found, "why": None}


def _share(text: str) -> str | None:
    """Give a percentage as the share that the API is asked with; raises `RequestError` for what is none."""
    if not text:
        return None
    try:
        return repr(float(text.rstrip("% ").replace(",", ".")) / 100)
    except ValueError:
        raise RequestError(
            "the base is a percentage; write it as 10 or 2.5", code="invalid_parameter"
        ) from None


def _named(one: dict[str, Any]) -> str:
    if one["kind"] == "split":
        return f"{one['split']}: {one['treated']['arm']} against {one['control']['arm']}"
    return "Against who was held out" if one["kind"] == "holdout" else "Against the global control group"


def _lifts(report: dict[str, Any]) -> Chart | None:
    found = [Between(_named(one), *_ends(one["difference"])) for one in report["comparisons"]]
    if not any(one.value is not None for one in found):
        return None
    return intervals("Lift with its 95% interval", found, of="Lift", say=words.points)


def _ends(difference: dict[str, Any] | None) -> tuple[float | None, float | None, float | None]:
    if difference is None:
        return None, None, None
    interval = difference["interval"]
    return float(difference["value"]), float(interval["low"]), float(interval["high"])


def _rows(report: dict[str, Any]) -> list[list[Any]]:
    rows = []
    for one in report["comparisons"]:
        lift = one["difference"] or {"value": None, "interval": {}, "kind": None}
        for arm in (one["treated"], one["control"]):
            interval = arm["interval"] or {}
            own = arm is one["treated"]
            rows.append([
                one["kind"], one["split"], arm["arm"], not own, arm["customers"], arm["waiting"],
                arm["measured"], arm["reached"], arm["rate"], interval.get("low"), interval.get("high"),
                *((
                    lift["value"], lift["interval"].get("low"), lift["interval"].get("high"), lift["kind"],
                    one["p"], one["p_holm"], one["verdict"],
                ) if own else (None,) * 7),
            ])  # fmt: skip
    return rows


HANDLERS = [get_experiments_page, get_experiment_page]
