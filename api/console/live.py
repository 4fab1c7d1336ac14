"""What tells a page that something has happened: that it has, and nothing of what."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Annotated

import msgspec
from litestar import get
from litestar.response import ServerSentEvent
from litestar.response.sse import ServerSentEventMessage

from api.auth import still_in
from api.console.pages import SEE, shown
from api.doors import Call, query_of
from api.routes.stream import AGAIN
from api.tail import Tail
from engine.store.sessions import SessionRow


class LiveQuery(msgspec.Struct, kw_only=True, frozen=True, forbid_unknown_fields=True):
    """The place in the record as of which the page was made; without it what is new is told."""

    after: Annotated[int, msgspec.Meta(ge=0)] | None = None


@get("/live", opt=shown(SEE), media_type="text/event-stream")
async def get_live(request: Call) -> ServerSentEvent:
    """Say `changed` within a second each time that something is decided, done or asked.

    What happened since the page was made that asks is told at once. It tells of nobody and of nothing, so
    that everybody may hear it who may see a page: the page then asks again for what it shows, with the
    rights of who looks at it.
    """
    place = query_of(request, LiveQuery).after
    session = request.scope["state"].get("session")
    # Without a session it is a program with a key, which is counted as one.
    name = session.hash if isinstance(session, SessionRow) else request.user.id
    request.app.state.rates.live(request.scope, name)
    tail: Tail = request.app.state.tail
    # Before the answer begins: whoever has heard a word of it misses nothing from then on.
    told = await tail.open() if place is None else await tail.since(place)
    changes = tail.changes(told, lambda: still_in(request))
    return ServerSentEvent(_messages(changes), retry_duration=AGAIN, headers={"Cache-Control": "no-store"})


async def _messages(changes: AsyncIterator[bool]) -> AsyncIterator[ServerSentEventMessage]:
    async for changed in changes:
        if changed:
            yield ServerSentEventMessage(data="{}", event="changed", sep="\n")
        else:
            yield ServerSentEventMessage(data=None, comment="here", sep="\n")


HANDLERS = [get_live]
