"""What left the building and went wrong: dead letters, and the connectors."""

from __future__ import annotations

from asyncio import wrap_future
from datetime import datetime
from typing import Annotated, Any, Literal

import msgspec
from litestar import get, post
from litestar.params import FromPath

from api.answers.values import EffectAnswer, effect_answer, time
from api.auth import OPERATE, READ
from api.doors import Call, Instant, aside, door, engine_of, instant, names_of, query_of, read
from api.paging import Listing, Page, after, page
from api.repeats import acting
from engine.errors import NotFoundError
from engine.runtime.engine import Engine
from engine.store.letters import LetterFilter
from engine.store.records import OutboxRow


class DeadLetterAnswer(EffectAnswer, frozen=True, kw_only=True):
    """An effect that failed for good, or of which nobody knows whether it was taken."""

    run: Annotated[str | None, msgspec.Meta(description="The run that it belongs to.")]
    workflow: str | None
    customer: str
    dead: Annotated[bool, msgspec.Meta(description="Whether it still is one.")]


def dead_letter_answer(row: OutboxRow) -> DeadLetterAnswer:
    """Give a dead letter as it is answered with."""
    shown = effect_answer(row)
    return DeadLetterAnswer(
        **{name: getattr(shown, name) for name in EffectAnswer.__struct_fields__},
        run=row.effect.run or None,
        workflow=row.effect.workflow or None,
        customer=row.effect.customer,
        dead=row.dead,
    )


class DeadLetterListing(Listing, kw_only=True, frozen=True, forbid_unknown_fields=True):
    """Which dead letters: by where they come from, whom they are for, how they ended, given up in a span."""

    workflow: str | None = None
    step: Annotated[
        str | None, msgspec.Meta(description="The step that it is of, by its path as a run tells it.")
    ] = None
    customer: str | None = None
    outcome: Literal["failed", "uncertain"] | None = None
    reason: Annotated[str | None, msgspec.Meta(description="Why it was given up.")] = None
    from_: Annotated[Instant | None, msgspec.Meta(description="Given up at or after.")] = msgspec.field(
        default=None, name="from"
    )
    to: Annotated[Instant | None, msgspec.Meta(description="Given up before.")] = None


@get("/v1/dead-letters", opt=door(READ, query=DeadLetterListing))
async def get_dead_letters(request: Call) -> Page[DeadLetterAnswer]:
    """List the effects that were given up, or of which nobody knows whether they were taken."""
    listing = query_of(request, DeadLetterListing)
    last = after(listing, str)
    start, end = instant(listing.from_, "from"), instant(listing.to, "to")

    def find(engine: Engine) -> list[OutboxRow]:
        with engine.store.reader() as reader:
            wanted = LetterFilter(
                workflow=listing.workflow,
                step=listing.step,
                customers=names_of(reader, listing.customer),
                outcome=listing.outcome,
                reason=listing.reason,
                start=start,
                end=end,
            )
            return reader.dead_letters(wanted, after=last, limit=listing.limit + 1)

    found = await aside(find, engine_of(request))
    return page(listing, found, dead_letter_answer, lambda row: row.effect.key)


@get("/v1/dead-letters/{key:str}", opt=door(READ))
async def get_dead_letter(request: Call, key: FromPath[str]) -> DeadLetterAnswer:
    """Give a dead letter, or what became of one that was replayed or settled."""

    def find(engine: Engine) -> OutboxRow | None:
        with engine.store.reader() as reader:
            return reader.effect(key)

    row = await aside(find, engine_of(request))
    if row is None:
        raise NotFoundError(f"there is no effect {key}; look it up in the list of dead letters")
    return dead_letter_answer(row)


@post("/v1/dead-letters/{key:str}/replay", status_code=200, opt=door(OPERATE, repeatable=True))
async def post_replay(request: Call, key: FromPath[str]) -> DeadLetterAnswer:
    """Send a dead letter again, under its own key; a run that stopped because of it goes on."""
    engine = await acting(request, dead_letter_answer)
    return dead_letter_answer(await wrap_future(engine.replay_dead_letter(key, request.user.owner)))


class Settlement(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """What became of it, as a person has found out."""

    outcome: Literal["executed", "failed"]
    note: Annotated[str, msgspec.Meta(max_length=1000)] | None = None


@post(
    "/v1/dead-letters/{key:str}/settle", status_code=200, opt=door(OPERATE, body=Settlement, repeatable=True)
)
async def post_settle(request: Call, key: FromPath[str]) -> DeadLetterAnswer:
    """Write down how a dead letter ended; nothing is sent."""
    told = await read(request, Settlement)
    engine = await acting(request, dead_letter_answer)
    by = request.user.owner
    return dead_letter_answer(await wrap_future(engine.settle_dead_letter(key, told.outcome, told.note, by)))


class ConnectorAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """A connector: how it delivers, and whether anything is sent to it now."""

    name: str
    delivery: str
    rate: str | None
    state: Annotated[str, msgspec.Meta(description="`closed` (all is well), `open` or `half_open`.")]
    failures: Annotated[int, msgspec.Meta(description="Failures in a row.")]
    open_until: datetime | None


class Connectors(msgspec.Struct, frozen=True):
    """The connectors of holdfast.yaml that may fail."""

    items: list[ConnectorAnswer]


@get("/v1/connectors", opt=door(READ))
async def get_connectors(request: Call) -> Connectors:
    """List the connectors, with their circuit breakers."""

    def find(engine: Engine) -> list[dict[str, Any]]:
        return engine.connectors()

    found = await aside(find, engine_of(request))
    shown = [each | {"open_until": time(each["open_until"])} for each in found]
    return Connectors([msgspec.convert(each, ConnectorAnswer) for each in shown])


HANDLERS = [get_dead_letters, get_dead_letter, post_replay, post_settle, get_connectors]
