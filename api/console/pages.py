"""Pages: templates rendered with what every page has, and the answer that a browser gets.

A page is a handler that `shown` marks, asks the API through `Api`, and gives `page(request, template, ...)`.
A form is sent to a handler that `acted` marks, which acts through `Api` and gives `seen(request, address)`.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import minijinja
import msgspec
from litestar import MediaType, Response

from api.auth import ADMIN, AUDIT, OPEN, OPERATE, READ, SEE
from api.console import words
from api.console.asking import Api
from api.console.files import address_of
from api.doors import Call, door, engine_of
from api.slashes import whole_path
from engine.customers.zones import moment_of
from engine.store.sessions import SessionRow

__all__ = ["ADMIN", "AUDIT", "OPEN", "OPERATE", "READ", "SEE"]

HEAD = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
THEME = "holdfast-theme"
"""The cookie in which a browser keeps whether its pages are light or dark."""
THEMES = ("light", "dark")


class Section(msgspec.Struct, frozen=True):
    """A section in the head of every page; who may not ask the API's `needs` does not see it."""

    title: str
    address: str
    needs: str


SECTIONS = (
    Section("Today", "/", "GET /v1/today"),
    Section("Customers", "/customers", "GET /v1/customers"),
    Section("Waiting", "/waiting", "GET /v1/asks"),
    Section("Runs", "/runs", "GET /v1/runs"),
    Section("Retention", "/retention", "GET /v1/metrics"),
    Section("Rules", "/rules", "GET /v1/rules"),
    Section("Workflows", "/workflows", "GET /v1/workflows"),
    Section("Changes", "/changes", "GET /v1/releases"),
    Section("Audit", "/audit", "GET /v1/audit/decisions"),
)


def _loaded(name: str) -> str | None:
    path = Path(__file__).parent / "templates" / name
    return path.read_text() if path.is_file() else None


def _environment() -> minijinja.Environment:
    made = minijinja.Environment(
        loader=_loaded,
        # What a template names and nobody gave is a fault of ours, and not an empty place in a page.
        undefined_behavior="strict",
        # Everything is text until our own code says that it is markup, whatever a template is called.
        auto_escape_callback=lambda name: "html",
        trim_blocks=True,
        lstrip_blocks=True,
        globals={"static": address_of},
    )
    words.add_to(made)
    return made


_ENVIRONMENT = _environment()


def shown(roles: frozenset[str]) -> dict[str, Any]:
    """Give what a page says of itself: who may see it."""
    return {**door(roles), "console": True}


def acted(roles: frozenset[str]) -> dict[str, Any]:
    """Give what a form's address says of itself: who may send it. Its CSRF token is looked at first."""
    return {**door(roles), "console": True}


def page(request: Call, template: str, *, title: str, status: int = 200, **values: Any) -> Response[Any]:
    """Give a page to a browser.

    Beside `values` its template has `title`, `api` (what may be done: `api.may("POST /v1/pause")`), `csrf`
    for forms, `now` and `zone`, `here` (the page's own address), and what the layout needs.
    """
    engine, state = engine_of(request), request.scope["state"]
    session, settings = state.get("session"), engine.workspace.settings
    signed_in = "shown" in state
    api = Api(request) if signed_in else None
    path = whole_path(request.scope)
    query = request.scope["query_string"].decode("latin-1")
    theme = request.cookies.get(THEME)
    text = _ENVIRONMENT.render_template(
        template,
        **values,
        title=title,
        api=api,
        csrf=session.csrf if isinstance(session, SessionRow) else "",
        now=moment_of(engine.clock.now()),
        zone=settings.timezone,
        workspace=settings.name,
        follows=None if api is None or api.place is None else f"/live?after={api.place}",
        here=f"{path}?{query}" if query else path,
        sections=_sections(api, path),
        who=request.scope["user"].owner if "user" in request.scope else None,
        roles=api.roles if api is not None else (),
        theme=theme if theme in THEMES else None,
    )
    return Response(text, status_code=status, media_type=MediaType.HTML, headers=HEAD)


def _sections(api: Api | None, path: str) -> list[dict[str, Any]]:
    if api is None:
        return []
    # The longest address that the path begins with is where one is.
    inside = [one for one in SECTIONS if path == one.address or path.startswith(f"{one.address}/")]
    here = max(inside, key=lambda one: len(one.address), default=None)
    return [
        {"title": one.title, "address": one.address, "here": one is here}
        for one in SECTIONS
        if api.may(one.needs)
    ]


def seen(request: Call, address: str) -> Response[Any]:
    """Send a browser on to a page of this server, after a form has acted."""
    return Response(None, status_code=303, headers={**HEAD, "Location": own(address)})


def own(address: str | None, otherwise: str = "/") -> str:
    """Give an address if it is of a page of this server, else another: a form may say anything."""
    if not address or not address.startswith("/") or address[1:2] in ("/", "\\"):
        return otherwise
    if any(ord(each) < 33 or ord(each) > 126 for each in address) or urlsplit(address).netloc:
        return otherwise
    return address


async def form_of(request: Call) -> dict[str, str]:
    """Give what a form says; of files and of what is said twice the last text."""
    return {name: value for name, value in (await request.form()).multi_items() if isinstance(value, str)}


def as_json(value: Any) -> str:
    """Give a value as indented JSON, to be shown as text."""
    return json.dumps(value, indent=2, ensure_ascii=False, default=str)
