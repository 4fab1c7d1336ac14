"""Open the database that a URL names."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError

from engine.errors import StoreError
from engine.store.interface import Store
from engine.store.memory.store import MemoryStore
from engine.store.postgres import migrate_postgres, open_postgres
from engine.store.sqlite import migrate_sqlite, open_sqlite

_KNOWN = "write sqlite:///PATH, postgresql://USER@HOST/NAME, or memory:// for one that forgets"


def open_store(url: str, *, exclusive: bool = True) -> Store:
    """Open `sqlite:///path` (`sqlite:////absolute/path`), `postgresql://...` or `memory://`.

    `exclusive` is the engine's own opening: it may write, and on SQLite it is the only one. Raises
    `StoreError` and its kinds, with a sentence that says what to do.
    """
    if url == "memory://":
        return MemoryStore()
    parsed = _parsed(url)
    if is_postgres(parsed):
        return open_postgres(parsed, writing=exclusive)
    return open_sqlite(_path(parsed), exclusive=exclusive)


def migrate(url: str) -> None:
    """Bring an existing database to the schema of this program."""
    parsed = _parsed(url)
    if is_postgres(parsed):
        migrate_postgres(parsed)
    else:
        migrate_sqlite(_path(parsed))


def sqlite_path(url: str) -> Path | None:
    """Give the file that a database URL names, None for a database that is no file."""
    if url == "memory://":
        return None
    parsed = _parsed(url)
    return None if is_postgres(parsed) else _path(parsed)


def is_shared(url: str) -> bool:
    """Tell whether several processes may have the database that a URL names open as engines."""
    return url != "memory://" and is_postgres(_parsed(url))


def is_postgres(url: URL) -> bool:
    """Tell whether a URL names a PostgreSQL database, in either of the usual spellings."""
    return url.get_backend_name() in ("postgresql", "postgres")


def _parsed(url: str) -> URL:
    try:
        return make_url(url)
    except (ArgumentError, ValueError):
        # Not a word of it is repeated: a password may stand anywhere in what cannot be taken apart.
        raise StoreError(f"what --database says is not a database URL; {_KNOWN}") from None


def _path(parsed: URL) -> Path:
    if parsed.get_backend_name() != "sqlite":
        raise StoreError(f"Holdfast does not run on {parsed.get_backend_name()}; {_KNOWN}")
    if not parsed.database or parsed.database == ":memory:":
        raise StoreError(f"what --database says names no file; {_KNOWN}")
    return Path(parsed.database)
