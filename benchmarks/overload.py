"""overload: far more than can be taken while the disk stands still, and what memory grows by meanwhile."""

from __future__ import annotations

import json
import sqlite3
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

from benchmarks import shopping
from benchmarks.apart import resident
from benchmarks.commands import must_balance
from benchmarks.intake import attempted, held, served
from benchmarks.rows import Row
from engine.runtime.clock import SystemClock

CLIENTS, REQUESTS, EVENTS = 200, 400, 1_000
KNOWN = 5_000
STALLED = 10
"""Seconds for which the disk stands still; all that comes in does so in the first of them."""


def measure(folder: Path, quick: bool) -> list[Row]:
    """Hold the database, push, look at the memory, let go; what was answered must be what is stored."""
    now = SystemClock().now()
    bodies = [json.dumps(batch) for batch in shopping.happenings(REQUESTS * EVENTS, now, EVENTS)]
    with served(folder, KNOWN) as server, ThreadPoolExecutor(1) as beside:
        plan = folder / "plan.json"
        server.plan(plan, "/v1/events", bodies, CLIENTS)
        with closing(sqlite3.connect(server.database, isolation_level=None)) as connection:
            connection.execute("BEGIN IMMEDIATE")
            before = resident(server.process.pid)
            pushing = beside.submit(attempted, plan)
            time.sleep(STALLED)
            grown = resident(server.process.pid) - before
            connection.execute("COMMIT")
        told = pushing.result()
    must_balance(folder / "shop", server.database)
    stored, _ = held(server.database)
    if stored != KNOWN + told["accepted"] or not told["statuses"].get("503"):
        raise RuntimeError(f"{stored} events are there, {told['accepted']} were taken: {told['statuses']}")
    return [
        Row(
            name="overload",
            value=grown / 1e6,
            unit="MB grown",
            more_is_better=False,
            detail={
                "requests": REQUESTS,
                "events": REQUESTS * EVENTS,
                "taken": told["accepted"],
                "put_off": told["statuses"]["503"] * EVENTS,
                "balanced": True,
            },
        )
    ]
