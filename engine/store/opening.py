"""Open the database that a URL names."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import make_url
from sqlalchemy.exc import ArgumentError

from engine.errors import StoreError
from engine.store.interface import Store
from engine.store.memory.store import MemoryStore
from engine.store.sqlite import migrate_sqlite, open_sqlite

_KNOWN = "write sqlite:///PATH, or memory:// for one that forgets"


def open_store(url: str, *, exclusive: bool = True) -> Store:
    """Open `sqlite:///path` (`sqlite:////absolute/path`) or `memory://`.

    `exclusive` is the engine's own opening: one at a time, and it may write. Raises `StoreError`
    and its kinds, with a sentence that says what to do.
    """
    if url == "memory://":
        return MemoryStore()
    return open_sqlite(sqlite_path(url), exclusive=exclusive)


def migrate(url: str) -> None:
    """Bring an existing database to the schema of this program."""
    migrate_sqlite(sqlite_path(url))


def sqlite_path(url: str) -> Path:
    """Give the file that a database URL names; a `StoreError` when it names none."""
    try:
        parsed = make_url(url)
    except ArgumentError:
        raise StoreError(f"{url!r} is not a database URL; {_KNOWN}") from None
    if parsed.get_backend_name() in ("postgresql", "postgres"):
        raise StoreError(f"this version of Holdfast does not run on PostgreSQL yet; {_KNOWN}")
    if parsed.get_backend_name() != "sqlite":
        raise StoreError(f"Holdfast does not run on {parsed.get_backend_name()}; {_KNOWN}")
    if not parsed.database or parsed.database == ":memory:":
        raise StoreError(f"{url!r} names no file; {_KNOWN}")
    return Path(parsed.database)
