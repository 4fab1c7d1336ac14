"""What a request may be at all: how large its head and address, how slow its body."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from time import perf_counter
from typing import TYPE_CHECKING, Any, TypeAlias

import structlog
from litestar.enums import ScopeType
from structlog.contextvars import bound_contextvars

from api.requests import request_id
from engine.errors import RequestError
from engine.runtime import tracing
from engine.runtime.logs import REQUEST

if TYPE_CHECKING:
    from litestar.types import ASGIApp, HTTPScope, Message, Receive, Scope, Send

    from api.rates import Rates

LARGEST_HEAD = 16 * 1024
"""Bytes of all header fields together."""

LONGEST_QUERY = 8 * 1024
"""Bytes of a query."""

BODY_WITHIN = 30.0
"""Seconds in which a body must have come in whole."""

TAKEN_WITHIN = 30.0
"""Seconds in which whoever listens to a stream must have taken what was sent."""


Answered: TypeAlias = Callable[[str, int, float], None]
"""Takes a route, the status of an answer, and the seconds that it took."""

_log = structlog.get_logger("holdfast.bounds")


def bounded(
    rates: Rates, answered: Answered, patience: float = BODY_WITHIN, taken_within: float = TAKEN_WITHIN
) -> type:
    """Give the middleware that holds requests to these bounds, and tells how long each took."""

    class Bounded:
        """Refuses what is too large or too slow, and counts a request as done when it is.

        A stream that nobody reads is as one whose client has gone away.
        """

        def __init__(self, app: ASGIApp) -> None:
            self._app = app

        async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
            if scope["type"] != ScopeType.HTTP:
                await self._app(scope, receive, send)
                return
            with bound_contextvars(**{REQUEST: request_id(scope)}):
                _look(scope)
                await self._traced(scope, receive, send)

        async def _traced(self, scope: HTTPScope, receive: Receive, send: Send) -> None:
            # An address that there is not has no route, and is itself of no interest.
            method, route = scope["method"], scope.get("path_template", "")
            asked: dict[str, str | int] = {"http.request.method": method, "http.route": route}
            name = f"{method} {route}"
            with tracing.request(name, scope["headers"], asked) as span:
                status = await self._in_time(name, scope, receive, send)
                span.tell("http.response.status_code", status)
                if status >= 500:
                    span.fail(str(status))
                if (key := scope.get("user")) is not None:
                    span.tell("holdfast.key", key.id)
                    span.tell("holdfast.role", key.role)

        async def _in_time(self, name: str, scope: HTTPScope, receive: Receive, send: Send) -> int:
            """Have it answered, which is told under its route's `name`; give the status of the answer."""
            deadline = asyncio.get_running_loop().time() + patience
            whole = False
            gone = asyncio.Event()

            async def timely() -> Any:
                nonlocal whole
                if whole:
                    # Whoever waits now waits for the client to go away.
                    return await _first(receive, gone)
                try:
                    async with asyncio.timeout_at(deadline):
                        message = await receive()
                except TimeoutError:
                    raise RequestError(
                        f"the body took over {patience:g} s; send it faster", code="too_slow"
                    ) from None
                whole = message["type"] != "http.request" or not message.get("more_body", False)
                if message["type"] == "http.request":
                    rates.body(scope, len(message.get("body", b"")))
                return message

            status = 500

            async def taken(message: Message) -> None:
                nonlocal status
                if message["type"] == "http.response.start":
                    status = message["status"]
                if "streaming" not in scope["state"]:
                    await send(message)
                    return
                late = asyncio.get_running_loop().call_later(taken_within, gone.set)
                try:
                    await send(message)
                finally:
                    late.cancel()

            began = perf_counter()
            try:
                await self._app(scope, timely, taken)
            finally:
                if "streaming" not in scope["state"]:
                    answered(name, status, perf_counter() - began)
                rates.end(scope)
            return status

    return Bounded


async def _first(receive: Receive, gone: asyncio.Event) -> Any:
    """Wait for what the client says next, or until it is given up: then it is as if it had left."""
    heard, given_up = asyncio.ensure_future(receive()), asyncio.ensure_future(gone.wait())
    try:
        await asyncio.wait({heard, given_up}, return_when=asyncio.FIRST_COMPLETED)
        if heard.done():
            return heard.result()
        _log.warning("reader_cut")
        return {"type": "http.disconnect"}
    finally:
        heard.cancel()
        given_up.cancel()


def _look(scope: Scope) -> None:
    if len(scope.get("query_string", b"")) > LONGEST_QUERY:
        raise RequestError(
            f"the query is over {LONGEST_QUERY // 1024} KB; send a shorter one", code="address_too_long"
        )
    if sum(len(name) + len(value) for name, value in scope["headers"]) > LARGEST_HEAD:
        raise RequestError(
            f"the header fields are over {LARGEST_HEAD // 1024} KB; send fewer", code="head_too_large"
        )
