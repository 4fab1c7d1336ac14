"""Deployments: the processes of an engine on a database, on the real clock, to be killed and restarted."""

from __future__ import annotations

import gc
import multiprocessing
import os
import signal
import sqlite3
import threading
from contextlib import closing
from multiprocessing.connection import Connection
from pathlib import Path

import msgspec
import psycopg

from api.serve import serve, work
from engine.runtime.crashpoint import Crashpoint, arm
from engine.runtime.delivery.leases import SETTING
from engine.runtime.engine import Engine
from engine.store.opening import sqlite_path
from tests.crash.market import SOURCE
from tests.crash.shop import database_of

PATIENCE = 60
"""Seconds until a process that neither serves nor ends is given up."""

# Forked from a process that has only imported things: as new as one that was just started, but at once.
_processes = multiprocessing.get_context("forkserver")
_processes.set_forkserver_preload(["tests.crash.deployment", "tests.crash.steered", "api.cli.main"])


class Part(msgspec.Struct, frozen=True):
    """One process of a deployment: what it is called, whether it answers clients, whether it works."""

    name: str
    doors: bool
    works: bool = True


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """Where processes run: the workspace's folder, the database, Redis if there is one, their lease."""

    folder: Path
    url: str
    redis: str | None = None
    lease: str = "2s"


class Process:
    """A process that runs now, and where it answers, once it has said so."""

    def __init__(self, part: Part, place: Place, crashpoint: Crashpoint | None = None) -> None:
        self.part = part
        self._said, theirs = _processes.Pipe(duplex=False)
        self.process = _processes.Process(target=_run, args=(part, place, crashpoint, theirs), daemon=True)
        self.process.start()
        theirs.close()
        self._lock = threading.Lock()
        self._address = ""

    @property
    def known(self) -> str | None:
        """Where it serves, None while it has not said so."""
        return self._heard(0)

    def address(self) -> str | None:
        """Wait until it serves, and give where; None where it has ended before."""
        return self._heard(PATIENCE)

    def _heard(self, seconds: float) -> str | None:
        # Several threads ask, and it says so once.
        if not self._address and self._lock.acquire(blocking=seconds > 0):
            try:
                if not self._address and self._said.poll(seconds):
                    self._address = self._said.recv()
                assert self._address or not seconds, f"{self.part.name} neither serves nor ends"
            except (EOFError, OSError):
                return None
            finally:
                self._lock.release()
        return self._address or None

    def kill(self) -> None:
        """Kill it as kill -9 does, and see it gone."""
        self.process.kill()
        self.ended()

    def send(self, number: int) -> None:
        """Send it a signal."""
        assert self.process.pid is not None
        os.kill(self.process.pid, number)

    def stop(self) -> int | None:
        """Ask it to stop, and give its exit code."""
        self.send(signal.SIGTERM)
        return self.ended()

    def ended(self) -> int | None:
        """Wait for its end, and give its exit code."""
        self.process.join(PATIENCE)
        assert self.process.exitcode is not None, f"{self.part.name} does not end"
        self._said.close()
        return self.process.exitcode


def _run(part: Part, place: Place, crashpoint: Crashpoint | None, told: Connection) -> None:
    # What was imported before is nothing that the collector has to look through.
    gc.freeze()
    log = os.open(place.folder / f"{part.name}.log", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.dup2(log, 1)
    os.dup2(log, 2)
    os.environ[SETTING] = place.lease
    arm(crashpoint)

    def say(line: str) -> None:
        if " on http://" in line:
            told.send(line.rpartition(" ")[2])
        elif line.startswith("Holdfast works"):
            told.send("works")

    if part.doors:
        serve(place.folder, place.url, port=0, worker=part.works, redis=place.redis, say=say)
    else:
        work(place.folder, place.url, place.redis, say=say)


class Deployment(msgspec.Struct, frozen=True):
    """Which processes there are, and where."""

    place: Place
    parts: tuple[Part, ...]

    def start(self, part: Part, crashpoint: Crashpoint | None = None) -> Process:
        """Start one of its processes."""
        return Process(part, self.place, crashpoint)


def one_process(folder: Path, lease: str = "2s") -> Deployment:
    """Give one process on a SQLite file, doors and worker, for the workspace in a folder."""
    place = Place(folder=folder, url=database_of(folder), lease=lease)
    return Deployment(place, (Part("serve", doors=True),))


def several_processes(folder: Path, url: str, redis: str, lease: str = "2s", workers: int = 3) -> Deployment:
    """Give one process that answers clients and some that work, on PostgreSQL and Redis."""
    place = Place(folder=folder, url=url, redis=redis, lease=lease)
    works = (Part(f"worker{number}", doors=False) for number in range(workers))
    return Deployment(place, (Part("serve", doors=True, works=False), *works))


def key_of(deployment: Deployment) -> str:
    """Make the key by which clients send events; nothing of the deployment may run yet."""
    place = deployment.place
    with Engine.open(place.folder, place.url, work=False) as engine:
        return engine.create_key("ingest", "tests", SOURCE).text


def leases_of(deployment: Deployment) -> set[tuple[str, int]]:
    """Give the claims that have not settled, each by its key and fence: what is on its way, or was."""
    asked = "SELECT key, fence FROM outbox WHERE state = 'leased'"
    path = sqlite_path(deployment.place.url)
    if path is not None:
        # Who closes a file as the last would tidy up what the dead process has left, unless it only reads.
        with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True, timeout=10)) as file:
            return set(file.execute(asked))
    with psycopg.connect(deployment.place.url) as server:
        return set(server.execute(asked).fetchall())
