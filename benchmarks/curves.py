"""curve_*: how cost grows with rules, with customers, with clients, and with what is known of each customer.

Each point is a row. `growth` is how many times the point before it costs, `more` how many times as much of
the thing there is: where growth is above `more` there would be a cliff.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

from benchmarks import apart, shopping
from benchmarks.commands import holdfast, must_balance, size_of
from benchmarks.importing import write_events
from benchmarks.intake import BATCH, served
from benchmarks.rows import Row
from engine.runtime.clock import SystemClock

RULES = (10, 100, 1_000, 10_000, 100_000)
LIVE_RULES = (10, 100, 1_000, 4_900)
"""A rule is a file, and a workspace has 5,000 of them at most."""
CUSTOMERS = (1_000, 10_000, 100_000, 1_000_000)
CLIENTS = (1, 2, 4, 8, 16)
DAYS = (0, 30, 90, 365)
KNOWN_CUSTOMERS = 1_000
"""So many have a history."""


def measure_rules(folder: Path, quick: bool) -> list[Row]:
    """Find the rules that hold for a customer, among more and more of them."""
    points = RULES[:-1] if quick else RULES
    found = [apart.run("points", point="rules", number=number, folder=folder) for number in points]
    return _rows("curve_rules", "rules", points, found, "us a customer")


def measure_live(folder: Path, quick: bool) -> list[Row]:
    """Take events in, with more and more rules live, a hundredth of them on each kind of event."""
    points = LIVE_RULES[:-1] if quick else LIVE_RULES
    found = [_of_own("live", number, folder) for number in points]
    return _rows("curve_live_rules", "rules", points, found, "cpu us an event")


def measure_customers(folder: Path, quick: bool) -> list[Row]:
    """Take events of anybody in, with more and more customers in the database."""
    points = CUSTOMERS[:-2] if quick else CUSTOMERS
    found = []
    for number in points:
        place = folder / f"{number}"
        _import(place, shopping.daily(1, number, SystemClock().now()))
        size = size_of(place / "holdfast.db")
        point = apart.run("points", point="intake", number=number, folder=place)
        found.append(point | {"bytes_a_customer": round(size / number)})
    return _rows("curve_customers", "customers", points, found, "cpu us an event")


def measure_history(folder: Path, quick: bool) -> list[Row]:
    """Take events in of customers of whom more and more days are known, an event a day."""
    points = DAYS[:-2] if quick else DAYS
    found = []
    for days in points:
        place = folder / f"{days}"
        _import(place, shopping.daily(days, KNOWN_CUSTOMERS, SystemClock().now()))
        point = apart.run("points", point="intake", number=KNOWN_CUSTOMERS, folder=place)
        found.append(point | _bytes_of_customers(place / "holdfast.db"))
    return _rows("curve_history", "days", points, found, "cpu us an event")


def measure_clients(folder: Path, quick: bool) -> list[Row]:
    """Push batches over HTTP by more and more clients at once."""
    count = 10_000 if quick else 50_000
    found = []
    with served(folder, known=5_000) as server:
        for clients in CLIENTS:
            batches = shopping.happenings(count, SystemClock().now(), BATCH, f"of-{clients}")
            used = server.processor_seconds()
            pushed = server.push(folder, "/v1/events", [json.dumps(batch) for batch in batches], clients)
            used = server.processor_seconds() - used
            taken = pushed["taken"]
            found.append(
                {
                    "value": used / count * 1e6,
                    "events_a_second": round(count / pushed["seconds"]),
                    "p50_ms": round(taken[len(taken) // 2] * 1000, 1),
                    "p99_ms": round(taken[len(taken) * 99 // 100] * 1000, 1),
                }
            )
    return _rows("curve_clients", "clients", CLIENTS, found, "cpu us an event")


def _rows(name: str, of: str, points: Sequence[int], found: Sequence[dict[str, Any]], unit: str) -> list[Row]:
    rows: list[Row] = []
    for place, (number, point) in enumerate(zip(points, found, strict=True)):
        detail = {of: number} | {key: value for key, value in point.items() if key != "value"}
        if place:
            before = points[place - 1]
            detail["more"] = round(number / before, 1) if before else None
            detail["growth"] = round(point["value"] / found[place - 1]["value"], 2)
        rows.append(Row(name=name, value=point["value"], unit=unit, more_is_better=False, detail=detail))
    return rows


def _of_own(point: str, number: int, folder: Path) -> dict[str, Any]:
    place = folder / f"{number}"
    place.mkdir()
    return apart.run("points", point=point, number=number, folder=place)


def _import(folder: Path, events: Iterable[dict[str, Any]]) -> None:
    """Make a shop in a folder, and import events as its past."""
    workspace, database = folder / "shop", folder / "holdfast.db"
    shopping.write(workspace)
    write_events(folder / "events.csv", events)
    holdfast("import", "--history", folder / "events.csv", workspace=workspace, database=database)
    must_balance(workspace, database)


def _bytes_of_customers(database: Path) -> dict[str, int]:
    """Give what a customer takes: the hot row, and the chunks of what is counted by days."""
    with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as connection:
        (hot,) = connection.execute("SELECT sum(length(hot)) FROM customer").fetchone()
        (chunks,) = connection.execute("SELECT sum(length(body)) FROM bucket_chunk").fetchone()
    return {"hot_bytes": round(hot / KNOWN_CUSTOMERS), "chunk_bytes": round((chunks or 0) / KNOWN_CUSTOMERS)}
