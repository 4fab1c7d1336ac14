"""Cases: what somebody has to look at."""

from __future__ import annotations

from asyncio import wrap_future

import msgspec
from litestar import get, post
from litestar.params import FromPath

from api.answers import CaseAnswer, case_answer
from api.auth import OPERATE, READ
from api.doors import Call, aside, door, engine_of, names_of, query_of, read_optional
from api.paging import Listing, Page, after, page
from api.repeats import acting
from api.routes.questions import By
from engine.escalation.case import Case, CaseStatus
from engine.runtime.engine import Engine


class CaseListing(Listing, kw_only=True, frozen=True, forbid_unknown_fields=True):
    """Which cases."""

    status: CaseStatus | None = None
    customer: str | None = None


@get("/v1/cases", opt=door(READ, query=CaseListing))
async def get_cases(request: Call) -> Page[CaseAnswer]:
    """List cases, by id."""
    listing = query_of(request, CaseListing)
    last = after(listing, str)

    def find(engine: Engine) -> list[Case]:
        with engine.store.reader() as reader:
            return reader.cases(
                status=listing.status,
                customers=names_of(reader, listing.customer),
                after=last,
                limit=listing.limit + 1,
            )

    return page(listing, await aside(find, engine_of(request)), case_answer, lambda case: case.id)


class Person(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """Who takes it."""

    by: By = None


@post(
    "/v1/cases/{id:str}/acknowledge", status_code=200, opt=door(OPERATE, body=Person | None, repeatable=True)
)
async def post_acknowledge(request: Call, id: FromPath[str]) -> CaseAnswer:
    """Take a case: nobody further up its ladder is told."""
    by = (await read_optional(request, Person)).by or request.user.owner
    engine = await acting(request, case_answer)
    return case_answer(await wrap_future(engine.acknowledge_case(id, by)))


@post("/v1/cases/{id:str}/resolve", status_code=200, opt=door(OPERATE, body=Person | None, repeatable=True))
async def post_resolve(request: Call, id: FromPath[str]) -> CaseAnswer:
    """Close a case as resolved."""
    by = (await read_optional(request, Person)).by or request.user.owner
    engine = await acting(request, case_answer)
    return case_answer(await wrap_future(engine.resolve_case(id, by)))


HANDLERS = [get_cases, post_acknowledge, post_resolve]
