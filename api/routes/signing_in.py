"""Signing in at a provider of OpenID Connect, signing out, and who one is."""

from __future__ import annotations

import re
import secrets
from contextlib import suppress
from datetime import datetime
from typing import Annotated, Any, Literal

import msgspec
from litestar import Response, get, post
from litestar.datastructures import Cookie

from api.answers.values import time
from api.auth import EVERYBODY, OPEN
from api.doors import Call, aside, door, engine_of, query_of
from api.people import People, Person, session_cookie, session_name
from engine.errors import ConflictError, StoreError, UnauthenticatedError
from engine.runtime.callers.openid import REFUSED
from engine.store.sessions import BY_KEY, SessionRow

LOGIN = "__Host-holdfast-login"
"""The cookie of a sign-in under way; only the browser that began it can end it."""

LOGIN_WITHIN = 600
"""Seconds that a sign-in may take."""

HOME = "/v1/me"
"""Where a browser goes after signing in, unless it asked for another page."""

_PAGE = re.compile(r"/(?![/\\])[\x21-\x5b\x5d-\x7e]{0,1000}")
_PART = re.compile(r"[A-Za-z0-9_-]{43}")


def _people(request: Call) -> People:
    people: People = request.app.state.people
    return people


def _back(request: Call) -> str:
    return f"{engine_of(request).workspace.settings.public_url.rstrip('/')}/auth/callback"


def _cookie(name: str, value: str | None, seconds: int) -> Cookie:
    return Cookie(
        key=name, value=value, max_age=seconds, path="/", secure=True, httponly=True, samesite="lax"
    )


class LoginQuery(msgspec.Struct, kw_only=True, frozen=True, forbid_unknown_fields=True):
    """The page of this server to come back to."""

    return_to: Annotated[str, msgspec.Meta(pattern=f"^{_PAGE.pattern}$")] = HOME


@get("/auth/login", status_code=302, opt=door(OPEN, query=LoginQuery))
async def get_login(request: Call) -> Response[None]:
    """Send a browser to the provider, to sign in. 404 where none is set up."""
    asked = query_of(request, LoginQuery)
    started = await aside(_people(request).provider().start, _back(request))
    kept = ".".join((started.state, started.nonce, started.verifier))
    return Response(
        None,
        status_code=302,
        headers={"Location": started.address},
        cookies=[_cookie(LOGIN, f"{kept}:{asked.return_to.encode().hex()}", LOGIN_WITHIN)],
    )


class CallbackQuery(msgspec.Struct, kw_only=True, frozen=True):
    """What the provider sends the browser back with."""

    state: str = ""
    code: str | None = None
    error: str | None = None
    iss: str | None = None


@get("/auth/callback", status_code=303, opt=door(OPEN, query=CallbackQuery))
async def get_callback(request: Call) -> Response[None]:
    """End a sign-in: exchange the provider's code, begin a session, and go on to the page that was asked for.

    Only the browser that began it can. 401 where the provider says no, or what it says is not good.
    """
    asked, people = query_of(request, CallbackQuery), _people(request)
    provider = people.provider()
    try:
        state, nonce, verifier, page = _kept(request.cookies.get(LOGIN, ""))
        if not secrets.compare_digest(state.encode(), asked.state.encode()):
            raise UnauthenticatedError("this sign-in was not begun here; begin again", because="sign_in")
        if asked.iss is not None and asked.iss != provider.settings.issuer:
            raise UnauthenticatedError(REFUSED, because="sign_in")
        if asked.code is None:
            raise UnauthenticatedError(
                "the provider did not let you in; try again, or ask who runs it", because="sign_in"
            )
        human = await aside(provider.finish, asked.code, verifier, nonce, _back(request))
        cookie, _ = await people.admit(human)
    except UnauthenticatedError as error:
        engine_of(request).note_refusal(error)
        raise
    lasts = provider.settings.lasts.micros // 1_000_000
    return Response(
        None,
        status_code=303,
        headers={"Location": page},
        cookies=[
            session_cookie(engine_of(request).workspace.settings, cookie, lasts, "lax"),
            _cookie(LOGIN, None, 0),
        ],
    )


def _kept(cookie: str) -> tuple[str, str, str, str]:
    parts, _, page = cookie.partition(":")
    found = parts.split(".")
    try:
        where = bytes.fromhex(page).decode("ascii")
    except ValueError:
        where = ""
    if len(found) != 3 or not all(map(_PART.fullmatch, found)) or not _PAGE.fullmatch(where):
        raise UnauthenticatedError("this sign-in was not begun here; begin again", because="sign_in")
    return found[0], found[1], found[2], where


class SignedOut(msgspec.Struct, frozen=True):
    """The session has ended. `provider` is where one signs out of the provider too, null where nowhere."""

    provider: str | None


@post("/auth/logout", status_code=200, opt=door(EVERYBODY))
async def post_logout(request: Call) -> Response[SignedOut]:
    """End one's session. A request with a key has none to end."""
    settings = engine_of(request).workspace.settings
    cookie = request.cookies.get(session_name(settings))
    session = _session(request)
    if session is None or cookie is None:
        raise ConflictError(
            "this request comes with a key, and has no session; send the session's cookie instead",
            code="no_session",
        )
    people = _people(request)
    await people.leave(cookie)
    elsewhere: str | None = None
    if session.issuer != BY_KEY:
        with suppress(StoreError):
            # The session has ended, whether or not the provider can be reached just now.
            elsewhere = (await aside(people.provider().configuration)).end_session_endpoint
    return Response(SignedOut(elsewhere), cookies=[session_cookie(settings, None, 0, "lax")])


class Me(msgspec.Struct, frozen=True, kw_only=True):
    """Who one is here: the human, the roles, what one came in by, and until when that is good.

    `csrf` is what a browser's request that acts sends as `X-CSRF-Token`.
    """

    owner: str
    roles: tuple[str, ...]
    by: Literal["key", "session", "token"]
    until: datetime | None
    csrf: str | None


def _person(request: Call) -> Person | None:
    found: Any = request.scope["state"].get("person")
    return found if isinstance(found, Person) else None


def _session(request: Call) -> SessionRow | None:
    found: Any = request.scope["state"].get("session")
    return found if isinstance(found, SessionRow) else None


@get("/v1/me", opt=door(EVERYBODY))
async def get_me(request: Call) -> Me:
    """Tell who one is, and what one may do."""
    person, session, key = _person(request), _session(request), request.user
    if person is None:
        if session is None:
            return Me(owner=key.owner, roles=(key.role,), by="key", until=time(key.expires_at), csrf=None)
        until = time(session.expires_at)
        return Me(owner=key.owner, roles=(key.role,), by="session", until=until, csrf=session.csrf)
    by: Literal["session", "token"] = "token" if person.csrf is None else "session"
    return Me(owner=person.owner, roles=person.roles, by=by, until=time(person.until), csrf=person.csrf)


HANDLERS = [get_login, get_callback, post_logout, get_me]
