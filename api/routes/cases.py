"""Cases: what somebody has to look at."""

from __future__ import annotations

from asyncio import wrap_future
from datetime import datetime
from typing import Annotated, Any

import msgspec
from litestar import get, post
from litestar.params import FromPath

from api.answers.values import CaseAnswer, case_answer, time
from api.auth import OPERATE, READ
from api.doors import Call, Instant, aside, door, engine_of, names_of, query_of, read, read_optional
from api.paging import DueListing, Page, due_after, due_key, page
from api.repeats import acting
from api.routes.customers import TimelineEntry, entry_answer
from api.routes.questions import By
from engine.customers.zones import moment_of
from engine.escalation.case import Case, CaseStatus
from engine.escalation.clock import Clock
from engine.escalation.durations import Durations
from engine.escalation.history import Happening
from engine.model.values import SECOND, Micros
from engine.runtime.engine import Engine
from engine.runtime.people.casework import KnownCase
from engine.store.records import CaseFilter

Reason = Annotated[str, msgspec.Meta(max_length=500, description="Why, as it is kept.")]


class CaseListing(DueListing, kw_only=True, frozen=True, forbid_unknown_fields=True):
    """Which cases. `who` is whom they wait for, `overdue` those whose clock has run out and still runs."""

    status: CaseStatus | None = None
    customer: str | None = None
    ladder: str | None = None
    who: str | None = None
    breached: bool | None = None
    exhausted: bool | None = None
    overdue: bool = False


@get("/v1/cases", opt=door(READ, query=CaseListing))
async def get_cases(request: Call) -> Page[CaseAnswer]:
    """List cases, by id, or the soonest due first."""
    listing = query_of(request, CaseListing)
    due_from, last = due_after(listing)
    engine = engine_of(request)
    wanted = CaseFilter(
        ladder=listing.ladder,
        who=listing.who,
        breached=listing.breached,
        exhausted=listing.exhausted,
        overdue_by=engine.clock.now() if listing.overdue else None,
    )

    def find(engine: Engine) -> list[Case]:
        with engine.store.reader() as reader:
            return reader.cases(
                status=listing.status,
                customers=names_of(reader, listing.customer),
                found=wanted,
                after=last,
                limit=listing.limit + 1,
                due_from=due_from,
            )

    def key(case: Case) -> object:
        return due_key(listing, case.soonest, case.id)

    return page(listing, await aside(find, engine), case_answer, key)


class HappeningAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that happened to a case. `at` is since when it holds, `said_at` when it was told.

    `value` is whom it was told or given to, the priority, the reason, or which clock.
    """

    what: str
    at: datetime
    said_at: datetime
    by: str | None
    value: str | None
    level: int
    loop: int


def happening_answer(each: Happening) -> HappeningAnswer:
    """Give one thing that happened to a case as it is answered with."""
    return HappeningAnswer(
        what=each.what,
        at=moment_of(each.at),
        said_at=moment_of(each.said_at),
        by=each.by,
        value=each.value,
        level=each.level,
        loop=each.loop,
    )


class PauseAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """A time in which a clock stood still; `until` is null while it does."""

    since: datetime
    until: datetime | None


class ClockAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """A clock of a case: to `respond` or to `resolve`, as its history has left it."""

    name: str
    state: str
    started_at: datetime
    due: datetime | None
    near: datetime | None
    ended_at: datetime | None
    breached: bool
    pauses: list[PauseAnswer]


def _clock(clock: Clock, now: Micros) -> ClockAnswer:
    return ClockAnswer(
        name=clock.name,
        state=clock.state,
        started_at=moment_of(clock.started_at),
        due=time(clock.due),
        near=time(clock.near),
        ended_at=time(clock.ended_at),
        breached=clock.breached(now),
        pauses=[PauseAnswer(since=moment_of(start), until=time(end)) for start, end in clock.pauses],
    )


class DurationAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """How long it took, in seconds; `business` counts open hours alone, without pauses."""

    response_seconds: int | None
    business_response_seconds: int | None
    resolution_seconds: int | None
    business_resolution_seconds: int | None


def _durations(found: Durations) -> DurationAnswer:
    return DurationAnswer(
        response_seconds=_seconds(found.response),
        business_response_seconds=_seconds(found.business_response),
        resolution_seconds=_seconds(found.resolution),
        business_resolution_seconds=_seconds(found.business_resolution),
    )


def _seconds(length: Micros | None) -> int | None:
    return None if length is None else length // SECOND


class CaseContext(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of the customer: `opened` as the case was opened, `now` at present.

    Each has what they own, what they are worth, the ladder's `show`, segments, and scores with parts and
    band; `before` and `recent` are the latest entries of the timeline, until then and until now.
    """

    opened: dict[str, Any]
    now: dict[str, Any]
    before: list[TimelineEntry]
    recent: list[TimelineEntry]


class CaseDetail(CaseAnswer, frozen=True, kw_only=True):
    """A case with its whole history, its clocks and durations, and its customer's context."""

    history: list[HappeningAnswer]
    clocks: list[ClockAnswer]
    durations: DurationAnswer
    context: CaseContext


