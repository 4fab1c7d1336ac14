"""Experiments: which there are, what came out, and what one could find."""

from __future__ import annotations

from asyncio import wrap_future
from typing import Annotated

import msgspec
from litestar import get
from litestar.params import FromPath

from api.answers.experiments import (
    DetectableAnswer,
    ExperimentAnswer,
    ReportAnswer,
    listed_answer,
    plan_answer,
    report_answer,
)
from api.auth import SEE
from api.doors import Call, aside, door, engine_of, query_of
from api.paging import Listing, Page, after, page


class PlanQuery(msgspec.Struct, kw_only=True, frozen=True, forbid_unknown_fields=True):
    """How many customers there will be, and which share of them would reach the goal anyway (0.1 is 10%)."""

    customers: Annotated[int, msgspec.Meta(ge=1, le=1_000_000_000)] | None = None
    base: Annotated[float, msgspec.Meta(gt=0, lt=1)] | None = None


@get("/v1/experiments", opt=door(SEE, query=Listing))
async def get_experiments(request: Call) -> Page[ExperimentAnswer]:
    """List the workflows of which something is compared, by id."""
    listing = query_of(request, Listing)
    last = after(listing, str, "experiments")
    found = [
        one for one in await aside(engine_of(request).experiments) if last is None or one.workflow > last
    ]
    return page(listing, found[: listing.limit + 1], listed_answer, lambda one: one.workflow, "experiments")


@get("/v1/experiments/{workflow:str}", opt=door(SEE))
async def get_experiment(request: Call, workflow: FromPath[str]) -> ReportAnswer:
    """Compare the arms of a workflow: who came, who reached the goal, what is proven.

    While it runs, the interval is one that may be looked at any day; p and the fixed interval come at the
    declared end. Of many customers it is as of the last count, at most a quarter of an hour ago: `as_of`
    tells when that was.
    """
    return report_answer(await wrap_future(engine_of(request).experiment(workflow)))


@get("/v1/experiments/{workflow:str}/detectable", opt=door(SEE, query=PlanQuery))
async def get_detectable(request: Call, workflow: FromPath[str]) -> DetectableAnswer:
    """Tell how small an effect a workflow could find, before it starts.

    Without `customers` they are those whom its rules reached in the last 28 days; without `base` it is
    what was measured of the control.
    """
    asked = query_of(request, PlanQuery)
    return plan_answer(await aside(engine_of(request).detectable, workflow, asked.customers, asked.base))


HANDLERS = [get_experiments, get_experiment, get_detectable]
