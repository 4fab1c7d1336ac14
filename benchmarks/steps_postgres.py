"""steps_postgres: workflow steps a second on PostgreSQL, with Redis and two worker processes."""

from __future__ import annotations

import contextlib
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg

from benchmarks import peers
from benchmarks.onboarding import WORKSPACE, steps_of, trials
from benchmarks.rows import Row
from benchmarks.servers import postgres, redis
from engine.runtime.clock import SystemClock
from engine.runtime.engine import Engine

WORKERS = 2
PAUSE = 1.0
"""Seconds of each wait here, for the workers' clock is the machine's; the peers wait as long."""
PATIENCE = 600


def measure(folder: Path, quick: bool) -> list[Row]:
    """Play the flow with two workers; let DBOS do the same, and arq with a job for each step."""
    runs = 1_000 if quick else 10_000
    peer_runs = 100 if quick else 400
    with postgres(folder) as server, redis(folder) as broker:
        steps, seconds = play(_workspace(folder), server.database("holdfast"), broker, WORKERS, runs)
        dbos = peers.measure(
            "dbos_flow", database=server.database("dbos"), runs=peer_runs, how="queue", pause=PAUSE
        )
        arq = peers.measure(
            "arq_steps", database=server.database("arq"), redis=broker, workers=WORKERS, runs=peer_runs
        )
    row = Row(
        name="steps_postgres",
        value=steps / seconds,
        unit="steps/s",
        against={
            "dbos": dbos["steps"] / dbos["seconds"],
            "arq-job-a-step": arq["steps"] / arq["seconds"],
        },
        detail={"runs": runs, "steps": steps, "seconds": round(seconds, 2), "workers": WORKERS},
    )
    return [row]


def play(workspace: Path, database: str, broker: str, workers: int, runs: int) -> tuple[int, float]:
    """Let customers begin their trials while workers carry out what is due; give steps and seconds."""
    with (
        Engine.open(workspace, database, work=False) as engine,
        _working(workspace, database, broker, workers),
    ):
        engine.connect(broker)
        began = time.perf_counter()
        for batch in trials(runs, SystemClock().now()):
            engine.ingest(batch, source="bench").result()
        _wait_for(database, runs)
        seconds = time.perf_counter() - began
    with psycopg.connect(database) as connection:
        steps = _number(connection, "SELECT count(*) FROM step_attempt")
    if steps != steps_of(runs):
        raise RuntimeError(f"{runs} runs made {steps} steps, not {steps_of(runs)}")
    return steps, seconds


def _workspace(folder: Path) -> Path:
    """Give the workspace with waits of seconds instead of days."""
    copied = folder / "workspace"
    shutil.copytree(WORKSPACE, copied)
    flow = copied / "workflows" / "onboarding.yaml"
    flow.write_text(flow.read_text().replace("- wait: 1d", f"- wait: {PAUSE:.0f}s"))
    return copied


@contextlib.contextmanager
def _working(workspace: Path, database: str, broker: str, count: int) -> Iterator[None]:
    command = [str(Path(sys.executable).with_name("holdfast")), "worker", "--workspace", str(workspace)]
    started = [subprocess.Popen([*command, "--database", database, "--redis", broker]) for _ in range(count)]
    try:
        yield
    finally:
        for process in started:
            process.terminate()
        for process in started:
            process.wait()


def _wait_for(database: str, runs: int) -> None:
    until = time.monotonic() + PATIENCE
    with psycopg.connect(database, autocommit=True) as connection:
        while (done := _number(connection, "SELECT count(*) FROM run WHERE status = 'completed'")) < runs:
            if time.monotonic() > until:
                raise TimeoutError(f"only {done} of {runs} runs have ended")
            time.sleep(0.05)


def _number(connection: psycopg.Connection[Any], query: str) -> int:
    row = connection.execute(query).fetchone()
    return int(row[0]) if row else 0
