"""Who may come in: keys from the request's head, roles from the route."""

from __future__ import annotations

import asyncio
import base64
import binascii
import hmac
import time
from collections import OrderedDict
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from litestar.connection import ASGIConnection, Request
from litestar.handlers import BaseRouteHandler

from api.clients.posthog import KEY
from api.decoding import field_of
from api.requests import body_of
from engine.errors import ForbiddenError, StoreError, UnauthenticatedError
from engine.runtime.engine import Engine
from engine.runtime.keys import check_key, key_id
from engine.store.records import KeyRow

OPEN: frozenset[str] = frozenset()
"""For routes that nobody needs a key for."""
ADD = frozenset(("ingest", "operator", "admin"))
SEE = frozenset(("author", "approver", "operator", "auditor", "admin"))
READ = frozenset(("operator", "auditor", "admin"))
AUDIT = frozenset(("auditor", "admin"))
OPERATE = frozenset(("operator", "admin"))
ADMIN = frozenset(("admin",))

TRUSTED_FOR = 2.0
"""Seconds for which a key that was looked up is taken as good without another look."""
NOTED_EVERY = 60.0
"""Seconds between two notes of a key's use."""
_MOST = 1024


class Keyring:
    """Knows keys by their text; what was looked up a moment ago is not looked up again.

    `token` is one more that is good, for commands of this machine.
    """

    def __init__(self, engine: Engine, token: str | None = None) -> None:
        self._engine = engine
        self._token = token
        self._noted: dict[str, float] = {}
        self._rows: OrderedDict[str, tuple[KeyRow, float]] = OrderedDict()

    async def owner_of(self, text: str) -> KeyRow:
        """Give the row of a key that is good; raises `UnauthenticatedError`."""
        if self._token is not None and hmac.compare_digest(text.encode(), self._token.encode()):
            return KeyRow(id="local", role="admin", owner="local", label="local", hash="", created_at=0)
        id = key_id(text)
        known = self._rows.get(id)
        if known is None or known[1] < time.monotonic():
            row = await asyncio.to_thread(self._engine.find_key, id)
            if row is not None:
                self._keep(row)
        else:
            row = known[0]
        good = check_key(text, row, self._engine.clock.now())
        self._note(id)
        return good

    def forget(self) -> None:
        """Look every key up again: one was made or revoked."""
        self._rows.clear()

    def _note(self, id: str) -> None:
        """Let it be kept that the key was used; not at every use."""
        if time.monotonic() - self._noted.get(id, -NOTED_EVERY) >= NOTED_EVERY:
            self._noted[id] = time.monotonic()
            with suppress(StoreError):
                self._engine.touch_key(id)

    def _keep(self, row: KeyRow) -> None:
        self._rows[row.id] = (row, time.monotonic() + TRUSTED_FOR)
        self._rows.move_to_end(row.id)
        while len(self._rows) > _MOST:
            self._rows.popitem(last=False)


def guard(keyring: Keyring) -> Callable[[ASGIConnection[Any, Any, Any, Any], BaseRouteHandler], Any]:
    """Give the guard of all routes: each names its roles, and one that names none lets nobody in."""

    async def admit(connection: ASGIConnection[Any, Any, Any, Any], handler: BaseRouteHandler) -> None:
        roles = handler.opt.get("roles")
        if roles is OPEN or connection.scope.get("method") == "OPTIONS":
            return
        in_body = handler.opt.get("key_in_body") and "authorization" not in connection.headers
        text = await _in_body(connection) if in_body else _credentials(connection)
        key = await keyring.owner_of(text)
        if roles is None or key.role not in roles:
            raise ForbiddenError(f"a key with the role {key.role} may not do this")
        connection.scope["user"] = key

    return admit


async def _in_body(connection: ASGIConnection[Any, Any, Any, Any]) -> str:
    body = await body_of(Request(connection.scope, connection.receive))
    text = field_of(body, KEY)
    if not isinstance(text, str) or not text.isascii():
        raise UnauthenticatedError(f"send one API key, as `Authorization: Bearer hf_...` or as `{KEY}`")
    return text


def _credentials(connection: ASGIConnection[Any, Any, Any, Any]) -> str:
    given = connection.headers.getall("authorization", [])
    if len(given) != 1:
        raise UnauthenticatedError("send one API key, as `Authorization: Bearer hf_...`")
    scheme, _, rest = given[0].strip().partition(" ")
    rest = rest.strip()
    if scheme.lower() == "bearer" and rest:
        return rest
    if scheme.lower() == "basic":
        try:
            user, _, _ = base64.b64decode(rest, validate=True).decode().partition(":")
        except (binascii.Error, ValueError):
            raise UnauthenticatedError("the Authorization header is not base64") from None
        return user
    raise UnauthenticatedError("send the API key as Bearer, or as the user name of Basic")
