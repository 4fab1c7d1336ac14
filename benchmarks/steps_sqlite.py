"""steps_sqlite: workflow steps a second on SQLite, every commit on the disk (synchronous=FULL)."""

from __future__ import annotations

import datetime as dt
import sqlite3
import time
from pathlib import Path

from benchmarks import peers
from benchmarks.onboarding import DAYS, WORKSPACE, count_steps, steps_of, trials
from benchmarks.rows import Row
from engine.customers.zones import instant_of
from engine.model.values import DAY
from engine.runtime.clock import VirtualClock
from engine.runtime.engine import Engine

START = instant_of(dt.datetime(2026, 3, 2, 9, tzinfo=dt.UTC))


def measure(folder: Path, quick: bool) -> list[Row]:
    """Play the flow on SQLite, and let DBOS do the same on SQLite."""
    runs = 2_000 if quick else 20_000
    steps, seconds = play(folder / "holdfast.db", runs)
    peer_runs = 100 if quick else 400
    plain = peers.measure("dbos_flow", database=f"sqlite:///{folder}/dbos.db", runs=peer_runs, how="queue")
    row = Row(
        name="steps_sqlite",
        value=steps / seconds,
        unit="steps/s",
        against={
            "dbos": plain["steps"] / plain["seconds"],
            "dbos-wal": _tuned(folder / "dbos-wal.db", peer_runs),
        },
        detail={"runs": runs, "steps": steps, "seconds": round(seconds, 2)},
    )
    return [row]


def play(database: Path, runs: int) -> tuple[int, float]:
    """Let so many customers begin a trial, and let three days go by; give steps and seconds.

    All that is due waits for the engine, as after a pause: the most that it can do.
    """
    clock = VirtualClock(START)
    with Engine.open(WORKSPACE, f"sqlite:///{database}", clock, work=False) as engine:
        began = time.perf_counter()
        for batch in trials(runs, START):
            engine.ingest(batch, source="bench").result()
        for day in range(1, DAYS + 1):
            clock.move_to(START + day * DAY + 1)
            while engine.tick():
                pass
        seconds = time.perf_counter() - began
    steps = count_steps(database)
    if steps != steps_of(runs):
        raise RuntimeError(f"{runs} runs made {steps} steps, not {steps_of(runs)}")
    return steps, seconds


def _tuned(database: Path, runs: int) -> float:
    """Give DBOS's figure at its best: a file in WAL mode, which it does not ask for, and no queue."""
    connection = sqlite3.connect(database)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.close()
    done = peers.measure("dbos_flow", database=f"sqlite:///{database}", runs=runs, how="direct")
    return float(done["steps"]) / float(done["seconds"])
