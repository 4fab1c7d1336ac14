"""SQLite: one file in WAL mode, every commit on disk, one writer, readers that never wait."""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, cast

import msgspec
from sqlalchemy import URL, Connection, Engine, create_engine, event
from sqlalchemy.dialects.sqlite import insert
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.pool import QueuePool

from engine.errors import StoreError
from engine.model.values import Micros
from engine.store import schema
from engine.store.checkpoint import Checkpointer
from engine.store.interface import Reader, Writer
from engine.store.lock import EngineLock, LockInfo
from engine.store.sql.access import SqlReader, SqlWriter
from engine.store.sql.transaction import Cursor, Habits

BUSY_TIMEOUT = 10
"""Seconds to wait for whoever else writes into the file, such as a backup."""

_ALWAYS = (
    "PRAGMA synchronous = FULL",
    "PRAGMA secure_delete = ON",
    "PRAGMA temp_store = MEMORY",
    "PRAGMA cache_size = -65536",
    "PRAGMA journal_size_limit = 67108864",
)
_WRITING = ("PRAGMA journal_mode = WAL", *_ALWAYS, "PRAGMA wal_autocheckpoint = 16000")
_READING = (*_ALWAYS, "PRAGMA query_only = ON")


class Straight:
    """Runs what is compiled on the driver itself: what SQLAlchemy does around it costs more than SQLite."""

    errors = (DBAPIError, sqlite3.Error)
    collisions = (IntegrityError, sqlite3.IntegrityError)

    def run(self, connection: Connection, text: str, values: Any) -> Cursor:
        """Run it once."""
        return _raw(connection).execute(text, values)

    def run_many(self, connection: Connection, text: str, rows: Sequence[Any]) -> int:
        """Run it once for each row."""
        return _raw(connection).executemany(text, rows).rowcount

    def listed(self, values: Sequence[Any]) -> str:
        """Give a list as JSON."""
        return msgspec.json.encode(values).decode()


_DRIVER = Straight()


def _raw(connection: Connection) -> sqlite3.Connection:
    return cast(sqlite3.Connection, connection.connection.dbapi_connection)


