"""The stream: decisions and runs as they happen, as server-sent events."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import datetime
from typing import Annotated

import msgspec
from litestar import get
from litestar.response import ServerSentEvent
from litestar.response.sse import ServerSentEventMessage

from api.answers.values import encode
from api.auth import AUDIT, still_in
from api.doors import Call, door, query_of
from api.tail import Beat, Heard, Tail, Wanted
from api.written import written
from engine.customers.zones import moment_of
from engine.errors import RequestError
from engine.runtime.happenings import KINDS, RUN, Happening, Kind

AGAIN = 2000
"""Milliseconds after which a client comes back when its stream ends."""

_PLACE = "-1|[0-9]{1,15}"
_SORTS: dict[str, frozenset[Kind]] = {"run": RUN, **{kind: frozenset[Kind]((kind,)) for kind in KINDS}}


class StreamQuery(msgspec.Struct, kw_only=True, frozen=True, forbid_unknown_fields=True):
    """What is to be told, and from where on."""

    kind: Annotated[
        str | None,
        msgspec.Meta(
            description="What is told, with commas between: decision, run, or of runs only run_started, step,"
            " run_ended.",
            extra_json_schema=written(
                "(?:decision|run|run_started|step|run_ended)(?:,(?:decision|run|run_started|step|run_ended))*",
                "decision,run",
            ),
        ),
    ] = None
    rule: str | None = None
    workflow: str | None = None
    customer: str | None = None
    after: Annotated[
        str | None,
        msgspec.Meta(
            description="The number of the last entry that is known; -1 for all there are, without it what is"
            " new. The header Last-Event-ID, with which browsers come back, counts before it.",
            extra_json_schema=written(_PLACE, "-1"),
        ),
    ] = None
    follow: Annotated[
        bool, msgspec.Meta(description="Whether to wait for more; with false the stream ends.")
    ] = True


class HappeningAnswer(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The `data` of an event, as one line of JSON; what has no value is left out."""

    leaf: int
    at: datetime
    customer: str | None = None
    rule: str | None = None
    decision: str | None = None
    workflow: str | None = None
    run: str | None = None
    parent: str | None = None
    path: str | None = None
    verb: str | None = None
    status: str | None = None
    outcome: str | None = None
    reason: str | None = None
    arm: str | None = None


_SAME = tuple(name for name in HappeningAnswer.__struct_fields__ if name != "at")


def happening_answer(one: Happening) -> HappeningAnswer:
    """Give a happening as it is told."""
    return HappeningAnswer(at=moment_of(one.at), **{name: getattr(one, name) for name in _SAME})


@get("/v1/stream", opt=door(AUDIT, query=StreamQuery), media_type="text/event-stream")
async def get_stream(request: Call) -> ServerSentEvent:
    """Follow decisions and runs as they happen, in the order of the audit record.

    The id of each event is its number there: who comes back with it misses nothing and hears nothing
    twice. `event` is decision, run_started, step or run_ended, `data` one line of JSON. At least every
    15 seconds there is a comment, with the number up to which nothing more was to be told.
    """
    asked = query_of(request, StreamQuery)
    wanted = Wanted(
        kinds=_kinds(asked.kind), rule=asked.rule, workflow=asked.workflow, customer=asked.customer
    )
    given = _place(request, asked)
    request.app.state.rates.stream(request.scope, request.user)
    tail: Tail = request.app.state.tail
    size = await tail.open()
    after = size - 1 if given is None else given
    if after >= size:
        raise RequestError(
            f"the record has {size} entries, and none of the number {after} yet; begin again without it, or"
            " with the last number that you had",
            code="invalid_parameter",
        )
    until = None if asked.follow else size
    heard = tail.listen(wanted, after, until, lambda: still_in(request))
    head = {"Cache-Control": "no-store"}
    return ServerSentEvent(_messages(heard), retry_duration=AGAIN, headers=head)


def _kinds(text: str | None) -> frozenset[Kind] | None:
    if text is None:
        return None
    sorts = text.split(",")
    unknown = [sort for sort in sorts if sort not in _SORTS]
    if unknown:
        raise RequestError(
            f"kind has {unknown[0]!r}, which is none; write decision, run, run_started, step or run_ended",
            code="invalid_parameter",
            errors=(("/kind", "invalid_value", "write decision, run, run_started, step or run_ended"),),
        )
    return frozenset().union(*(_SORTS[sort] for sort in sorts))


def _place(request: Call, asked: StreamQuery) -> int | None:
    given = request.headers.get("last-event-id") or asked.after
    if given is None:
        return None
    digits = given.removeprefix("-")
    if given != "-1" and not (given == digits and digits.isascii() and digits.isdigit() and len(digits) < 16):
        raise RequestError(
            "the place is no number of an entry; send the last id that the stream had, or -1 for all",
            code="invalid_parameter",
            errors=(("/after", "invalid_value", "send the last id that the stream had, or -1 for all"),),
        )
    return int(given)


async def _messages(heard: AsyncIterator[Heard]) -> AsyncIterator[ServerSentEventMessage]:
    async for one in heard:
        if isinstance(one, Beat):
            # An id without data moves the place of a client and is no event to it.
            yield ServerSentEventMessage(data=None, id=one.leaf, comment="here", sep="\n")
        else:
            yield ServerSentEventMessage(
                data=encode(happening_answer(one)), event=one.kind, id=one.leaf, sep="\n"
            )


HANDLERS = [get_stream]
