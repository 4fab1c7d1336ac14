"""Segments: who is in them, now or at an instant."""

from __future__ import annotations

from asyncio import wrap_future
from typing import Annotated

import msgspec
from litestar import get, post
from litestar.params import FromPath

from api.auth import OPERATE, SEE
from api.doors import Call, CustomerId, Instant, aside, door, engine_of, instant, query_of, read
from api.paging import Listing, Page, after, page
from api.repeats import acting
from engine.authoring.wording import known_or
from engine.errors import NotFoundError
from engine.runtime.engine import Engine
from engine.runtime.people.listing import Listed
from engine.timeline.ruleset import membership_of

MOST = 500
"""So many customers come into a list in one call, and so many go."""


class MemberListing(Listing, kw_only=True, frozen=True, forbid_unknown_fields=True):
    """As of when; now by default."""

    at: Instant | None = None


class Member(msgspec.Struct, frozen=True):
    """A customer in a segment."""

    customer: str


@get("/v1/segments/{id:str}/members", opt=door(SEE, query=MemberListing))
async def get_members(request: Call, id: FromPath[str]) -> Page[Member]:
    """List who is in a segment, now or at an instant, by the customer's id.

    A stage of a lifecycle is named with it, as `lifecycle.lapsed`.
    """
    listing = query_of(request, MemberListing)
    at, last = instant(listing.at, "at"), after(listing, str, id)

    def find(engine: Engine) -> list[str]:
        with engine.store.reader() as reader:
            return reader.members_of(id, at=at, after=last, limit=listing.limit + 1)

    engine = engine_of(request)
    stages = {
        membership_of(name, stage)
        for name, each in engine.workspace.lifecycles.items()
        for stage in each.stages
    }
    if id not in engine.workspace.segments and id not in stages:
        known = {*engine.workspace.segments, *stages}
        raise NotFoundError(f"there is no segment {id}; {known_or(id, known)}")
    return page(listing, await aside(find, engine), Member, lambda customer: customer, id)


class Assignment(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """Who comes into the list and who goes out of it."""

    add: Annotated[list[CustomerId], msgspec.Meta(max_length=MOST)] = []
    remove: Annotated[list[CustomerId], msgspec.Meta(max_length=MOST)] = []


@post("/v1/segments/{id:str}/members", status_code=200, opt=door(OPERATE, body=Assignment, repeatable=True))
async def post_members(request: Call, id: FromPath[str]) -> Listed:
    """Put customers into a static segment, and take others out, all at once.

    Each is an event of the customer. Who is there already, or is not, changes nothing.
    """
    said = await read(request, Assignment)
    engine = await acting(request, lambda listed: listed)
    return await wrap_future(engine.assign_members(id, said.add, said.remove, request.user.owner))


HANDLERS = [get_members, post_members]
