"""People who sign in at a provider: by a session of their browser, or by a token with each request."""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import Iterable

import msgspec

from api.recent import TRUSTED_FOR, Recent
from engine.errors import ForbiddenError, NotFoundError, UnauthenticatedError
from engine.model.values import SECOND, Micros
from engine.model.workspace import SignIn
from engine.runtime.callers.keys import digest
from engine.runtime.callers.openid import Human, Provider
from engine.runtime.engine import Engine
from engine.runtime.secret import resolve
from engine.store.records import KeyRow
from engine.store.sessions import SessionRow, person_id

SESSION = "__Host-holdfast"
"""The cookie of a session: browsers take one of such a name over https only, for this host and all paths."""

CSRF = "x-csrf-token"
"""The header with which a request by cookie that acts shows that it comes from a page of this server."""

LOOKED_AT_FOR: Micros = 60 * SECOND
"""How long a token that was good is taken as good without another look at it."""


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

    async def by_session(self, cookie: str, method: str, csrf: str | None) -> Person:
        """Give whose session a cookie is of; raises `UnauthenticatedError`, `ForbiddenError`.

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
        if row is None or ended or settings is None or settings.issuer != row.issuer:
            raise UnauthenticatedError(
                "this session has ended; begin a new one at /auth/login", because="session"
            )
        shown = secrets.compare_digest((csrf or "").encode(), row.csrf.encode())
        if method not in ("GET", "HEAD") and not shown:
            raise ForbiddenError(f"send the CSRF token that /v1/me tells as {CSRF}", code="csrf")
        return Person(row.owner, tuple(row.roles.split()), row.subject, row.issuer, row.expires_at, row.csrf)

    async def admit(self, human: Human) -> tuple[str, Person]:
        """Begin a session for a human who has signed in; give what its cookie holds, and who it is."""
        settings = self.provider().settings
        person = await asyncio.to_thread(self._person, human, settings)
        cookie, now = secrets.token_urlsafe(32), self._engine.clock.now()
        row = SessionRow(
            hash=digest(cookie),
            owner=person.owner,
            roles=" ".join(person.roles),
            issuer=person.issuer,
            subject=person.subject,
            csrf=secrets.token_urlsafe(32),
            created_at=now,
            expires_at=now + settings.lasts.micros,
        )
        await asyncio.to_thread(self._engine.add_session, row)
        return cookie, person

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
