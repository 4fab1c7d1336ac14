"""Runs: each with every step attempt, and cancelling one."""

from __future__ import annotations

from asyncio import wrap_future
from datetime import datetime
from typing import Annotated, Any

import msgspec
from litestar import get, post
from litestar.params import FromPath

from api.answers.values import (
    EffectAnswer,
    RunAnswer,
    StepAnswer,
    effect_answer,
    run_answer,
    step_answer,
    time,
)
from api.auth import OPERATE, READ
from api.doors import Call, Instant, aside, door, engine_of, instant, names_of, query_of
from api.paging import Listing, Page, after, page
from api.repeats import acting
from engine.customers.zones import moment_of
from engine.errors import NotFoundError
from engine.model.reasons import OverdueReason, RunStatus
from engine.runs.run import Run
from engine.runtime.engine import Engine
from engine.runtime.reports.standstill import Overdue


class RunListing(Listing, kw_only=True, frozen=True, forbid_unknown_fields=True):
    """Which runs: those that started at `from` or later, and before `to`."""

    workflow: str | None = None
    customer: str | None = None
    status: RunStatus | None = None
    from_: Instant | None = msgspec.field(name="from", default=None)
    to: Instant | None = None


@get("/v1/runs", opt=door(READ, query=RunListing))
async def get_runs(request: Call) -> Page[RunAnswer]:
    """List runs, the one that started last first."""
    listing = query_of(request, RunListing)
    start, end = instant(listing.from_, "from"), instant(listing.to, "to")
    last = after(listing, tuple[int, str])

    def find(engine: Engine) -> list[Run]:
        with engine.store.reader() as reader:
            return reader.runs(
                workflow=listing.workflow,
                customers=names_of(reader, listing.customer),
                status=listing.status,
                start=start,
                end=end,
                after=last,
                limit=listing.limit + 1,
                newest=True,
            )

    found = await aside(find, engine_of(request))
    return page(listing, found, run_answer, lambda run: (run.started_at, run.id))


class RunWithSteps(RunAnswer, frozen=True, kw_only=True):
    """A run with every step attempt, and what left the building for it."""

    event: Annotated[dict[str, Any], msgspec.Meta(description="What triggered it.")]
    steps: list[StepAnswer]
    effects: list[EffectAnswer]


class OverdueAnswer(RunAnswer, frozen=True, kw_only=True):
    """A run that stands still: since when, why, when it is tried again, and the effect it waits for."""

    since: datetime
    because: OverdueReason
    again: datetime | None
    effect: EffectAnswer | None


def _overdue_answer(one: Overdue) -> OverdueAnswer:
    shown = run_answer(one.run)
    return OverdueAnswer(
        **{name: getattr(shown, name) for name in RunAnswer.__struct_fields__},
        since=moment_of(one.since),
        because=one.because,
        again=time(one.again),
        effect=None if one.effect is None else effect_answer(one.effect),
    )


@get("/v1/runs/overdue", opt=door(READ, query=Listing))
async def get_overdue_runs(request: Call) -> Page[OverdueAnswer]:
    """List the runs that should have moved five minutes ago or longer, the one that stands longest first.

    Each with why: not played, set aside, paused, its definition gone, its effect not sent or given up.
    """
    listing = query_of(request, Listing)
    place = after(listing, tuple[int, str], "overdue")
    found = await aside(engine_of(request).overdue, place, listing.limit + 1)
    return page(listing, found, _overdue_answer, lambda one: (one.since, one.run.id), "overdue")


@get("/v1/runs/{id:str}", opt=door(READ))
async def get_run(request: Call, id: FromPath[str]) -> RunWithSteps:
    """Give a run with every step attempt: when, how it ended and why, what was sent where."""

    def find(engine: Engine) -> RunWithSteps:
        with engine.store.reader() as reader:
            run = reader.run(id)
            if run is None:
                raise NotFoundError(f"there is no run {id}; GET /v1/runs lists them")
            shown = run_answer(run)
            return RunWithSteps(
                **{name: getattr(shown, name) for name in RunAnswer.__struct_fields__},
                event=run.event,
                steps=[step_answer(attempt) for attempt in reader.attempts(id)],
                effects=[effect_answer(row) for row in reader.effects(id)],
            )

    return await aside(find, engine_of(request))


@post("/v1/runs/{id:str}/cancel", status_code=200, opt=door(OPERATE, repeatable=True))
async def post_cancel(request: Call, id: FromPath[str]) -> RunAnswer:
    """End a run; what it has on its way and nobody is sending is cancelled too."""
    engine = await acting(request, run_answer)
    return run_answer(await wrap_future(engine.cancel_run(id, request.user.owner)))


@post("/v1/runs/{id:str}/retry", status_code=200, opt=door(OPERATE, repeatable=True))
async def post_retry(request: Call, id: FromPath[str]) -> RunAnswer:
    """Let a failed run go on at its failed step, whose effect keeps its key."""
    engine = await acting(request, run_answer)
    return run_answer(await wrap_future(engine.retry_run(id, request.user.owner)))


HANDLERS = [get_runs, get_overdue_runs, get_run, post_cancel, post_retry]
