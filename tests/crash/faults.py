"""Faults of Redis under load: it is flushed and killed again and again, and only latency may tell."""

from __future__ import annotations

import random
import tempfile
import threading
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress
from pathlib import Path

import redis

from engine.model.values import SECOND, Micros
from engine.store.opening import open_store
from tests.crash.deployment import Deployment
from tests.crash.sink import sinking
from tests.crash.torture import Report, Round, add, deployed
from tests.servers import Redis

FLUSH_EVERY = 2.0
KILL_EVERY = 5.0
PER_SECOND = 8
"""Orders that are posted each second."""


class FaultReport(Report, kw_only=True):
    """`delay_ms` is how late first effects have settled after they were put, 99 of 100 at most, and
    `calm_delay_ms` what that was before the faults began."""

    flushes: int = 0
    restarts: int = 0
    delay_ms: int = 0
    calm_delay_ms: int = 0


@contextmanager
def tormented(server: Redis, report: FaultReport) -> Generator[None]:
    """Flush a Redis every two seconds, and kill and start it every five, until the block ends."""
    done = threading.Event()

    def torment() -> None:
        began = time.monotonic()
        while not done.wait(0.05):
            passed = time.monotonic() - began
            if passed > (report.flushes + 1) * FLUSH_EVERY:
                report.flushes += 1
                with suppress(redis.RedisError):
                    server.flush()
            if passed > (report.restarts + 1) * KILL_EVERY:
                report.restarts += 1
                server.kill()
                server.start()

    thread = threading.Thread(target=torment)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()


def redis_faults(seconds: float, seed: int, told: Callable[[str], object] = len) -> FaultReport:
    """Post for so long while Redis is tormented, and for a tenth of it before, in peace."""
    began, report = time.monotonic(), FaultReport(store="postgres")
    with tempfile.TemporaryDirectory(prefix="holdfast-faults-") as name, sinking() as sink:
        with deployed("postgres", Path(name), sink, "60s") as (deployment, server):
            this = Round(deployment, sink, random.Random(seed))
            for process in this.cluster.running.values():
                assert process.address() is not None
            _post(this, max(seconds / 10, 2.0))
            calm = len(this.orders)
            told(f"{calm} orders in peace")
            with tormented(server, report):
                _post(this, seconds)
                findings = this.conclude()
            told(f"{len(this.orders) - calm} orders under {report.flushes} flushes, {report.restarts} kills")
            add(report, this, findings)
            keys = {order.id for order in this.orders[:calm]}
            delays = _delays(deployment)
            report.calm_delay_ms = _most([late for key, late in delays if key in keys])
            report.delay_ms = _most([late for key, late in delays if key not in keys])
    report.seconds = round(time.monotonic() - began, 1)
    return report


def _post(this: Round, seconds: float) -> None:
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        this.order(1)
        time.sleep(1 / PER_SECOND)


def _delays(deployment: Deployment) -> list[tuple[str, Micros]]:
    """Give the order of each run whose first effect was sent, with how long that took since it was put."""
    store = open_store(deployment.place.url, exclusive=False)
    try:
        with store.reader() as reader:
            return [
                (str(run.key), row.settled_at - row.effect.first_due)
                for run in reader.runs(limit=10**6)
                for row in reader.effects(run.id)[:1]
                if row.outcome == "executed" and row.settled_at is not None
            ]
    finally:
        store.close()


def _most(late: list[Micros]) -> int:
    """Give how much 99 of 100 stay below, in milliseconds."""
    return sorted(late)[int(len(late) * 0.99)] * 1000 // SECOND if late else 0
