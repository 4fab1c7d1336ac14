"""People who sign in at a provider: by a session of their browser, or by a token with each request."""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import Iterable
from typing import Literal

import msgspec
from litestar.datastructures import Cookie

from api.recent import TRUSTED_FOR, Recent
from engine.errors import ForbiddenError, NotFoundError, UnauthenticatedError
from engine.model.values import HOUR, SECOND, Micros
from engine.model.workspace import Settings, SignIn
from engine.runtime.callers.keys import digest
from engine.runtime.callers.openid import Human, Provider
from engine.runtime.engine import Engine
from engine.runtime.secret import resolve
from engine.store.records import KeyRow
from engine.store.sessions import BY_KEY, SessionRow, person_id

SESSION = "__Host-holdfast"
"""The cookie of a session: browsers take one of such a name over https only, for this host and all paths."""

PLAIN_SESSION = "holdfast"
"""The same where `public_url` is not of https: a machine of one's own, or a network that is trusted."""

KEY_LASTS: Micros = 12 * HOUR
"""How long a session lasts that began with a key."""

CSRF = "x-csrf-token"
"""The header with which a request by cookie that acts shows that it comes from a page of this server."""

LOOKED_AT_FOR: Micros = 60 * SECOND
"""How long a token that was good is taken as good without another look at it."""


def session_name(settings: Settings) -> str:
    """Give the name of a session's cookie."""
    return SESSION if settings.public_url.startswith("https://") else PLAIN_SESSION


def session_cookie(
    settings: Settings, value: str | None, seconds: int, same_site: Literal["lax", "strict"]
) -> Cookie:
    """Give the cookie of a session; without a value, its end.

    A session that begins at a provider's is lax: the provider sends the browser here, and a strict cookie
    would not come with what it asks for first.
    """
    name = session_name(settings)
    return Cookie(
        key=name,
        value=value,
        max_age=seconds,
        path="/",
        secure=name == SESSION,
        httponly=True,
        samesite=same_site,
    )


class Person(msgspec.Struct, frozen=True):
    """Somebody who has signed in; `csrf` is there with a session only."""

    owner: str
    roles: tuple[str, ...]
    subject: str
    issuer: str
    until: Micros
    csrf: str | None = None

    def key(self, roles: Iterable[str] | None) -> KeyRow:
        """Give the key that they act by where these roles are asked for: with the role that fits."""
        if not self.roles:
            raise ForbiddenError(
                "you have signed in, but none of your groups has a role; ask an admin for one", code="no_role"
            )
        role = next((role for role in self.roles if role in (roles or ())), self.roles[0])
        id, owner = person_id(self.issuer, self.subject), self.owner
        return KeyRow(id=id, role=role, owner=owner, label=owner, hash="", created_at=0)


def person_of(row: SessionRow) -> Person:
    """Give whose session it is, of those who signed in at the provider."""
    return Person(row.owner, tuple(row.roles.split()), row.subject, row.issuer, row.expires_at, row.csrf)


class People:
    """Knows who signs in. What was looked up a moment ago is not looked up again."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._provider: Provider | None = None
        self._sessions: Recent[SessionRow] = Recent()
        self._tokens: Recent[Person] = Recent()

    def provider(self) -> Provider:
        """Give the provider as holdfast.yaml has it now; `NotFoundError` where there is none."""
        settings = self._engine.workspace.settings.sign_in
        if settings is None:
            raise NotFoundError("nobody signs in here; write `sign_in` into holdfast.yaml")
        if self._provider is None or self._provider.settings != settings:
            self._provider = self._made(settings)
            self._tokens.clear()
        return self._provider

    def _made(self, settings: SignIn) -> Provider:
        secret = None if settings.secret is None else resolve(settings.secret, self._engine.folder)
        return Provider(settings, secret, self._engine.clock.now)

    async def by_token(self, token: str) -> Person:
        """Give whom a token is about; raises `UnauthenticatedError`, `StoreError`."""
        if self._engine.workspace.settings.sign_in is None:
            raise UnauthenticatedError("nobody signs in here with a token; send an API key", because="token")
        provider, now = self.provider(), self._engine.clock.now()
        name = digest(token)
        known = self._tokens.get(name, now)
        if known is not None:
            return known
        human = await asyncio.to_thread(provider.human, token)
        person = await asyncio.to_thread(self._person, human, provider.settings)
        # Not beyond the token's own end: at that very instant it is good no more.
        self._tokens.keep(name, person, min(human.until, now + LOOKED_AT_FOR) - 1)
        return person

    async def session(self, cookie: str, method: str, csrf: str | None) -> SessionRow:
        """Give the session that a cookie is of; raises `UnauthenticatedError`, `ForbiddenError`.

        A request that acts has to show the session's own CSRF token.
        """
        name = digest(cookie)
        row = self._sessions.get(name, time.monotonic())
        if row is None:
            row = await asyncio.to_thread(self._engine.find_session, name)
            if row is not None:
                self._sessions.keep(name, row, time.monotonic() + TRUSTED_FOR)
        settings = self._engine.workspace.settings.sign_in
        ended = row is None or row.ended_at is not None or row.expires_at <= self._engine.clock.now()
        if row is None or ended or row.issuer not in (BY_KEY, settings and settings.issuer):
            raise UnauthenticatedError(
                "this session has ended; begin a new one at /auth/login", because="session"
            )
        shown = secrets.compare_digest((csrf or "").encode(), row.csrf.encode())
        if method not in ("GET", "HEAD") and not shown:
            raise ForbiddenError(f"send the CSRF token that /v1/me tells as {CSRF}", code="csrf")
        return row

    async def admit(self, human: Human) -> tuple[str, Person]:
        """Begin a session for a human who has signed in; give what its cookie holds, and who it is."""
        settings = self.provider().settings
        person = await asyncio.to_thread(self._person, human, settings)
        until = self._engine.clock.now() + settings.lasts.micros
        cookie = await self._begin(person.owner, person.roles, person.issuer, person.subject, until)
        return cookie, person

    async def admit_key(self, key: KeyRow) -> str:
        """Begin a session for who has shown a key; give what its cookie holds.

        It ends with the key, if not before: each request looks whether the key is still good.
        """
        until = self._engine.clock.now() + KEY_LASTS
        if key.expires_at is not None:
            until = min(until, key.expires_at)
        return await self._begin(key.owner, (key.role,), BY_KEY, key.id, until)

    async def _begin(
        self, owner: str, roles: tuple[str, ...], issuer: str, subject: str, until: Micros
    ) -> str:
        cookie = secrets.token_urlsafe(32)
        row = SessionRow(
            hash=digest(cookie),
            owner=owner,
            roles=" ".join(roles),
            issuer=issuer,
            subject=subject,
            csrf=secrets.token_urlsafe(32),
            created_at=self._engine.clock.now(),
            expires_at=until,
        )
        await asyncio.to_thread(self._engine.add_session, row)
        return cookie

    async def leave(self, cookie: str) -> None:
        """End a session."""
        name = digest(cookie)
        await asyncio.to_thread(self._engine.end_session, name)
        self._sessions.forget(name)

    def _person(self, human: Human, settings: SignIn) -> Person:
        roles = human.roles
        if "approver" in roles and self._engine.has_key(human.owner, "admin"):
            # An admin cannot approve, however they come in.
            roles = tuple(role for role in roles if role != "approver")
        return Person(human.owner, roles, human.subject, settings.issuer, human.until)
