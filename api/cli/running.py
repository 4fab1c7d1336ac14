"""An engine that runs already, spoken to through its API: found by its lock file, or named by its address."""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import msgspec

from api.cli.places import add_database, database_of, workspace_of
from engine.errors import DatabaseInUseError, RequestError
from engine.store.lock import LockInfo, read_lock_info
from engine.store.opening import sqlite_path

KEY = "HOLDFAST_KEY"
"""The environment variable that holds the API key with which people change releases from a terminal."""

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
            raise RequestError(
                f"the running engine does not answer: {error}; try again, or stop it first"
            ) from error
        found = msgspec.json.decode(answer.content) if answer.content else None
        if answer.is_error:
            told = found if isinstance(found, dict) else {}
            detail = str(
                told.get("detail") or f"the running engine answers {answer.status_code}; see its log"
            )
            raise RequestError(detail, code=told.get("code"))
        return found

    def take(self, path: str) -> Iterator[bytes]:
        """Give the bytes of an answer as they come; raises RequestError where there is none."""
        try:
            with self._client.stream("GET", path) as answer:
                if answer.is_error:
                    raise RequestError(f"the running engine answers {answer.status_code}; look into its log")
                yield from answer.iter_bytes()
        except httpx.HTTPError as error:
            raise RequestError(f"the running engine does not answer ({error}); look into its log") from error


@contextmanager
def running_engine(url: str, key: str | None = None) -> Iterator[RunningEngine | None]:
    """Give the engine that runs on a database, None where none does; `key` stands in for its local token.

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
    with _client(info.address, key or info.token) as client:
        yield RunningEngine(client)


def _client(address: str, key: str) -> httpx.Client:
    head = {"Authorization": f"Bearer {key}"}
    return httpx.Client(base_url=address, headers=head, timeout=PATIENCE, trust_env=False)


def add_engine(parser: argparse.ArgumentParser) -> None:
    """Let a command take `--url`, besides the workspace and the database."""
    add_database(parser)
    parser.add_argument(
        "--url",
        metavar="URL",
        help=f"the engine's address, with an API key in ${KEY} (default: the one that runs on the database)",
    )


@contextmanager
def asked_engine(arguments: argparse.Namespace) -> Iterator[RunningEngine]:
    """Give the engine at `--url`, or the one that runs on the database; raises RequestError without one."""
    key = os.environ.get(KEY) or None
    if arguments.url is None:
        with running_engine(database_of(arguments, workspace_of(arguments)), key) as running:
            if running is None:
                raise RequestError(
                    "no engine runs on this database; start holdfast serve, or name one with --url"
                )
            yield running
        return
    if key is None:
        raise RequestError(f"no key for {arguments.url}; write one into the environment variable {KEY}")
    with _client(arguments.url, key) as client:
        yield RunningEngine(client)


def _lock_info(path: Path | None) -> LockInfo | None:
    return read_lock_info(path) if path is not None and path.parent.is_dir() else None
