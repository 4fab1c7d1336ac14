"""Requests as they come in: their id, and their body, expanded and bounded."""

from __future__ import annotations

import asyncio
import re
import uuid
import zlib
from typing import TYPE_CHECKING, Any

from litestar import Request

from engine.errors import RequestError

if TYPE_CHECKING:
    from litestar.types import Scope

LARGEST_BODY = 5 * 1024 * 1024
"""Bytes of a body, expanded."""

_ID = re.compile(rb"[!-~]{1,128}")
_NAMED = (b"x-request-id", b"request-id")
_GZIP = b"\x1f\x8b"
_PLAIN = frozenset(("", "identity", "gzip", "x-gzip"))


def request_id(scope: Scope) -> str:
    """Give the request's id: the client's own `X-Request-Id`, or `Request-Id`, else a new one.

    The client's is taken where it is 1 to 128 visible characters of ASCII.
    """
    state = scope["state"]
    known = state.get("request_id")
    if known is None:
        sent = {name: value for name, value in scope["headers"] if name in _NAMED}
        given = next((sent[name] for name in _NAMED if _ID.fullmatch(sent.get(name, b""))), None)
        known = state["request_id"] = str(uuid.uuid4()) if given is None else given.decode()
    return str(known)


async def body_of(request: Request[Any, Any, Any]) -> bytes:
    """Give the request's body, expanded where it is gzip, whatever its content type says.

    Raises `RequestError` for a body over 5 MB, for broken gzip, and for any other encoding, and `FullError`
    where there is no room for what it expands to.
    """
    encoding = request.headers.get("content-encoding", "").strip().lower()
    if encoding not in _PLAIN:
        raise RequestError(f"send the body plain or as gzip, not as {encoding}", code="unsupported_encoding")
    body = await request.body()
    if body[:2] != _GZIP:
        return body
    expanded = await asyncio.to_thread(expand, body)
    request.app.state.rates.body(request.scope, len(expanded))
    return expanded


def expand(data: bytes) -> bytes:
    """Inflate gzip of one or more members, to 5 MB at most; raises `RequestError`."""
    parts: list[bytes] = []
    left = LARGEST_BODY
    while data:
        inflater = zlib.decompressobj(wbits=31)
        try:
            part = inflater.decompress(data, left + 1)
        except zlib.error:
            raise RequestError(
                "the body is broken gzip; send it plain, or compress it again", code="invalid_gzip"
            ) from None
        left -= len(part)
        if left < 0:
            raise RequestError(
                "the body is over 5 MB when it is expanded; send it in several requests", code="too_large"
            )
        if not inflater.eof:
            raise RequestError("the body ends in the middle of its gzip; send all of it", code="invalid_gzip")
        parts.append(part)
        data = inflater.unused_data.lstrip(b"\0")
    return b"".join(parts)
