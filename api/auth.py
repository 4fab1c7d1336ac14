"""Who may come in: keys from the request's head, roles from the route."""

from __future__ import annotations

import asyncio
import base64
import binascii
import hmac
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any, TypeAlias

from litestar.connection import ASGIConnection, Request
from litestar.handlers import BaseRouteHandler

from api.clients.posthog import KEY
from api.decoding import field_of
from api.people import CSRF, People, Person, person_of, session_name
from api.rates import LOCAL, Rates
from api.recent import TRUSTED_FOR, Recent
from api.requests import body_of
from engine.authoring.wording import either
from engine.errors import ForbiddenError, StoreError, UnauthenticatedError
from engine.runtime.addresses import Address, client_of, networks_of
from engine.runtime.callers.keys import ROLES, check_address, check_key, check_row, key_id
from engine.runtime.engine import Engine
from engine.store.records import KeyRow
from engine.store.sessions import BY_KEY

OPEN: frozenset[str] = frozenset()
"""For routes that nobody needs a key for."""
ADD = frozenset(("ingest", "operator", "admin"))
SEE = frozenset(("author", "approver", "operator", "auditor", "admin"))
READ = frozenset(("operator", "auditor", "admin"))
AUDIT = frozenset(("auditor", "admin"))
OPERATE = frozenset(("operator", "admin"))
ADMIN = frozenset(("admin",))
EVERYBODY = frozenset(ROLES)

CALLER = "caller"
"""Where a request that a page of the console asks itself has who asked for the page; nothing outside can."""

_FORM = "form"
"""Where a request whose form was read has it."""

NOTED_EVERY = 60.0
"""Seconds between two notes of a key's use."""


class Keyring:
    """Knows keys by their text; what was looked up a moment ago is not looked up again.

    `token` is one more that is good, for commands of this machine.
    """

    def __init__(self, engine: Engine, token: str | None = None) -> None:
        self._engine = engine
        self._token = token
        self._noted: dict[str, float] = {}
        self._rows: Recent[KeyRow] = Recent()

    async def owner_of(self, text: str, address: Callable[[], Address | None]) -> KeyRow:
        """Give the row of a key that is good where it is used from; raises `UnauthenticatedError`."""
        if self._token is not None and hmac.compare_digest(text.encode(), self._token.encode()):
            return KeyRow(id=LOCAL, role="admin", owner="local", label="local", hash="", created_at=0)
        id = key_id(text)
        good = check_key(text, await self._row(id), self._engine.clock.now())
        if good.addresses is not None:
            check_address(good, address())
        self._note(id, address)
        return good

    async def still_good(self, id: str, address: Callable[[], Address | None]) -> KeyRow:
        """Give the row of a key that a session began with; raises `UnauthenticatedError`."""
        good = check_row(await self._row(id), self._engine.clock.now())
        if good.addresses is not None:
            check_address(good, address())
        self._note(id, address)
        return good

    async def _row(self, id: str) -> KeyRow | None:
        row = self._rows.get(id, time.monotonic())
        if row is None:
            row = await asyncio.to_thread(self._engine.find_key, id)
            if row is not None:
                self._rows.keep(id, row, time.monotonic() + TRUSTED_FOR)
        return row

    def forget(self) -> None:
        """Look every key up again: one was made or revoked."""
        self._rows.clear()

    def _note(self, id: str, address: Callable[[], Address | None]) -> None:
        """Let it be kept that the key was used, and from where; not at every use."""
        if time.monotonic() - self._noted.get(id, -NOTED_EVERY) >= NOTED_EVERY:
            self._noted[id] = time.monotonic()
            found = address()
            with suppress(StoreError):
                self._engine.touch_key(id, None if found is None else str(found))


Connection: TypeAlias = ASGIConnection[Any, Any, Any, Any]
Guard: TypeAlias = Callable[[Connection, BaseRouteHandler], Any]


