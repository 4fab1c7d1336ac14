"""Segments: who is in them, now or at an instant."""

from __future__ import annotations

import msgspec
from litestar import get
from litestar.params import FromPath

from api.auth import SEE
from api.doors import Call, Instant, aside, door, engine_of, instant, query_of
from api.paging import Listing, Page, after, page
from engine.errors import NotFoundError
from engine.runtime.engine import Engine
from engine.timeline.ruleset import membership_of


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
        raise NotFoundError(f"there is no segment {id}")
    return page(listing, await aside(find, engine), Member, lambda customer: customer, id)


HANDLERS = [get_members]
