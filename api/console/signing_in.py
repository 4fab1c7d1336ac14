"""Signing in at the console: with an API key, or at the provider that people sign in at; and signing out."""

from __future__ import annotations

import secrets
from typing import Annotated, Any

import msgspec
from litestar import Response, get, post
from litestar.datastructures import Cookie

from api.auth import EVERYBODY, OPEN, Keyring, client_address
from api.console.pages import HEAD, SEE, THEME, THEMES, acted, form_of, own, page, seen, shown
from api.doors import Call, engine_of, query_of
from api.people import KEY_LASTS, People, session_cookie, session_name
from engine.errors import ForbiddenError, UnauthenticatedError
from engine.model.values import SECOND

FORM = "holdfast-form"
"""The cookie that shows that a form to sign in was made by this server, for this browser."""

YEAR = 365 * 24 * 3600


class SignInQuery(msgspec.Struct, kw_only=True, frozen=True):
    """The page to come back to."""

    return_to: Annotated[str, msgspec.Meta(max_length=1000)] = "/"


def _form_page(request: Call, back: str, refused: str | None = None, status: int = 200) -> Response[Any]:
    settings = engine_of(request).workspace.settings
    token = secrets.token_urlsafe(32)
    answer = page(
        request,
        "sign-in.html",
        title="Sign in",
        status=status,
        token=token,
        back=back,
        refused=refused,
        provider=settings.sign_in is not None,
    )
    secure = settings.public_url.startswith("https://")
    answer.cookies.append(
        Cookie(key=FORM, value=token, path="/sign-in", secure=secure, httponly=True, samesite="strict")
    )
    return answer


@get("/sign-in", opt=shown(OPEN))
async def get_sign_in(request: Call) -> Response[Any]:
    """Show how one signs in."""
    return _form_page(request, own(query_of(request, SignInQuery).return_to))


@post("/sign-in", status_code=303, opt=acted(OPEN))
async def post_sign_in(request: Call) -> Response[Any]:
    """Begin a session with an API key."""
    given = await form_of(request)
    back = own(given.get("return_to"))
    cookie = request.cookies.get(FORM, "")
    if not cookie or not secrets.compare_digest(cookie.encode(), given.get("token", "").encode()):
        return _form_page(request, back, "This form had grown old; send it again.", 403)
    state = request.app.state
    keyring: Keyring = state.keyring
    people: People = state.people
    try:
        key = await keyring.owner_of(given.get("key", "").strip(), lambda: client_address(request))
        if key.role not in SEE:
            raise ForbiddenError("a key that only adds has nothing to look at here; use another")
    except UnauthenticatedError as error:
        engine_of(request).note_refusal(error)
        return _form_page(request, back, str(error), 401)
    except ForbiddenError as error:
        return _form_page(request, back, str(error), 403)
    begun = await people.admit_key(key)
    answer = seen(request, back)
    settings = engine_of(request).workspace.settings
    answer.cookies.append(session_cookie(settings, begun, KEY_LASTS // SECOND, "strict"))
    return answer


@post("/sign-out", status_code=303, opt=acted(EVERYBODY))
async def post_sign_out(request: Call) -> Response[Any]:
    """End one's session."""
    settings = engine_of(request).workspace.settings
    people: People = request.app.state.people
    cookie = request.cookies.get(session_name(settings))
    if cookie is not None:
        await people.leave(cookie)
        # Other pages of the session that are still open follow no more.
        request.app.state.tail.look_again()
    answer = seen(request, "/sign-in")
    answer.cookies.append(session_cookie(settings, None, 0, "strict"))
    return answer


@post("/theme", status_code=303, opt=acted(EVERYBODY))
async def post_theme(request: Call) -> Response[Any]:
    """Let this browser's pages be light or dark, or as its system is."""
    given = await form_of(request)
    chosen = given.get("theme")
    answer = Response[Any](None, status_code=303, headers={**HEAD, "Location": own(given.get("return_to"))})
    lasts = YEAR if chosen in THEMES else 0
    answer.cookies.append(
        Cookie(key=THEME, value=chosen if lasts else "", max_age=lasts, path="/", samesite="strict")
    )
    return answer


HANDLERS = [get_sign_in, post_sign_in, post_sign_out, post_theme]
