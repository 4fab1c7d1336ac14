"""Points: what a member has, and what people do with it."""

from __future__ import annotations

from asyncio import wrap_future
from collections.abc import Mapping
from typing import Annotated, Any, TypeAlias

import msgspec
from litestar import get, post
from litestar.params import FromPath

from api.answers.points import (
    AdjustmentAnswer,
    LiabilityAnswer,
    PointsAnswer,
    RedemptionAnswer,
    StatementAnswer,
    adjustment_answer,
    liability_answer,
    points_answer,
    posting_answer,
    redemption_answer,
    statement_answer,
)
from api.auth import OPERATE, READ
from api.doors import Call, Instant, aside, door, engine_of, instant, query_of, read, read_optional
from api.paging import Listing, after, page
from api.repeats import acting
from api.written import ShortLength, one_of
from engine.errors import RequestError
from engine.model.values import Duration
from engine.runs.waiting import add

Program: TypeAlias = (
    Annotated[str, msgspec.Meta(description="The program; not needed where there is only one.")] | None
)
Key: TypeAlias = (
    Annotated[
        str,
        msgspec.Meta(
            min_length=1,
            max_length=200,
            pattern=r"^[\x21-\x2e\x30-\x7e]+$",
            description="The caller's own number of it: the same again changes nothing.",
        ),
    ]
    | None
)
Reward: TypeAlias = (
    Annotated[str, msgspec.Meta(description="A reward of the program; this or points.")] | None
)
Points: TypeAlias = (
    Annotated[int, msgspec.Meta(ge=1, le=1_000_000_000, description="Points; this or a reward.")] | None
)


_EITHER = one_of("reward", "points")


class PointsListing(Listing, kw_only=True, frozen=True, forbid_unknown_fields=True):
    """Which program; with `from` and `to` its statement of that period."""

    program: str | None = None
    from_: Instant | None = msgspec.field(name="from", default=None)
    to: Instant | None = None


