"""Scores: how a customer's stands and why, and what people set in its place."""

from __future__ import annotations

from asyncio import wrap_future
from datetime import date, datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import Annotated

import msgspec
from litestar import delete, get, put
from litestar.params import FromPath

from api.answers.values import CalibrationAnswer, calibration_answer
from api.auth import OPERATE, READ, SEE
from api.doors import Call, aside, door, engine_of, instant, query_of, read
from api.written import Length, LocalMoment
from engine.customers.zones import moment_of
from engine.errors import RequestError, ValueSyntaxError
from engine.model.score import Score
from engine.model.values import SECOND, Duration, Micros
from engine.runtime.engine import Engine
from engine.runtime.people.scoring import KnownScore
from engine.runtime.reports.spreading import Counted
from engine.scores.score import PartValue, letter_of

_CENTS = Decimal(100)


class BandAnswer(msgspec.Struct, frozen=True):
    """How many customers are in a band."""

    band: str
    customers: int


class MeanAnswer(msgspec.Struct, frozen=True):
    """The mean of a score over the customers who had one on a day."""

    day: date
    mean: Decimal
    customers: int


class SpreadAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """A score and how it is spread over the base: by band, the lowest first, and its mean by day.

    `as_of` is when the base was counted, null while it is counted for the first time.
    """

    score: str
    description: str | None
    owner: str | None
    on: str
    high_is: str
    as_of: datetime | None
    bands: list[BandAnswer]
    daily: list[MeanAnswer]


class Spreads(msgspec.Struct, frozen=True):
    """Every score that there is."""

    items: list[SpreadAnswer]
    next_cursor: str | None = None


@get("/v1/scores", opt=door(SEE))
async def get_scores(request: Call) -> Spreads:
    """List the scores, each with its customers by band and its mean of the last 28 days.

    The base is counted at most every 15 minutes; `as_of` tells when.
    """
    engine = engine_of(request)
    counted = await aside(engine.spread)
    return Spreads([_spread(score, counted) for _, score in sorted(engine.workspace.scores.items())])


def _spread(score: Score, counted: Counted | None) -> SpreadAnswer:
    found = None if counted is None else counted.scores.get(score.id)
    bands = {} if found is None else found.bands
    daily = () if found is None else found.daily
    return SpreadAnswer(
        score=score.id,
        description=score.description,
        owner=score.owner,
        on=score.on,
        high_is=score.high_is,
        as_of=None if counted is None else moment_of(counted.as_of),
        bands=[BandAnswer(band, number) for band, number in bands.items()],
        daily=[MeanAnswer(date.fromordinal(one.day), one.mean, one.customers) for one in daily],
    )


class PartAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """A part: what its expression gave, 0 to 1 after clipping and fading, its weight, and its points.

    `value` is null where it is missing. `stale` marks one that is kept from before its source failed.
    """

    name: str
    raw: Decimal | None
    value: Decimal | None
    weight: Decimal
    contribution: Decimal
    age_seconds: int | None
    stale: bool


class OverrideAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """What a person set in the score's place, and until when it counts."""

    value: Decimal
    author: str
    reason: str
    until: datetime


class DayAnswer(msgspec.Struct, frozen=True):
    """What the parts gave at the first evaluation of a day."""

    day: date
    value: Decimal


class ScoreAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """How a score stands. `value` is what counts: the override while one is in force, else `computed`.

    `percent` is `value` as a whole number, `letter` A to F; both are null below coverage. `trend` is
    points per 28 days, null under seven days of `daily`. `reasons` are the parts that weigh most against
    the customer.
    """

    customer: str
    score: str
    as_of: datetime
    value: Decimal | None
    percent: int | None
    band: str
    letter: str | None
    computed: Decimal | None
    coverage: Decimal
    trend: Decimal | None
    daily: list[DayAnswer]
    reasons: tuple[str, ...]
    parts: list[PartAnswer]
    override: OverrideAnswer | None


def score_answer(known: KnownScore) -> ScoreAnswer:
    """Give a score as it is answered with."""
    override = known.override
    return ScoreAnswer(
        customer=known.customer,
        score=known.score,
        as_of=moment_of(known.as_of),
        value=_short(known.value),
        percent=None if known.value is None else int(known.value.to_integral_value(ROUND_HALF_UP)),
        band=known.band,
        letter=letter_of(known.value),
        computed=_short(known.reading.value),
        coverage=_rounded(known.reading.coverage),
        trend=known.trend,
        daily=[DayAnswer(date.fromordinal(day), Decimal(cents) / _CENTS) for day, cents in known.daily],
        reasons=known.reasons,
        parts=[_part(part) for part in known.reading.parts],
        override=None
        if override is None
        else OverrideAnswer(
            value=override.value,
            author=override.author,
            reason=override.reason,
            until=moment_of(override.until),
        ),
    )


