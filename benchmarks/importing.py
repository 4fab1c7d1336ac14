"""import_1m: a year of events taken out of a CSV file as the past, by `holdfast import --history`."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from benchmarks import peers, shopping
from benchmarks.commands import holdfast, must_balance, size_of
from benchmarks.rows import Row
from engine.runtime.clock import SystemClock

PROPERTIES = ("order_id", "total", "items", "topic", "seconds", "minutes", "ticket_id", "severity", "score")


def measure(folder: Path, quick: bool) -> list[Row]:
    """Import events of the shop of a hundred rules; the floor is DuckDB that reads, SQLite that inserts."""
    number = 50_000 if quick else 1_000_000
    workspace, database, file = folder / "shop", folder / "holdfast.db", folder / "events.csv"
    shopping.write(workspace)
    write_events(file, shopping.year(number, SystemClock().now(), number // 20))
    ran = holdfast("import", "--history", file, workspace=workspace, database=database)
    if ran.answer["accepted"] != number:
        raise RuntimeError(f"of {number} events {ran.answer['accepted']} were accepted: {ran.answer}")
    must_balance(workspace, database)
    floor = peers.measure("import_floor", file=file, database=folder / "floor.db")
    if floor["rows"] != number:
        raise RuntimeError(f"the floor has {floor['rows']} rows, not {number}")
    return [
        Row(
            name="import_1m",
            value=ran.seconds * 1_000_000 / number,
            unit="s a million",
            against={"duckdb into sqlite": floor["seconds"] * 1_000_000 / number},
            more_is_better=False,
            detail={
                "events": number,
                "customers": ran.answer["customers"],
                "cpu_seconds": round(ran.cpu_seconds * 1_000_000 / number, 1),
                "resident_mb": round(ran.resident / 1e6),
                "bytes_an_event": round(size_of(database) / number),
            },
        )
    ]


def write_events(file: Path, events: Iterable[Mapping[str, Any]]) -> None:
    """Write events of the shop as a CSV file."""
    with file.open("w", newline="") as text:
        writer = csv.writer(text)
        writer.writerow(("customer", "event", "at", "id", *PROPERTIES))
        for event in events:
            properties = (event["properties"].get(name, "") for name in PROPERTIES)
            writer.writerow((event["customer"], event["event"], event["at"], event["id"], *properties))
