"""The flow that is measured: an event, a rule, a run of nine or twelve steps over three days, as YAML.

A step is one row of `step_attempt`: what a workflow carried out, decided or began to wait for. What
else comes of it (points posted, events recorded, decisions, customers saved) is not counted, and its
time is. The seconds run from the first event handed over to the last run's end, commits included.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from engine.customers.zones import moment_of
from engine.model.values import Micros

WORKSPACES = Path(__file__).parent / "workspaces"
WORKSPACE = WORKSPACES / "onboarding"
DAYS = 3
BATCH = 500


def steps_of(runs: int) -> int:
    """Give how many steps so many runs take: twelve with five seats or more, nine with fewer."""
    return sum(12 if number % 10 >= 5 else 9 for number in range(runs))


def trials(
    count: int, at: Micros, ends: tuple[Micros, Micros] | None = None, name: str = "cus"
) -> Iterator[list[dict[str, Any]]]:
    """Give batches of events, each the beginning of another customer's trial.

    With `ends`, the trials end between these two instants, at even distances.
    """
    told = moment_of(at).isoformat()
    for first in range(0, count, BATCH):
        batch = []
        for number in range(first, min(count, first + BATCH)):
            properties: dict[str, Any] = {"plan": "team", "seats": number % 10}
            if ends is not None:
                properties["ends"] = moment_of(_between(ends, number, count)).isoformat()
            batch.append(
                {
                    "event": "trial_started",
                    "id": f"{name}-trial-{number}",
                    "customer": customer_id(name, number),
                    "at": told,
                    "properties": properties,
                }
            )
        yield batch


def customer_id(name: str, number: int) -> str:
    """Give the id of a customer."""
    return f"{name}_{number:08}"


def _between(span: tuple[Micros, Micros], number: int, count: int) -> Micros:
    return span[0] + (span[1] - span[0]) * number // count


def count_steps(database: Path) -> int:
    """Count the steps in a SQLite file; an error unless every run has come to its end."""
    connection = sqlite3.connect(f"file:{database}?mode=ro", uri=True)
    try:
        states = dict(connection.execute("SELECT status, count(*) FROM run GROUP BY status"))
        if set(states) != {"completed"}:
            raise RuntimeError(f"the runs have not all been completed: {states}")
        (steps,) = connection.execute("SELECT count(*) FROM step_attempt").fetchone()
        return int(steps)
    finally:
        connection.close()
