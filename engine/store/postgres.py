"""PostgreSQL: any number of processes on one database, each with one writing transaction at a time."""

from __future__ import annotations

import os
import threading
import time
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any, cast

from psycopg import IsolationLevel
from sqlalchemy import URL, Connection, Engine, create_engine, event, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import DBAPIError, IntegrityError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.pool import QueuePool

from engine.errors import StoreError, TransientStoreError
from engine.model.values import Micros
from engine.store import schema
from engine.store.interface import Reader, Writer
from engine.store.sql.access import SqlReader, SqlWriter
from engine.store.sql.transaction import Cursor, Habits

STRIPES = 64
"""Rows that one count is spread over, so that processes seldom wait for one another to count."""

COMMIT_PATIENCE = 10.0
"""Seconds in which a commit whose answer was lost is asked after."""

FORGET_MARKS = 86_400
"""Seconds after which the mark of a process that fell over is deleted: long after anybody asks for it."""

LOCK_TIMEOUT, IDLE_TIMEOUT = 10_000, 15_000
"""Milliseconds to wait for who holds a row, and after which a process that stands still loses its own."""

VACUUM_TIMEOUT = 5_000
"""Milliseconds that vacuuming one table may take after an erasure: nothing is decided meanwhile."""

_SESSION = {
    "application_name": "holdfast",
    "connect_timeout": 5,
    "keepalives_idle": 5,
    "keepalives_interval": 2,
    "keepalives_count": 3,
    "tcp_user_timeout": 15_000,
}

_BARRIER, _MIGRATING = 0x486F6C6466617374, 0x486F6C6466617375
"""Advisory locks: shared by every writer and taken whole by `alone`; held while the schema is made."""

_PASSING = frozenset(
    (
        "25P03",  # idle in a transaction for too long
        "40001",  # serialization failure
        "40P01",  # deadlock
        "53300",  # too many connections
        "55P03",  # a lock was not to be had in time
        "57P01",  # the server shuts down
        "57P02",  # it crashed
        "57P03",  # it is starting
        "57P05",  # idle for too long
    )
)
"""What the server says that concerns this transaction only, not its work."""

_MARK = (
    "INSERT INTO meta AS kept (name, value) VALUES (:mark, EXTRACT(EPOCH FROM now()) || '/' || :turn)"
    " ON CONFLICT (name) DO UPDATE SET value = excluded.value"
)
_FORGET = text(
    "DELETE FROM meta WHERE name LIKE 'commit/%'"
    " AND CAST(split_part(value, '/', 1) AS NUMERIC) < EXTRACT(EPOCH FROM now()) - :seconds"
)
_STATUS = text(
    "SELECT CASE WHEN CAST(:number AS xid8) < pg_snapshot_xmax(pg_current_snapshot())"
    " THEN pg_xact_status(CAST(:number AS xid8)) END"
)


class _Usual:
    """Runs what is compiled through SQLAlchemy, which knows when a connection has been lost."""

    errors = (DBAPIError,)
    collisions = (IntegrityError,)

    def run(self, connection: Connection, text: str, values: Any) -> Cursor:
        """Run it once."""
        return cast(Cursor, connection.exec_driver_sql(text, values))

    def run_many(self, connection: Connection, text: str, rows: Sequence[Any]) -> int:
        """Run it once for each row."""
        return connection.exec_driver_sql(text, list(rows)).rowcount

    def listed(self, values: Sequence[Any]) -> Sequence[Any]:
        """Give a list, which psycopg makes an array of."""
        return values