class Redeem(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """What to spend: a reward, or so many points."""

    program: Program = None
    reward: Reward = None
    points: Points = None
    key: Key = None
    reason: str | None = None


class Reserve(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """What to set aside, and for how long; `reserve` of the program without it."""

    program: Program = None
    reward: Reward = None
    points: Points = None
    key: Key = None
    up_to: ShortLength | None = None


class Named(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """Which program it is of."""

    program: Program = None


class Adjust(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """Points to give, or to take where they are below zero, and why."""

    points: Annotated[
        int, msgspec.Meta(ge=-1_000_000_000, le=1_000_000_000, extra_json_schema={"not": {"const": 0}})
    ]
    reason: Annotated[str, msgspec.Meta(min_length=1, max_length=1000, pattern=r"\S")]
    program: Program = None
    key: Key = None


@get("/v1/customers/{id:str}/points", opt=door(READ, query=PointsListing))
async def get_points(request: Call, id: FromPath[str]) -> PointsAnswer:
    """Give what a member has: balances, tier, lots, what waits, and postings, the newest first.

    With `from` and `to` comes the statement of that period: opening, movements, closing.
    """
    listing = query_of(request, PointsListing)
    engine = engine_of(request)
    held = await aside(engine.points, id, listing.program)
    start, end = instant(listing.from_, "from"), instant(listing.to, "to")
    stated: StatementAnswer | None = None
    if start is not None or end is not None:
        ends = engine.clock.now() + 1 if end is None else end
        if (start or 0) > ends:
            raise RequestError(
                "`from` lies after `to`; send the earlier one as `from`", code="invalid_parameter"
            )
        stated = statement_answer(await aside(engine.statement, id, held.program, start or 0, ends))
    # Nothing is ever booked before what is there: a cursor is the place of a posting from the first one.
    numbered = list(enumerate(held.postings))[: after(listing, int, id)]
    booked = page(listing, numbered[::-1], lambda one: posting_answer(one[1]), lambda one: one[0], id)
    return points_answer(held, booked, stated)


@post(
    "/v1/customers/{id:str}/points/redeem",
    status_code=200,
    opt=door(OPERATE, body=Annotated[Redeem, _EITHER], repeatable=True),
)
async def post_redeem(request: Call, id: FromPath[str]) -> RedemptionAnswer:
    """Spend a member's points at once, the earliest to expire first."""
    asked = await read(request, Redeem)
    return await _redeem(request, id, "points_redeemed", _wanted(asked.reward, asked.points) | {
        "program": asked.program, "key": asked.key, "reason": asked.reason,
    })  # fmt: skip


@post(
    "/v1/customers/{id:str}/points/reserve",
    status_code=200,
    opt=door(OPERATE, body=Annotated[Reserve, _EITHER], repeatable=True),
)
async def post_reserve(request: Call, id: FromPath[str]) -> RedemptionAnswer:
    """Set a member's points aside, until they are committed or released, or their time is up."""
    asked = await read(request, Reserve)
    until = None
    if asked.up_to is not None:
        length = _length(asked.up_to)
        engine = engine_of(request)
        until = add(engine.ruleset.zone, engine.clock.now(), length)
    return await _redeem(request, id, "points_reserved", _wanted(asked.reward, asked.points) | {
        "program": asked.program, "key": asked.key, "until": until,
    })  # fmt: skip


@post(
    "/v1/customers/{id:str}/points/reserve/{key:str}/commit",
    status_code=200,
    opt=door(OPERATE, body=Named | None, repeatable=True),
)
async def post_commit(request: Call, id: FromPath[str], key: FromPath[str]) -> RedemptionAnswer:
    """Spend what was reserved, and give what it buys."""
    asked = await read_named(request)
    return await _redeem(request, id, "reservation_committed", {"program": asked.program, "key": key})


@post(
    "/v1/customers/{id:str}/points/reserve/{key:str}/release",
    status_code=200,
    opt=door(OPERATE, body=Named | None, repeatable=True),
)
async def post_release(request: Call, id: FromPath[str], key: FromPath[str]) -> RedemptionAnswer:
    """Give back what was reserved."""
    asked = await read_named(request)
    return await _redeem(request, id, "reservation_released", {"program": asked.program, "key": key})


@post(
    "/v1/customers/{id:str}/points/adjust", status_code=200, opt=door(OPERATE, body=Adjust, repeatable=True)
)
async def post_adjust(request: Call, id: FromPath[str]) -> AdjustmentAnswer:
    """Give or take points by hand; beyond `approve_above` of the program it waits for another person."""
    asked = await read(request, Adjust)
    given = {"points": asked.points, "reason": asked.reason, "program": asked.program, "key": asked.key}
    return await _adjust(request, id, "points_adjusted", given)


@post(
    "/v1/customers/{id:str}/points/adjust/{key:str}/approve",
    status_code=200,
    opt=door(OPERATE, body=Named | None, repeatable=True),
)
async def post_approve(request: Call, id: FromPath[str], key: FromPath[str]) -> AdjustmentAnswer:
    """Let an adjustment happen that another person proposed."""
    asked = await read_named(request)
    return await _adjust(request, id, "adjustment_approved", {"program": asked.program, "key": key})


@post(
    "/v1/customers/{id:str}/points/adjust/{key:str}/refuse",
    status_code=200,
    opt=door(OPERATE, body=Named | None, repeatable=True),
)
async def post_refuse(request: Call, id: FromPath[str], key: FromPath[str]) -> AdjustmentAnswer:
    """Turn an adjustment down that another person proposed."""
    asked = await read_named(request)
    return await _adjust(request, id, "adjustment_refused", {"program": asked.program, "key": key})


@get("/v1/programs/{id:str}/liability", opt=door(READ))
async def get_liability(request: Call, id: FromPath[str]) -> LiabilityAnswer:
    """Give what a program owes its members, and its breakage, with all that they are made of."""
    engine = engine_of(request)
    return liability_answer(id, await aside(engine.liability, id), engine.clock.now())


async def read_named(request: Call) -> Named:
    """Read which program is meant; no body is as good as `{}`."""
    return await read_optional(request, Named)


async def _redeem(request: Call, id: str, name: str, asked: Mapping[str, Any]) -> RedemptionAnswer:
    engine = await acting(request, redemption_answer)
    by = request.user.owner
    return redemption_answer(await wrap_future(engine.act_on_points(id, name, asked, by)))


async def _adjust(request: Call, id: str, name: str, asked: Mapping[str, Any]) -> AdjustmentAnswer:
    engine = await acting(request, adjustment_answer)
    by = request.user.owner
    return adjustment_answer(await wrap_future(engine.act_on_points(id, name, asked, by)))


def _wanted(reward: str | None, points: int | None) -> dict[str, Any]:
    if (reward is None) == (points is None):
        raise RequestError("a redemption is of a reward or of points; send one of the two")
    return {"reward": reward, "points": points}


def _length(text: str) -> Duration:
    try:
        length = Duration.parse(text)
    except ValueError as error:
        raise RequestError(str(error)) from None
    if length.micros > LONGEST.micros:
        raise RequestError(f"points are reserved for at most {LONGEST}; send a shorter time")
    return length


LONGEST = Duration(30, "d")
"""How long points may be set aside."""

HANDLERS = [
    get_points,
    post_redeem,
    post_reserve,
    post_commit,
    post_release,
    post_adjust,
    post_approve,
    post_refuse,
    get_liability,
]
