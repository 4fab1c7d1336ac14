"""Asking the API from a page: in the process, as whoever asked for the page, and with nobody else's rights.

A page is a client of the public API like any other, except that nothing travels: its requests go through
the whole application, so that roles, refusals, the record of who read whose data and the meters are the API's
own. They count as one request with the page's own against what a key may ask for.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlencode

import msgspec
from litestar import Litestar
from litestar.routes import HTTPRoute

from api.answers.values import encode
from api.auth import CALLER, EVERYBODY, OPEN
from api.doors import Call
from api.people import Person
from api.problems import Problem
from api.requests import request_id
from api.slashes import part
from engine.errors import HoldfastError
from engine.store.records import KeyRow

if TYPE_CHECKING:
    from litestar.types import HTTPScope, Message

_PLACE = "place"
"""Where the place of a page is kept among what is known of its request."""

_decode = msgspec.json.Decoder(float_hook=str).decode


class RefusedError(HoldfastError):
    """The API said no to what a page asked: `problem` is its answer."""

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        super().__init__(problem.detail)


def place(path: str, *parts: str) -> str:
    """Give an address with each `{}` filled by a part, escaped; `place("/v1/runs/{}", id)`."""
    return path.format(*map(part, parts))


class Api:
    """The API as whoever asked for a page may use it."""

    def __init__(self, request: Call) -> None:
        self._app: Litestar = request.app
        self._scope = request.scope
        self._caller: KeyRow | Person = request.scope["state"]["shown"]

    @property
    def roles(self) -> tuple[str, ...]:
        """Give the roles of who asks."""
        return self._caller.roles if isinstance(self._caller, Person) else (self._caller.role,)

    def may(self, operation: str) -> bool:
        """Tell whether who asks may do this, named as in the API's description: `POST /v1/pause`."""
        return not roles_of(self._app, operation).isdisjoint(self.roles)

    async def get(self, path: str, query: Mapping[str, Any] | None = None) -> Any:
        """Give what the API answers, as plain values; what is None in the query is left out.

        Numbers with a point are text, digit for digit as the API gave them. Raises `RefusedError`.
        """
        return await self._ask("GET", path, query or {}, None)

    async def post(self, path: str, body: Any = None) -> Any:
        """Act, and give what the API answers; raises `RefusedError`."""
        return await self._ask("POST", path, {}, encode(body) if body is not None else b"")

    async def put(self, path: str, body: Any) -> Any:
        """Set something, and give what the API answers; raises `RefusedError`."""
        return await self._ask("PUT", path, {}, encode(body))

    async def delete(self, path: str) -> Any:
        """Take something away, and give what the API answers; raises `RefusedError`."""
        return await self._ask("DELETE", path, {}, b"")

    async def _take_place(self) -> None:
        """Note where the record is before anything is asked: what a page shows is as of there, or later."""
        state = self._scope["state"]
        if _PLACE not in state:
            state[_PLACE] = asyncio.ensure_future(self._app.state.tail.place())
        await state[_PLACE]

    @property
    def place(self) -> int | None:
        """Give how many entries the record had before the first question; None where that is not known."""
        found = self._scope["state"].get(_PLACE)
        if found is None or not found.done() or found.cancelled() or found.exception() is not None:
            return None
        return int(found.result())

    async def _ask(self, method: str, path: str, query: Mapping[str, Any], body: bytes | None) -> Any:
        await self._take_place()
        given = {name: value for name, value in query.items() if value is not None}
        told = False

        async def receive() -> Any:
            nonlocal told
            if told:
                return {"type": "http.disconnect"}
            told = True
            return {"type": "http.request", "body": body or b"", "more_body": False}

        status, parts = 500, list[bytes]()

        async def send(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            elif message["type"] == "http.response.body":
                parts.append(message["body"])

        await self._app(self._asked(method, path, urlencode(given)), receive, send)
        answer = b"".join(parts)
        if status >= 400:
            raise RefusedError(msgspec.json.decode(answer, type=Problem))
        return _decode(answer) if answer else None

    def _asked(self, method: str, path: str, query: str) -> HTTPScope:
        head = [
            (b"host", b"console"),
            (b"accept", b"application/json"),
            (b"content-type", b"application/json"),
            (b"x-request-id", request_id(self._scope).encode()),
        ]
        scope: dict[str, Any] = {
            "type": "http",
            "asgi": {"version": "3.0", "spec_version": "2.3"},
            "http_version": "1.1",
            "method": method,
            "scheme": self._scope["scheme"],
            # Servers give the path decoded.
            "path": unquote(path),
            "raw_path": path.encode(),
            "root_path": "",
            "query_string": query.encode(),
            "headers": head,
            "client": self._scope.get("client"),
            "server": self._scope.get("server"),
            "state": {CALLER: self._caller},
        }
        return scope  # type: ignore[return-value]


def roles_of(app: Litestar, operation: str) -> frozenset[str]:
    """Give who may do what the API describes under a method and a path; raises `KeyError`."""
    known: dict[str, frozenset[str]] | None = app.state.get("operations")
    if known is None:
        known = {
            f"{method} {route.path_format}": handler.opt["roles"]
            for route in app.routes
            if isinstance(route, HTTPRoute)
            for method, (handler, _) in route.route_handler_map.items()
            if method != "OPTIONS"
        }
        app.state["operations"] = known
    roles = known[operation]
    return EVERYBODY if roles is OPEN else roles
