"""Engines of a small shop that share a PostgreSQL database, in threads of one process."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

from engine.model.values import Micros
from engine.runtime.actions.recorder import Recorder, recording
from engine.runtime.clock import Clock
from engine.runtime.crashpoint import Crashpoint, Point, arm
from engine.runtime.engine import Engine
from tests.crash.shop import arrival, event, lay_out

T = TypeVar("T")

PATIENCE = 20.0
"""Seconds in which whatever is waited for has to have come."""


def until(found: Callable[[], T], seconds: float = PATIENCE) -> T:
    """Wait until something is so, and give it."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if got := found():
            return got
        threading.Event().wait(0.01)
    raise AssertionError("it never came to that")


def together(jobs: Sequence[Callable[[], object]]) -> list[Exception]:
    """Do all at once, each in a thread of its own; give what they raised."""
    raised: list[Exception] = []
    start = threading.Barrier(len(jobs))

    def do(job: Callable[[], object]) -> None:
        start.wait()
        try:
            job()
        except Exception as error:
            raised.append(error)

    threads = [threading.Thread(target=do, args=(job,)) for job in jobs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE)
        assert not thread.is_alive(), "a job does not end"
    return raised


class Shared:
    """A database that engines are opened on, each with a folder of its own but for the secrets."""

    def __init__(self, home: Path, url: str) -> None:
        self.url = url
        self.recorders: dict[int, dict[str, Recorder]] = {}
        self._home = home
        self._opened: list[Engine] = []

    def folder(self, name: str = "shop", files: dict[str, str] | None = None) -> Path:
        """Lay a folder out that shares its secrets with the others."""
        folder = lay_out(self._home / name, files)
        secrets = self._home / "secrets"
        secrets.mkdir(exist_ok=True)
        if not (folder / ".holdfast").exists():
            (folder / ".holdfast").symlink_to(secrets)
        return folder

    def open(
        self,
        folder: Path | None = None,
        *,
        role: str = "serve",
        work: bool = False,
        clock: Clock | None = None,
    ) -> Engine:
        """Open an engine; what it sends is recorded."""
        actions, recorded = recording()
        where = self.folder() if folder is None else folder
        engine = Engine.open(where, self.url, clock, actions=actions, role=role, work=work)
        self._opened.append(engine)
        self.recorders[id(engine)] = recorded
        return engine

    def sent(self) -> list[str]:
        """Give the keys of the e-mails that all of them have sent."""
        return [
            delivery.key
            for recorded in self.recorders.values()
            for delivery in recorded["email.send"].deliveries
        ]

    def close(self) -> None:
        """Close whatever is open."""
        for engine in self._opened:
            engine.close()


@contextmanager
def raising(point: Point, number: int = 1) -> Iterator[None]:
    """Let whoever comes by a crash point for the n-th time end there, as far as it can tell."""
    arm(Crashpoint(point, number, "raise"))
    try:
        yield
    finally:
        arm(None)


def order(customer: str, id: str, total: int = 10, at: Micros | None = None) -> dict[str, Any]:
    """Give an order as a client sends it."""
    now = time.time_ns() // 1000 if at is None else at
    return event(now, "order_completed", customer, id, order_id=id, total=total)


def arrive(engine: Engine, *names: str) -> None:
    """Let customers become known, who may be written to."""
    told = [arrival(time.time_ns() // 1000, name) for name in names]
    engine.ingest(told, source="shop", may_grant=True).result()
