"""The application: routes, guard, problems and headers put together."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from functools import cache, partial
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, Any

from litestar import Litestar, Response
from litestar.datastructures import State
from litestar.handlers import HTTPRouteHandler
from litestar.routes import HTTPRoute

from api.accesses import recorded
from api.answers.values import encode
from api.auth import Keyring, guard
from api.bounds import bounded
from api.console.failing import answer_failure
from api.console.handlers import HANDLERS as PAGES
from api.openapi import document
from api.people import People
from api.rates import Rates, rate_headers
from api.requests import LARGEST_BODY, request_id
from api.routes import HANDLERS
from api.slashes import put_back, put_by
from api.tail import Tail
from engine.runtime.engine import Engine

if TYPE_CHECKING:
    from litestar.types import Message, Scope

_HEADERS = (
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"no-referrer"),
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
    (b"cache-control", b"no-store"),
)
_HTTPS_ONLY = (b"strict-transport-security", b"max-age=31536000")
"""For a year; browsers heed it where it comes by https, as it does where `public_url` is of that."""


class ExactResponse(Response[Any]):
    """JSON in which exact decimals are written as numbers."""

    def render(self, content: Any, media_type: str, enc_hook: Any = None) -> bytes:
        """Give the bytes of the answer's body."""
        if isinstance(content, (bytes, str)):
            return content.encode() if isinstance(content, str) else content
        return encode(content)


@cache
def _routes() -> Sequence[HTTPRouteHandler]:
    """Give the handlers, each with what it takes worked out from its signature.

    An application copies its handlers, and what is known of them goes with the copies. It is the same for all
    applications of a process, and half of what it costs to put one together.
    """
    handlers = (*HANDLERS, *PAGES)
    for handler in handlers:
        assert handler.signature_model
    return handlers


def create_app(engine: Engine, *, token: str | None = None, redis: str | None = None) -> Litestar:
    """Give the HTTP application over an engine that is open; it neither starts nor closes it.

    `token` lets commands of this machine in, beside the keys; `redis` is where processes that answer for
    the same keys count their requests together.
    """
    keyring = Keyring(engine, token)
    people = People(engine)
    rates = Rates(engine, redis)
    tail = Tail(engine, lambda: rates.streams)
    engine.meters.watch("holdfast_streams_open", "Streams that somebody listens to.", lambda: rates.streams)
    app = Litestar(
        route_handlers=_routes(),
        guards=[guard(keyring, people, rates)],
        middleware=[put_back, bounded(rates, engine.meters.answered)],
        on_shutdown=[tail.close, rates.close],
        exception_handlers={Exception: answer_failure},
        before_send=[_finishing(engine), recorded(engine)],
        response_class=ExactResponse,
        request_max_body_size=LARGEST_BODY,
        openapi_config=None,
        logging_config=None,
        state=State({"engine": engine, "keyring": keyring, "people": people, "rates": rates, "tail": tail}),
    )
    app.asgi_handler = put_by(app.asgi_handler)
    # Only who asks for it needs it.
    app.state.document = cache(partial(document, app, program_version()))
    app.state.methods = {
        route.path_format: ", ".join(sorted(route.route_handler_map))
        for route in app.routes
        if isinstance(route, HTTPRoute)
    }
    return app


def program_version() -> str:
    """Give the version of this program, 0 where it is not installed."""
    try:
        return version("holdfast")
    except PackageNotFoundError:
        return "0"


def _finishing(engine: Engine) -> Callable[[Message, Scope], Awaitable[None]]:
    async def finish(message: Message, scope: Scope) -> None:
        """Put on every answer its request's id and what keeps browsers from guessing."""
        if message["type"] != "http.response.start":
            return
        headers = list(message["headers"])
        if scope.get("method") == "OPTIONS" and (path := scope.get("path_template")) is not None:
            # The framework names only the methods of the handler that was registered first.
            allowed = scope["litestar_app"].state.methods.get(path, "OPTIONS")
            headers = [each for each in headers if each[0].lower() != b"allow"]
            headers.append((b"allow", allowed.encode()))
        present = {name.lower() for name, _ in headers}
        headers.extend((name, request_id(scope).encode()) for name in (b"request-id", b"x-request-id"))
        headers.extend(rate_headers(scope))
        headers.extend(each for each in _HEADERS if each[0] not in present)
        if engine.workspace.settings.public_url.startswith("https://"):
            headers.append(_HTTPS_ONLY)
        message["headers"] = headers

    return finish