class SqliteStore:
    """A SQLite file, opened; `engine.store.interface.Store` says what it does."""

    def __init__(self, path: Path, lock: EngineLock | None) -> None:
        self.path = path
        self._lock = lock
        self._writing = threading.Lock()
        self._habits = Habits(insert=insert, driver=_DRIVER, failure=lambda error: _failure(path, error))
        self._writer_thread: int | None = None
        # The driver must not begin transactions on its own: it knows neither IMMEDIATE nor snapshots.
        self._writers = _engine(path, _WRITING, "BEGIN IMMEDIATE", connections=1)
        self._readers = _engine(path, _READING, "BEGIN", connections=16)
        self._checkpointer = Checkpointer(path)

    @property
    def shared(self) -> bool:
        """No: the lock beside the file keeps other engines out."""
        return False

    def now(self) -> Micros | None:
        """Give none: the file has the clock of the process."""
        return None

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Nothing to wait for."""
        yield

    @contextmanager
    def begin(self) -> Iterator[Writer]:
        """Open the writing transaction; waits until the one before has ended."""
        if self._lock is None:
            raise StoreError(f"{self.path} was opened for reading only")
        if self._writer_thread == threading.get_ident():
            raise StoreError("this thread already has a writing transaction open")
        with self._writing, _sentences(self.path):
            self._writer_thread = threading.get_ident()
            try:
                with self._writers.begin() as connection:
                    writer = SqlWriter(connection, self._habits)
                    yield writer
                    writer.keep_record()
                self._checkpointer.committed()
            finally:
                self._writer_thread = None

    @contextmanager
    def reader(self) -> Iterator[Reader]:
        """Open a snapshot for reading only."""
        with _sentences(self.path), self._readers.begin() as connection:
            yield SqlReader(connection, self._habits)

    def write_lock_info(self, info: LockInfo) -> None:
        """Say in the lock file how the engine that holds this database is reached."""
        if self._lock is None:
            raise StoreError(f"{self.path} was opened for reading only")
        self._lock.write(info)

    def forget_deleted(self, tables: Sequence[str]) -> bool:
        """Move the log into the file and cut it to nothing; deleted bytes are zeros there (secure_delete)."""
        until = time.monotonic() + BUSY_TIMEOUT
        while True:
            # Whoever reads an older snapshot, or moves pages right now, is waited for.
            with self._writing, _sentences(self.path), self._writers.connect() as connection:
                raw = connection.connection.cursor()
                busy, *_ = raw.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
            if not busy or time.monotonic() > until:
                return not busy
            time.sleep(0.05)

    def close(self) -> None:
        """Close every connection and give the lock back."""
        self._checkpointer.close()
        self._writers.dispose()
        self._readers.dispose()
        if self._lock is not None:
            self._lock.release()
            self._lock = None


def open_sqlite(path: Path, *, exclusive: bool) -> SqliteStore:
    """Open a SQLite file, as the engine (`exclusive`) or for reading beside one.

    An engine makes a file that is not there, at the newest schema. Raises `DatabaseInUseError`,
    `SchemaTooOldError`, `SchemaTooNewError`, or `StoreError` for a file that cannot be used.
    """
    path = path.absolute()
    if not exclusive and not path.is_file():
        raise StoreError(f"there is no database at {path}; start the engine once, or name another file")
    if not path.parent.is_dir():
        raise StoreError(f"there is no folder {path.parent}; make it, or name another file")
    try:
        lock = EngineLock(path) if exclusive else None
    except OSError as error:
        raise StoreError(
            f"the lock beside {path} cannot be written: {error.strerror}; let this user write in its folder"
        ) from error
    store = SqliteStore(path, lock)
    try:
        _settle_schema(store, exclusive)
    except BaseException:
        store.close()
        raise
    return store


def migrate_sqlite(path: Path) -> None:
    """Bring an existing file to the newest schema; no engine may run on it."""
    path = path.absolute()
    if not path.is_file():
        raise StoreError(f"there is no database at {path}; start the engine once, or name another file")
    store = SqliteStore(path, EngineLock(path))
    try:
        with _sentences(path), store._writers.begin() as connection:
            schema.check_migratable(connection, str(path))
            schema.upgrade(connection)
    finally:
        store.close()


def _settle_schema(store: SqliteStore, exclusive: bool) -> None:
    """Fill an empty file, check any other."""
    if exclusive:
        with _sentences(store.path), store._writers.begin() as connection:
            if schema.is_empty(connection):
                schema.create(connection)
    with _sentences(store.path), store._readers.begin() as connection:
        schema.check(connection, str(store.path))


def _engine(path: Path, pragmas: tuple[str, ...], begin: str, *, connections: int) -> Engine:
    engine = create_engine(
        URL.create("sqlite", database=str(path)),
        poolclass=QueuePool,
        pool_size=min(connections, 4),
        max_overflow=max(connections - 4, 0),
        pool_reset_on_return=None,
        connect_args={
            "timeout": BUSY_TIMEOUT,
            "check_same_thread": False,
            "cached_statements": 512,
            "isolation_level": None,
        },
        hide_parameters=True,
    )

    @event.listens_for(engine, "connect")
    def set_up(connection: Any, record: Any) -> None:
        for pragma in pragmas:
            connection.execute(pragma)

    @event.listens_for(engine, "begin")
    def begin_explicitly(connection: Connection) -> None:
        connection.exec_driver_sql(begin)

    return engine


@contextmanager
def _sentences(path: Path) -> Iterator[None]:
    """Turn what the driver raises into a `StoreError` that says what is wrong with the file."""
    try:
        yield
    except _DRIVER.errors as error:
        raise _failure(path, error) from error


def _failure(path: Path, error: Exception) -> StoreError:
    told = getattr(error, "orig", error)
    return StoreError(f"the database {path} could not be used: {told}; see that the file can be written")