def _part(part: PartValue) -> PartAnswer:
    return PartAnswer(
        name=part.name,
        raw=_short(part.raw),
        value=_short(part.value),
        weight=part.weight,
        contribution=_rounded(part.contribution),
        age_seconds=None if part.age is None else max(0, part.age // SECOND),
        stale=part.stale,
    )


def _short(value: Decimal | None) -> Decimal | None:
    return None if value is None else _rounded(value)


def _rounded(value: Decimal) -> Decimal:
    """Give a value to four places, without noughts at the end."""
    text = f"{round(value, 4):f}"
    return Decimal(text.rstrip("0").rstrip(".") if "." in text else text)


@get("/v1/scores/{id:str}/customers/{customer:str}", opt=door(READ))
async def get_score(request: Call, id: FromPath[str], customer: FromPath[str]) -> ScoreAnswer:
    """Tell how a score of a customer stands: its parts, what they rest on, trend and override."""
    engine = engine_of(request)
    return score_answer(await aside(engine.score, id, customer))


class Override(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """A value to count in the score's place, why, and until when."""

    value: Annotated[
        Decimal, msgspec.Meta(description="0 to 100.", extra_json_schema={"minimum": 0, "maximum": 100})
    ]
    reason: Annotated[str, msgspec.Meta(min_length=1, max_length=500, pattern=r"\S")]
    until: LocalMoment


@put("/v1/scores/{id:str}/customers/{customer:str}/override", opt=door(OPERATE, body=Override))
async def put_override(request: Call, id: FromPath[str], customer: FromPath[str]) -> ScoreAnswer:
    """Let a value count in place of what is computed, until an instant; the computed one is kept beside it.

    The author is the key's owner. It is an event of the customer. The same again changes nothing.
    """
    wanted = await read(request, Override)
    if not 0 <= wanted.value <= 100:
        detail = "a score is 0 to 100; send a value of that range"
        raise RequestError(detail, code="invalid_value", errors=(("/value", "invalid_value", detail),))
    engine = engine_of(request)
    until, by = _until(engine, wanted.until), request.user.owner
    future = engine.override_score(id, customer, wanted.value, wanted.reason.strip(), until, by)
    return score_answer(await wrap_future(future))


@delete("/v1/scores/{id:str}/customers/{customer:str}/override", status_code=200, opt=door(OPERATE))
async def delete_override(request: Call, id: FromPath[str], customer: FromPath[str]) -> ScoreAnswer:
    """End an override before its time: what is computed counts again."""
    future = engine_of(request).end_score_override(id, customer, request.user.owner)
    return score_answer(await wrap_future(future))


def _until(engine: Engine, text: str) -> Micros:
    try:
        return engine.ruleset.zone.start_of_day(date.fromisoformat(text).toordinal())
    except (ValueError, OverflowError):
        found = instant(text, "until")
        assert found is not None
        return found


class Calibrating(msgspec.Struct, kw_only=True, frozen=True, forbid_unknown_fields=True):
    """Which outcome, and within how long after a month's start."""

    outcome: Annotated[
        str,
        msgspec.Meta(
            min_length=1,
            max_length=200,
            description="An event, `final EVENT`, a segment or stage that is entered, or `no EVENT`.",
        ),
    ] = "churned"
    within: Length = "90d"


@get("/v1/scores/{id:str}/calibration", opt=door(READ, query=Calibrating))
async def get_calibration(request: Call, id: FromPath[str]) -> CalibrationAnswer:
    """Tell how many of each band, and of each tenth of the scale, came to an outcome afterwards.

    It replays all that was stored by the latest midnight, once a day; only periods that are over count.
    """
    asked = query_of(request, Calibrating)
    try:
        within = Duration.parse(asked.within).micros
    except ValueSyntaxError as error:
        raise RequestError(str(error), code="invalid_parameter") from None
    engine = engine_of(request)
    return calibration_answer(await aside(engine.calibration, id, asked.outcome, within))


HANDLERS = [get_scores, get_calibration, get_score, put_override, delete_override]