def guard(keyring: Keyring, people: People, rates: Rates) -> Guard:
    """Give the guard of all routes: each names its roles, and one that names none lets nobody in."""

    async def admit(connection: Connection, handler: BaseRouteHandler) -> None:
        roles = handler.opt.get("roles")
        if roles is OPEN or connection.scope.get("method") == "OPTIONS":
            return
        try:
            key = await _who(connection, handler, keyring, people)
        except UnauthenticatedError as error:
            connection.app.state.engine.note_refusal(error)
            raise
        asked_by_page = CALLER in connection.scope["state"]
        if not asked_by_page:
            await rates.request(connection.scope, key)
        if roles is None or key.role not in roles:
            may = either(sorted(roles or ()))
            raise ForbiddenError(f"a key with the role {key.role} may not do this; send one of {may}")
        if not asked_by_page:
            rates.begin(connection.scope, key)
        connection.scope["user"] = key

    async def admit_with_form(connection: Connection, handler: BaseRouteHandler) -> None:
        try:
            await admit(connection, handler)
        except Exception:
            # Files of a form that nobody comes to read are let go at once.
            if (form := connection.scope["state"].get(_FORM)) is not None:
                await form.close()
            raise

    return admit_with_form


async def still_in(request: Request[Any, Any, Any]) -> bool:
    """Tell whether who asked may still ask: their key or session is good, and has the role."""
    state, handler = request.app.state, request.route_handler
    try:
        key = await _who(request, handler, state.keyring, state.people)
    except (UnauthenticatedError, ForbiddenError):
        return False
    return key.role in handler.opt["roles"]


async def _who(connection: Connection, handler: BaseRouteHandler, keyring: Keyring, people: People) -> KeyRow:
    """Give who asks, by the role that fits where they have several."""
    state = connection.scope["state"]
    caller = state.get(CALLER) or await _caller(connection, handler, keyring, people)
    state["shown"] = caller
    if isinstance(caller, KeyRow):
        return caller
    state["person"] = caller
    return caller.key(handler.opt.get("roles"))


async def _caller(
    connection: Connection, handler: BaseRouteHandler, keyring: Keyring, people: People
) -> KeyRow | Person:
    """Give who asks: by a key or a token in the head, or in the body; else by the session of a browser."""
    cookie = connection.cookies.get(session_name(connection.app.state.engine.workspace.settings))
    if cookie is not None and "authorization" not in connection.headers:
        method = str(connection.scope.get("method"))
        acts_by_form = handler.opt.get("console") and method == "POST"
        csrf = await _in_form(connection) if acts_by_form else connection.headers.get(CSRF)
        session = await people.session(cookie, method, csrf)
        connection.scope["state"]["session"] = session
        if session.issuer == BY_KEY:
            return await keyring.still_good(session.subject, lambda: client_address(connection))
        return person_of(session)
    in_body = handler.opt.get("key_in_body") and "authorization" not in connection.headers
    text = await _in_body(connection) if in_body else _credentials(connection)
    if text.count(".") != 2:
        return await keyring.owner_of(text, lambda: client_address(connection))
    return await people.by_token(text)


async def _in_form(connection: Connection) -> str | None:
    """Give the CSRF token of a form: pages work without a program that could send it in the head."""
    form = connection.scope["state"][_FORM] = await Request(connection.scope, connection.receive).form()
    given = form.get("csrf")
    return given if isinstance(given, str) else None


async def _in_body(connection: Connection) -> str:
    body = await body_of(Request(connection.scope, connection.receive))
    text = field_of(body, KEY)
    if not isinstance(text, str) or not text.isascii():
        raise UnauthenticatedError(
            f"send one API key, as `Authorization: Bearer hf_...` or as `{KEY}`", because="missing"
        )
    return text


def client_address(connection: Connection) -> Address | None:
    """Give the address that a request comes from, behind the proxies that `holdfast.yaml` trusts."""
    peer = None if connection.client is None else connection.client.host
    proxies = connection.app.state.engine.workspace.settings.trusted_proxies
    forwarded = connection.headers.getall("x-forwarded-for", []) if proxies else []
    return client_of(peer, forwarded, networks_of(" ".join(proxies)))


def _credentials(connection: Connection) -> str:
    given = connection.headers.getall("authorization", [])
    if len(given) != 1:
        raise UnauthenticatedError("send one API key, as `Authorization: Bearer hf_...`", because="missing")
    scheme, _, rest = given[0].strip().partition(" ")
    rest = rest.strip()
    if scheme.lower() == "bearer" and rest:
        return rest
    if scheme.lower() == "basic":
        try:
            user, _, _ = base64.b64decode(rest, validate=True).decode().partition(":")
        except (binascii.Error, ValueError):
            raise UnauthenticatedError(
                "the Authorization header is not base64; send the API key as `Authorization: Bearer hf_...`",
                because="malformed",
            ) from None
        return user
    raise UnauthenticatedError(
        "send the API key as `Authorization: Bearer hf_...`, or as the user name of Basic",
        because="malformed",
    )
