"""The quarantine: events that could not be accepted, and taking them in after all."""

from __future__ import annotations

from asyncio import wrap_future
from typing import Annotated, Any

import msgspec
from litestar import get, post
from litestar.params import FromPath

from api.answers.quarantine import QuarantinedAnswer, quarantined_answer
from api.auth import OPERATE, READ
from api.doors import Call, Instant, aside, door, engine_of, instant, query_of, read_optional
from api.paging import Listing, Page, after, page
from api.repeats import acting
from engine.errors import NotFoundError
from engine.runtime.engine import Engine
from engine.store.records import QuarantinedEvent, QuarantineFilter

LARGEST_ID = 2**63 - 1


class QuarantineListing(Listing, kw_only=True, frozen=True, forbid_unknown_fields=True):
    """Which events: by reason, source and customer, received in a span, still waiting or replayed."""

    code: Annotated[str | None, msgspec.Meta(description="The reason for which it was refused.")] = None
    source: str | None = None
    customer: str | None = None
    replayed: bool = False
    from_: Annotated[Instant | None, msgspec.Meta(description="Received at or after.")] = msgspec.field(
        default=None, name="from"
    )
    to: Annotated[Instant | None, msgspec.Meta(description="Received before.")] = None


@get("/v1/quarantine", opt=door(READ, query=QuarantineListing))
async def get_quarantine(request: Call) -> Page[QuarantinedAnswer]:
    """List the events that could not be accepted, by number: those that wait, or that were replayed."""
    listing = query_of(request, QuarantineListing)
    last = after(listing, int)
    wanted = QuarantineFilter(
        code=listing.code,
        source=listing.source,
        customer=listing.customer,
        replayed=listing.replayed,
        start=instant(listing.from_, "from"),
        end=instant(listing.to, "to"),
    )

    def find(engine: Engine) -> list[QuarantinedEvent]:
        with engine.store.reader() as reader:
            return reader.quarantine_list(wanted, after=last, limit=listing.limit + 1)

    found = await aside(find, engine_of(request))
    return page(listing, found, quarantined_answer, lambda entry: entry.id)


def _number(id: str) -> int:
    if not (id.isascii() and id.isdigit()) or int(id) > LARGEST_ID:
        raise NotFoundError(f"there is nothing {id} in quarantine")
    return int(id)


@get("/v1/quarantine/{id:str}", opt=door(READ))
async def get_quarantined(request: Call, id: FromPath[str]) -> QuarantinedAnswer:
    """Give one event that could not be accepted."""
    number = _number(id)

    def find(engine: Engine) -> QuarantinedEvent | None:
        with engine.store.reader() as reader:
            return reader.quarantined(number)

    entry = await aside(find, engine_of(request))
    if entry is None:
        raise NotFoundError(f"there is nothing {id} in quarantine")
    return quarantined_answer(entry)


class Replay(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """The event as it should have been; without it, it is taken in as it was sent."""

    event: dict[str, Any] | None = None


@post(
    "/v1/quarantine/{id:str}/replay",
    status_code=200,
    opt=door(OPERATE, body=Replay | None, repeatable=True),
)
async def post_quarantined_replay(request: Call, id: FromPath[str]) -> QuarantinedAnswer:
    """Take an event in after all, with the times that it would have had when it came.

    As it was sent where the reason lay elsewhere, or corrected. Refused again, nothing has changed.
    """
    wanted = await read_optional(request, Replay)
    engine = await acting(request, quarantined_answer)
    by = request.user.owner
    return quarantined_answer(await wrap_future(engine.replay_quarantined(_number(id), wanted.event, by)))


HANDLERS = [get_quarantine, get_quarantined, post_quarantined_replay]
