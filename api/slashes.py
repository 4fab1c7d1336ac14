"""Addresses of which a part has a slash in it, or is `.` or `..`: a customer's id may be any text.

A slash stands there as %2F. Servers give a path decoded, in which that slash is like any other, and routes
are found by parts. So it is put by while the route is sought, and back before anybody reads the part.

Clients fold `.` and `..`, however they are escaped, and never ask for them. They stand there as `:.` and
`:..`, whose colon is written as it is: in an id it is escaped, as every character is that means something.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import quote, unquote

from litestar.enums import ScopeType

if TYPE_CHECKING:
    from litestar.types import ASGIApp, HTTPScope, Receive, Scope, Send

_SLASH = re.compile("%2f", re.IGNORECASE)
_DOTS = re.compile(r"(?<=/):(\.\.?)(?=/|$)")
_STANDS_IN = tuple(map(chr, range(0xFDD0, 0xFDF0)))
"""Code points that are no characters: the first that a path does not have stands in for its slashes."""
_STATE = "slash"


def part(text: str) -> str:
    """Give a text as one part of an address."""
    return f":{text}" if text in (".", "..") else quote(text, safe="")


def whole_path(scope: HTTPScope) -> str:
    """Give the path as it was asked for: escaped, without the query."""
    raw: bytes = scope.get("raw_path") or quote(scope["path"]).encode()
    return raw.partition(b"?")[0].decode("latin-1")


def put_by(app: ASGIApp) -> ASGIApp:
    """Give an application that finds the route of an address whose parts are any text."""

    async def enter(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == ScopeType.HTTP:
            _sought(scope)
        await app(scope, receive, send)

    return enter


def _sought(scope: HTTPScope) -> None:
    asked = whole_path(scope)
    path = _DOTS.sub(r"\1", asked)
    if path != asked:
        scope["path"] = unquote(path)
    if _SLASH.search(path):
        decoded = unquote(path)
        sign = next((each for each in _STANDS_IN if each not in decoded), None)
        if sign is not None:
            scope["path"] = unquote(_SLASH.sub(quote(sign), path))
            scope["state"][_STATE] = sign


def put_back(app: ASGIApp) -> ASGIApp:
    """Give a middleware that puts the slashes back, once the route is found."""

    async def enter(scope: Scope, receive: Receive, send: Send) -> None:
        restore(scope)
        await app(scope, receive, send)

    return enter


def restore(scope: Scope) -> None:
    """Put the slashes back into the path and its parts."""
    sign = scope["state"].pop(_STATE, None)
    if sign is not None:
        scope["path"] = scope["path"].replace(sign, "/")
        # The router gives the same dictionary to everybody who asks for the same address.
        scope["path_params"] = {
            name: part.replace(sign, "/") if isinstance(part, str) else part
            for name, part in scope.get("path_params", {}).items()
        }
