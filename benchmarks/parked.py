"""parked_1m: what runs cost that only wait: bytes on the disk, memory, time to restart, late timers."""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path
from typing import Any

import psycopg

from benchmarks import peers
from benchmarks.onboarding import WORKSPACES, trials
from benchmarks.rows import Row
from benchmarks.servers import postgres
from engine.model.values import DAY, SECOND
from engine.runtime.clock import SystemClock
from engine.runtime.engine import Engine

WORKSPACE = WORKSPACES / "trial-ending"
RUNS, PROBES = 1_000_000, 1_000
"""Runs that wait, and those whose timers fall due while the restarted engine is watched."""
QUICK_RUNS, QUICK_PROBES = 20_000, 200
AHEAD = 20 * SECOND
"""How long after the last event the first of the probes is due."""
A_SECOND = 50
"""So many of them fall due in one."""


def measure(folder: Path, quick: bool) -> list[Row]:
    """Park the runs in a SQLite file; against DBOS, whose parked runs stay in memory."""
    runs, probes = (QUICK_RUNS, QUICK_PROBES) if quick else (RUNS, PROBES)
    database = folder / "holdfast.db"
    url = f"sqlite:///{database}"
    park(url, runs)
    size = sum(path.stat().st_size for path in folder.glob("holdfast.db*"))
    peer = peers.measure("dbos_parked", database=f"sqlite:///{folder}/dbos.db", runs=200 if quick else 1_000)
    urls = url, f"sqlite:///{folder}/empty.db"
    return _rows("parked_1m", runs, probes, size, _sqlite_sizes(database), urls, {"dbos": peer["resident"]})


def measure_postgres(folder: Path, quick: bool) -> list[Row]:
    """The same on PostgreSQL, with one process."""
    runs, probes = (QUICK_RUNS, QUICK_PROBES) if quick else (RUNS, PROBES)
    with postgres(folder) as server:
        url = server.database("holdfast")
        park(url, runs)
        seal(url)
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute("VACUUM ANALYZE")
            (size,) = connection.execute("SELECT pg_database_size(current_database())").fetchone() or (0,)
            sizes = dict(
                connection.execute("SELECT relname, pg_total_relation_size(relid) FROM pg_stat_user_tables")
            )
        return _rows("parked_1m_postgres", runs, probes, size, sizes, (url, server.database("empty")), {})


def _rows(
    name: str,
    runs: int,
    probes: int,
    size: int,
    sizes: dict[str, int],
    urls: tuple[str, str],
    against: dict[str, float],
) -> list[Row]:
    """Restart an engine on the runs and on an empty database, in processes of their own."""
    park_probes(urls[0], probes)
    full = _restarted(urls[0], probes)
    empty = _restarted(urls[1], 0)
    return [
        Row(
            name=name,
            value=size / 1e6 * 1_000_000 / runs,
            unit="MB a million",
            more_is_better=False,
            detail={"runs": runs, "bytes_a_run": round(size / runs), **_parts(sizes, runs)},
        ),
        Row(
            name=f"{name}_memory",
            value=max(0.0, full["resident"] - empty["resident"]) / runs,
            unit="bytes a run",
            against=against,
            more_is_better=False,
            detail={"resident_mb": round(full["resident"] / 1e6), "empty_mb": round(empty["resident"] / 1e6)},
        ),
        Row(name=f"{name}_restart", value=full["restart"], unit="s", more_is_better=False),
        Row(
            name=f"{name}_timers_p99",
            value=full["late_p99"],
            unit="s late",
            more_is_better=False,
            detail={"timers": probes, "late_max": round(full["late_max"], 3)},
        ),
    ]


def park(url: str, runs: int) -> None:
    """Begin so many runs that wait for an end within the next year."""
    with Engine.open(WORKSPACE, url, work=False) as engine:
        now = SystemClock().now()
        for batch in trials(runs, now, (now + DAY, now + 365 * DAY)):
            engine.ingest(batch, source="bench").result()


def park_probes(url: str, probes: int) -> None:
    """Begin the probes, last of all: an engine has to be there again before they are due."""
    with Engine.open(WORKSPACE, url, work=False) as engine:
        now = SystemClock().now()
        first = now + AHEAD
        for batch in trials(probes, now, (first, first + probes * SECOND // A_SECOND), "probe"):
            engine.ingest(batch, source="bench").result()


def seal(url: str) -> None:
    """Let the audit record's entries that wait for their numbers get them, as happens within a second."""
    with Engine.open(WORKSPACE, url) as engine:
        while True:
            with engine.store.reader() as reader:
                if not reader.count_unsealed():
                    return
            time.sleep(1)


def _sqlite_sizes(database: Path) -> dict[str, int]:
    query = "SELECT tbl_name, sum(pgsize) FROM dbstat JOIN sqlite_master USING (name) GROUP BY 1"
    with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as connection:
        try:
            return dict(connection.execute(query))
        except sqlite3.OperationalError:
            return {}  # this SQLite was built without dbstat


def _parts(sizes: dict[str, int], runs: int) -> dict[str, int]:
    """Give the bytes a run of what waits (runs, their steps, their customers), of the audit record, and of
    what led to it.
    """
    if not sizes:
        return {}
    waiting = sum(sizes[name] for name in ("run", "step_attempt", "customer"))
    record = sum(sizes[name] for name in ("leaf", "tile", "subject", "unsealed"))
    return {
        "waiting_bytes": round(waiting / runs),
        "record_bytes": round(record / runs),
        "past_bytes": round((sum(sizes.values()) - waiting - record) / runs),
    }


def _restarted(url: str, probes: int) -> dict[str, Any]:
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.restarted", str(WORKSPACE), url, str(probes)],
        check=True,
        stdout=subprocess.PIPE,
        text=True,
    )
    answer: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return answer
