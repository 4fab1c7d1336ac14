"""first_step_p99: from handing an event over to the commit of the first step of the run it starts."""

from __future__ import annotations

import sqlite3
import time
from concurrent.futures import Future
from pathlib import Path
from typing import Any

from benchmarks.onboarding import WORKSPACE, trials
from benchmarks.rows import Row
from engine.runtime.clock import SystemClock
from engine.runtime.engine import Engine

RATE = 200
"""Events a second, each a request of its own."""


def measure(folder: Path, quick: bool) -> list[Row]:
    """Send events at an even rate, the engine's own worker beside them, and see when each is answered.

    The answer comes after the commit that holds the decision, the run and its first steps; that they
    are there is looked up afterwards. One that is sent late is measured from when it should have been.
    """
    count = 2_000 if quick else 10_000
    database = folder / "holdfast.db"
    taken: list[float] = []
    with Engine.open(WORKSPACE, f"sqlite:///{database}") as engine:
        now = SystemClock().now()
        raws = [raw for batch in trials(count, now) for raw in batch]
        futures: list[Future[Any]] = []
        began = time.perf_counter()
        for number, raw in enumerate(raws):
            planned = began + number / RATE
            if (ahead := planned - time.perf_counter()) > 0:
                time.sleep(ahead)
            future = engine.ingest([raw], source="bench")
            future.add_done_callback(lambda _, planned=planned: taken.append(time.perf_counter() - planned))
            futures.append(future)
        for future in futures:
            future.result()
    _hold(database, count)
    taken.sort()
    row = Row(
        name="first_step_p99",
        value=taken[len(taken) * 99 // 100] * 1000,
        unit="ms",
        more_is_better=False,
        detail={"events": count, "rate": RATE, "p50_ms": round(taken[len(taken) // 2] * 1000, 2)},
    )
    return [row]


def _hold(database: Path, count: int) -> None:
    connection = sqlite3.connect(database)
    (stepped,) = connection.execute("SELECT count(DISTINCT run) FROM step_attempt").fetchone()
    connection.close()
    if stepped != count:
        raise RuntimeError(f"of {count} runs, {stepped} have taken their first step")
