"""DBOS with workflows that sleep for a year: the memory that each of them takes."""

from __future__ import annotations

import argparse
import asyncio
import json
import os

from dbos import DBOS

from benchmarks.restarted import resident

YEAR = 365 * 86400.0


@DBOS.workflow()
async def sleeper() -> None:
    """Sleep, as a coroutine: a thread for each would take far more."""
    await DBOS.sleep_async(YEAR)


async def _start(count: int) -> None:
    for _ in range(count):
        await DBOS.start_workflow_async(sleeper)


def main() -> None:
    """Measure, and print the bytes that each took."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--database", required=True)
    parser.add_argument("--runs", type=int, required=True)
    given = parser.parse_args()
    DBOS(
        config={
            "name": "bench",
            "system_database_url": given.database,
            "log_level": "ERROR",
            "run_admin_server": False,
        }
    )
    DBOS.launch()
    asyncio.run(_parked(given.runs))


async def _parked(runs: int) -> None:
    await _start(100)
    await asyncio.sleep(1)
    before = resident()
    await _start(runs)
    await asyncio.sleep(3)
    print(json.dumps({"resident": (resident() - before) / runs}), flush=True)
    # They would sleep on.
    os._exit(0)


if __name__ == "__main__":
    main()
