"""Requests that act: with an Idempotency-Key they act once, and are answered the same each time."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from typing import Any

from api.answers.values import encode
from api.doors import Call, engine_of
from engine.errors import RequestError
from engine.runtime.engine import Engine
from engine.runtime.repeating import Once
from engine.store.records import Request

_KEY = re.compile(r"[\x21-\x7e]{1,255}")


async def acting(
    request: Call, show: Callable[[Any], Any], *, path: str | None = None, status: int = 200
) -> Engine:
    """Give the engine for a request that acts; `show` gives the answer from what the engine gives.

    `path` is what the answer is kept under, where that is not to be the request's own, and `status`
    what it is answered with. Raises `RequestError` for a key that cannot be one.
    """
    engine = engine_of(request)
    key = request.headers.get("idempotency-key")
    if key is None:
        return engine
    if not _KEY.fullmatch(key):
        raise RequestError(
            "the Idempotency-Key cannot be taken; send 1 to 255 visible characters",
            code="invalid_idempotency_key",
        )
    body = await request.body()
    once = Once(
        Request(
            key_id=request.user.id, method=str(request.method), path=path or request.scope["path"], key=key
        ),
        hashlib.sha256(body).hexdigest(),
        lambda result: (status, encode(show(result))),
    )
    return engine.acting_once(once)