def _detail(known: KnownCase, now: Micros) -> CaseDetail:
    case = known.case
    shown = msgspec.structs.asdict(case_answer(case))
    return CaseDetail(
        **shown,
        history=[happening_answer(each) for each in case.history],
        clocks=[_clock(clock, now) for clock in known.clocks],
        durations=_durations(known.durations),
        context=CaseContext(
            opened=case.context,
            now=known.now,
            before=[entry_answer(entry) for entry in known.before],
            recent=[entry_answer(entry) for entry in known.recent],
        ),
    )


@get("/v1/cases/{id:str}", opt=door(READ))
async def get_case(request: Call, id: FromPath[str]) -> CaseDetail:
    """Give a case: its history, its clocks, and what is known of its customer, then and now."""
    engine = engine_of(request)
    return _detail(await aside(engine.case, id), engine.clock.now())


class Person(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """Who takes it."""

    by: By = None


class Assignment(Person, kw_only=True, forbid_unknown_fields=True):
    """To whom it is given: somebody of `people`, or an address."""

    who: Annotated[str, msgspec.Meta(min_length=1, max_length=256)]


class CasePause(Person, kw_only=True, forbid_unknown_fields=True):
    """Why its clocks are to stand still, and since when; now by default."""

    reason: Reason | None = None
    since: Instant | None = None


class CaseReason(Person, kw_only=True, forbid_unknown_fields=True):
    """Why."""

    reason: Reason | None = None


class Priority(Person, kw_only=True, forbid_unknown_fields=True):
    """The priority that it is to have: one of its ladder's, or normal."""

    priority: Annotated[str, msgspec.Meta(min_length=1, max_length=100)]


async def _act(request: Call, id: str, what: str, given: Person, **said: str | None) -> CaseAnswer:
    engine = await acting(request, case_answer)
    owner = request.user.owner
    # Who is named by somebody else's key has not said so themselves.
    said["recorded_by"] = None if given.by in (None, owner) else owner
    return case_answer(await wrap_future(engine.act_on_case(id, what, given.by or owner, **said)))


@post(
    "/v1/cases/{id:str}/acknowledge", status_code=200, opt=door(OPERATE, body=Person | None, repeatable=True)
)
async def post_acknowledge(request: Call, id: FromPath[str]) -> CaseAnswer:
    """Take a case: nobody further up its ladder is told."""
    return await _act(request, id, "acknowledged", await read_optional(request, Person))


@post("/v1/cases/{id:str}/resolve", status_code=200, opt=door(OPERATE, body=Person | None, repeatable=True))
async def post_resolve(request: Call, id: FromPath[str]) -> CaseAnswer:
    """Close a case as resolved."""
    return await _act(request, id, "resolved", await read_optional(request, Person))


@post("/v1/cases/{id:str}/assign", status_code=200, opt=door(OPERATE, body=Assignment, repeatable=True))
async def post_assign(request: Call, id: FromPath[str]) -> CaseAnswer:
    """Give a case to somebody, who is told and has the time of its level to take it."""
    given = await read(request, Assignment)
    return await _act(request, id, "assigned", given, who=given.who)


@post("/v1/cases/{id:str}/pause", status_code=200, opt=door(OPERATE, body=CasePause | None, repeatable=True))
async def post_case_pause(request: Call, id: FromPath[str]) -> CaseAnswer:
    """Stop a case's clocks and its ladder, because it waits for somebody else."""
    given = await read_optional(request, CasePause)
    return await _act(request, id, "paused", given, reason=given.reason, since=given.since)


@post("/v1/cases/{id:str}/resume", status_code=200, opt=door(OPERATE, body=Person | None, repeatable=True))
async def post_case_resume(request: Call, id: FromPath[str]) -> CaseAnswer:
    """Let a case's clocks go on."""
    return await _act(request, id, "resumed", await read_optional(request, Person))


@post("/v1/cases/{id:str}/priority", status_code=200, opt=door(OPERATE, body=Priority, repeatable=True))
async def post_priority(request: Call, id: FromPath[str]) -> CaseAnswer:
    """Give a case another priority: its clocks count anew, from its beginning and with its pauses."""
    given = await read(request, Priority)
    return await _act(request, id, "prioritised", given, priority=given.priority)


@post(
    "/v1/cases/{id:str}/reopen", status_code=200, opt=door(OPERATE, body=CaseReason | None, repeatable=True)
)
async def post_reopen(request: Call, id: FromPath[str]) -> CaseAnswer:
    """Open a closed case again: its clocks and its ladder begin anew."""
    given = await read_optional(request, CaseReason)
    return await _act(request, id, "reopened", given, reason=given.reason)


@post(
    "/v1/cases/{id:str}/cancel", status_code=200, opt=door(OPERATE, body=CaseReason | None, repeatable=True)
)
async def post_case_cancel(request: Call, id: FromPath[str]) -> CaseAnswer:
    """Close a case as no longer needed."""
    given = await read_optional(request, CaseReason)
    return await _act(request, id, "cancelled", given, reason=given.reason)


HANDLERS = [
    get_cases,
    get_case,
    post_acknowledge,
    post_resolve,
    post_assign,
    post_case_pause,
    post_case_resume,
    post_priority,
    post_reopen,
    post_case_cancel,
]
