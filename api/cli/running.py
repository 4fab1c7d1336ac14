"""An engine that runs on the database already: found by its lock file, spoken to through its API."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import msgspec

from engine.errors import DatabaseInUseError, RequestError
from engine.store.lock import LockInfo, read_lock_info
from engine.store.opening import sqlite_path

PATIENCE = 120.0
"""Seconds until a request to a running engine is given up."""

_encoder = msgspec.json.Encoder(decimal_format="number")


class RunningEngine:
    """The API of an engine on this machine, as its own user."""

    def __init__(self, client: httpx.Client) -> None:
        self._client = client

    def ask(self, method: str, path: str, body: Any = None) -> Any:
        """Send a request and give the decoded answer; raises RequestError with what the engine says."""
        content = None if body is None else _encoder.encode(body)
        head = {} if content is None else {"Content-Type": "application/json"}
        try:
            answer = self._client.request(method, path, content=content, headers=head)
        except httpx.HTTPError as error:
            raise RequestError(f"the running engine does not answer: {error}") from error
        found = msgspec.json.decode(answer.content) if answer.content else None
        if answer.is_error:
            told = found if isinstance(found, dict) else {}
            raise RequestError(str(told.get("detail") or f"the running engine answers {answer.status_code}"))
        return found

    def take(self, path: str) -> Iterator[bytes]:
        """Give the bytes of an answer as they come; raises RequestError where there is none."""
        try:
            with self._client.stream("GET", path) as answer:
                if answer.is_error:
                    raise RequestError(f"the running engine answers {answer.status_code}")
                yield from answer.iter_bytes()
        except httpx.HTTPError as error:
            raise RequestError(f"the running engine does not answer: {error}") from error


@contextmanager
def running_engine(url: str) -> Iterator[RunningEngine | None]:
    """Give the engine that runs on a database, None where none does.

    Raises DatabaseInUseError where something holds the database that has no API.
    """
    info = _lock_info(sqlite_path(url))
    if info is None:
        yield None
        return
    if info.address is None or info.token is None:
        raise DatabaseInUseError(
            f"the database is in use by the process {info.pid}; wait until it has ended, or stop it"
        )
    head = {"Authorization": f"Bearer {info.token}"}
    with httpx.Client(base_url=info.address, headers=head, timeout=PATIENCE, trust_env=False) as client:
        yield RunningEngine(client)


def _lock_info(path: Path | None) -> LockInfo | None:
    return read_lock_info(path) if path is not None and path.parent.is_dir() else None