class PostgresStore:
    """A PostgreSQL database, opened; `engine.store.interface.Store` says what it does."""

    def __init__(self, url: URL, *, writing: bool, lock_timeout: int, idle_timeout: int) -> None:
        # Options may hold a password too, under more than one name; where the database is tells which it is.
        place = {key: value for key, value in url.query.items() if key in ("host", "port")}
        self.name = url.set(query=place).render_as_string(hide_password=True)
        self._writing = writing
        self._turn = threading.Lock()
        self._writer_thread: int | None = None
        self._alone: int | None = None
        self._mark, self._turns = f"commit/{uuid.uuid4()}", 0
        # A process that stands still in a transaction is ended by the server after this; not sooner.
        self._longest_hold = idle_timeout + lock_timeout
        options = (
            f"-c lock_timeout={lock_timeout} -c idle_in_transaction_session_timeout={idle_timeout}"
            " -c synchronous_commit=on -c timezone=UTC"
        )
        self._writers = _engine(url, options, connections=3)
        # A page asks many small questions: to start a process for one of them takes longer than the answer.
        alone = "-c timezone=UTC -c max_parallel_workers_per_gather=0"
        self._readers = _engine(url, alone, connections=16, reading=True)
        self._habits = Habits(
            insert=insert, driver=_Usual(), failure=self._failure, shared=True, stripe=os.getpid() % STRIPES
        )

    @property
    def shared(self) -> bool:
        """Yes: other processes write too."""
        return True

    def now(self) -> Micros | None:
        """Give the server's clock."""
        with self._sentences(), self._writers.connect() as connection:
            at: Micros = connection.scalar(
                text("SELECT CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000000 AS BIGINT)")
            )
            return at

    @contextmanager
    def begin(self) -> Iterator[Writer]:
        """Open the writing transaction of this process; waits until its one before has ended."""
        if not self._writing:
            raise StoreError(f"{self.name} was opened for reading only, or has been closed")
        if self._writer_thread == threading.get_ident():
            raise StoreError("this thread already has a writing transaction open")
        with self._turn:
            self._writer_thread = threading.get_ident()
            try:
                with self._sentences():
                    yield from self._transaction()
            finally:
                self._writer_thread = None

    def _transaction(self) -> Iterator[Writer]:
        with self._writers.connect() as connection:
            with connection.begin() as transaction:
                number, turn = self._enter(connection)
                writer = SqlWriter(connection, self._habits)
                yield writer
                writer.keep_record()
                writer.give_places_back()
                try:
                    transaction.commit()
                except DBAPIError:
                    if not self._went_through(number, turn):
                        raise

    def _enter(self, connection: Connection) -> tuple[str, str]:
        """Take part in the barrier, leave a mark; give the transaction's number and what it marked."""
        if self._alone is None:
            entered, key = "pg_advisory_xact_lock_shared(:key)", _BARRIER
        else:
            # Whoever has lost the whole barrier without knowing must not write as if it were alone.
            entered, key = (
                "1 / (SELECT COUNT(*) FROM pg_locks WHERE granted AND pid = :key AND locktype = 'advisory')",
                self._alone,
            )
        self._turns += 1
        turn = str(self._turns)
        asked = f"SELECT CAST(pg_current_xact_id() AS TEXT), CAST({entered} AS TEXT)"
        number = connection.scalar(
            text(f"WITH marked AS ({_MARK}) {asked}"), {"key": key, "mark": self._mark, "turn": turn}
        )
        return str(number), turn

    def _went_through(self, number: str, turn: str) -> bool:
        """Tell whether a transaction was committed whose commit was not answered.

        Its number tells only whether it is still under way: a server that fell over before it wrote the
        number down gives it out again, and then speaks of another's transaction. Its mark is its own.

        Raises `StoreError` where that cannot be learnt: the work may not be tried again.
        """
        until = time.monotonic() + COMMIT_PATIENCE
        while time.monotonic() < until:
            with suppress(DBAPIError), self._writers.connect() as connection:
                if connection.scalar(_STATUS, {"number": number}) != "in progress":
                    # In a snapshot of its own: what ended between the two is to be seen.
                    marked = connection.scalar(
                        text("SELECT split_part(value, '/', 2) FROM meta WHERE name = :mark"),
                        {"mark": self._mark},
                    )
                    return bool(marked == turn)
            time.sleep(0.05)
        raise StoreError(f"whether the last commit reached the database {self.name} is not known")

    @contextmanager
    def reader(self) -> Iterator[Reader]:
        """Open a snapshot for reading only."""
        # It is given back without a commit: there is nothing that could be lost with the answer to one.
        with self._sentences(), self._readers.connect() as connection:
            yield SqlReader(connection, self._habits)

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Let no other process begin a writing transaction until the block ends."""
        if self._alone is not None:
            yield
            return
        with self._sentences(), self._writers.connect() as connection:
            connection = connection.execution_options(isolation_level="AUTOCOMMIT")
            pid = connection.scalar(text("SELECT pg_backend_pid()"))
            connection.execute(text(f"SET lock_timeout = {self._longest_hold}"))
            try:
                connection.execute(text("SELECT pg_advisory_lock(:key)"), {"key": _BARRIER})
            finally:
                with suppress(DBAPIError):
                    connection.execute(text("RESET lock_timeout"))
            self._alone = pid
            try:
                yield
            finally:
                self._alone = None
                with suppress(DBAPIError):
                    connection.execute(text("SELECT pg_advisory_unlock(:key)"), {"key": _BARRIER})

    def forget_deleted(self, tables: Sequence[str]) -> bool:
        """Vacuum tables: what was deleted, and whatever a row said before, cannot be read any more.

        One that takes too long is left to the server's own vacuum, or to yours. The server's log and its
        back-ups hold it all until they are recycled.
        """
        try:
            with self._sentences(), self._writers.connect() as connection:
                alone = connection.execution_options(isolation_level="AUTOCOMMIT")
                alone.execute(text(f"SET statement_timeout = {VACUUM_TIMEOUT}"))
                try:
                    for table in tables:
                        alone.execute(text(f'VACUUM (INDEX_CLEANUP ON) "{table}"'))
                finally:
                    with suppress(DBAPIError):
                        alone.execute(text("RESET statement_timeout"))
        except StoreError:
            return False
        return True

    def close(self) -> None:
        """Close every connection; nothing is written any more."""
        self._writing = False
        self._writers.dispose()
        self._readers.dispose()

    @contextmanager
    def _sentences(self) -> Iterator[None]:
        """Turn what the driver raises into a `StoreError` that says whether trying again makes sense."""
        try:
            yield
        except PoolTimeoutError as error:
            raise TransientStoreError(f"every connection to {self.name} is in use") from error
        except DBAPIError as error:
            raise self._failure(error) from error

    def _failure(self, error: Exception) -> StoreError:
        told = str(getattr(error, "orig", error)).strip().partition("\n")[0]
        sentence = f"the database {self.name} could not be used: {told}"
        return (TransientStoreError if _passes(error) else StoreError)(sentence)


def _passes(error: Exception) -> bool:
    """Tell whether what failed may well succeed when it is tried again."""
    if not isinstance(error, DBAPIError):
        return False
    state = getattr(error.orig, "sqlstate", None)
    if error.connection_invalidated or state in _PASSING:
        return True
    return state is None and isinstance(error, OperationalError | InterfaceError)


def open_postgres(
    url: URL, *, writing: bool, lock_timeout: int = LOCK_TIMEOUT, idle_timeout: int = IDLE_TIMEOUT
) -> PostgresStore:
    """Open a PostgreSQL database, as a process of the engine (`writing`) or to read beside one.

    An engine fills an empty database with the newest schema. Raises `SchemaTooOldError`,
    `SchemaTooNewError`, or `StoreError` for a database that cannot be used.
    """
    store = PostgresStore(url, writing=writing, lock_timeout=lock_timeout, idle_timeout=idle_timeout)
    try:
        with store._sentences(), store._writers.begin() as connection:
            if writing and schema.is_empty(connection):
                connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _MIGRATING})
                if schema.is_empty(connection):
                    schema.create(connection)
            schema.check(connection, store.name)
            if writing:
                connection.execute(_FORGET, {"seconds": FORGET_MARKS})
    except BaseException:
        store.close()
        raise
    return store


def migrate_postgres(url: URL) -> None:
    """Bring an existing database to the newest schema; no engine may run on it.

    Processes that do are waited for: they lose their connections once the tables have changed.
    """
    store = PostgresStore(url, writing=True, lock_timeout=LOCK_TIMEOUT, idle_timeout=IDLE_TIMEOUT)
    try:
        with store.alone(), store._sentences(), store._writers.begin() as connection:
            schema.check_migratable(connection, store.name)
            schema.upgrade(connection)
    finally:
        store.close()


def _engine(url: URL, options: str, *, connections: int, reading: bool = False) -> Engine:
    engine = create_engine(
        url.set(drivername="postgresql+psycopg"),
        poolclass=QueuePool,
        pool_size=min(connections, 4),
        max_overflow=max(connections - 4, 0),
        pool_timeout=10,
        connect_args={**_SESSION, "options": options},
        hide_parameters=True,
    )

    @event.listens_for(engine, "connect")
    def set_up(connection: Any, record: Any) -> None:
        if reading:
            connection.isolation_level = IsolationLevel.REPEATABLE_READ
            connection.read_only = True

    return engine
