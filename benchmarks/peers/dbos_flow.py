"""DBOS doing the steps of workspaces/onboarding/workflows/onboarding.yaml, each a durable step with its row.

Its steps do nothing but answer, where Holdfast's post points and record events: that is in its favour.
`queue` is how its documentation says to run many workflows at once; `direct` calls them one after the
other, which costs it neither the queue nor threads that wait for one another.
"""

from __future__ import annotations

import argparse
import json
import os
import time

import sqlalchemy
from dbos import DBOS

PAUSE = 0.0001
"""Seconds of each wait: as short as DBOS records one, for Holdfast's are over when the clock is moved."""


@DBOS.step()
def act(answer: bool = True) -> bool:
    """Take a step."""
    return answer


@DBOS.workflow()
def onboarding(seats: int, pause: float) -> None:
    """Take nine or twelve steps, as the flow in YAML does for the same number of seats."""
    act()
    DBOS.sleep(pause)
    if act(seats >= 5):
        act()
    DBOS.sleep(pause)
    act()
    bonus = False
    if act(seats >= 5):
        bonus = act()
    DBOS.sleep(pause)
    act()
    if act(bonus):
        act()


def main() -> None:
    """Measure, and print how many steps there are now and how long that took."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--database", required=True)
    parser.add_argument("--runs", type=int, required=True)
    parser.add_argument("--how", choices=("queue", "direct"), required=True)
    parser.add_argument("--pause", type=float, default=PAUSE)
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
    queue = DBOS.register_queue("bench", polling_interval_sec=0.05)
    began = time.perf_counter()
    if given.how == "queue":
        handles = [queue.enqueue(onboarding, number % 10, given.pause) for number in range(given.runs)]
        for handle in handles:
            handle.get_result(polling_interval_sec=0.05)
    else:
        for number in range(given.runs):
            onboarding(number % 10, given.pause)
    seconds = time.perf_counter() - began
    print(json.dumps({"steps": _steps(given.database), "seconds": seconds}), flush=True)
    # Its threads poll for ever; everything that matters is in the database.
    os._exit(0)


def _steps(database: str) -> int:
    schema = "" if database.startswith("sqlite") else "dbos."
    with sqlalchemy.create_engine(database).connect() as connection:
        counted = connection.execute(sqlalchemy.text(f"SELECT count(*) FROM {schema}operation_outputs"))
        return int(counted.scalar_one())


if __name__ == "__main__":
    main()
