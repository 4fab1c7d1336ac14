"""Consent: what a customer said yes or no to, where and when."""

from __future__ import annotations

from asyncio import wrap_future
from datetime import datetime
from typing import Annotated

import msgspec
from litestar import get, post
from litestar.params import FromPath

from api.answers.values import time
from api.auth import OPERATE, READ
from api.doors import Call, Instant, aside, door, engine_of, instant, read
from api.repeats import acting
from engine.customers.zones import moment_of
from engine.model.message import Channel
from engine.runtime.people.reaching import Consent, ConsentChange, ConsentNow


class ConsentState(msgspec.Struct, frozen=True, kw_only=True):
    """How consent to a channel and purpose stands: `granted` null is unknown, which is no consent.

    `at` and `source` tell when it was said and where; `suppressed` why nothing is sent all the same.
    """

    channel: str
    purpose: str | None
    fact: str
    granted: bool | None
    at: datetime | None
    source: str | None
    suppressed: str | None


class ConsentSaid(msgspec.Struct, frozen=True, kw_only=True):
    """What was once said: yes or no, to a channel (null being all) and purpose; `event` is its record."""

    at: datetime
    channel: str | None
    purpose: str | None
    granted: bool
    source: str
    by: str | None
    event: str


class ConsentAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """A customer's consent: as it stands, and everything that was said, the newest first."""

    customer: str
    now: list[ConsentState]
    history: list[ConsentSaid]


def consent_states(found: list[ConsentNow]) -> list[ConsentState]:
    """Give how consent stands as it is answered with."""
    return [
        ConsentState(
            channel=one.channel,
            purpose=one.purpose,
            fact=one.fact,
            granted=one.granted,
            at=time(one.at),
            source=one.source,
            suppressed=one.suppressed,
        )
        for one in found
    ]


def consent_said(change: ConsentChange) -> ConsentSaid:
    """Give what was once said of consent as it is answered with."""
    return ConsentSaid(
        at=moment_of(change.at),
        channel=change.channel,
        purpose=change.purpose,
        granted=change.granted,
        source=change.source,
        by=change.by,
        event=change.event,
    )


@get("/v1/customers/{id:str}/consent", opt=door(READ))
async def get_consent(request: Call, id: FromPath[str]) -> ConsentAnswer:
    """Give how a customer's consent stands, by channel and purpose, and how it came about."""
    now, past = await aside(engine_of(request).consent, id)
    return ConsentAnswer(
        customer=id, now=consent_states(now), history=[consent_said(change) for change in past]
    )


class Said(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """What the customer said."""

    channel: Channel
    purpose: str | None = None
    granted: bool
    source: Annotated[
        str, msgspec.Meta(min_length=1, max_length=200, description="Where: a form, a call, a paper.")
    ]
    at: Annotated[Instant | None, msgspec.Meta(description="When; now by default.")] = None


class ConsentRecorded(msgspec.Struct, frozen=True, kw_only=True):
    """How the customer's consent stands with it."""

    now: list[ConsentState]


def _recorded(found: list[ConsentNow]) -> ConsentRecorded:
    return ConsentRecorded(now=consent_states(found))


@post("/v1/customers/{id:str}/consent", status_code=200, opt=door(OPERATE, body=Said, repeatable=True))
async def post_consent(request: Call, id: FromPath[str]) -> ConsentRecorded:
    """Record consent that a customer gave or took back. Given again, it takes an unsubscription back."""
    told = await read(request, Said)
    said = Consent(
        channel=told.channel,
        purpose=told.purpose,
        granted=told.granted,
        source=told.source,
        at=instant(told.at, "at"),
    )
    engine = await acting(request, _recorded)
    return _recorded(await wrap_future(engine.record_consent(id, said, request.user.owner)))


HANDLERS = [get_consent, post_consent]
