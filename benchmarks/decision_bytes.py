"""decision_bytes: what a recorded decision takes on the disk, with its indexes, and with its sealed entry."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from itertools import count
from pathlib import Path
from typing import Any

from benchmarks import shopping
from benchmarks.rows import Row
from engine.runtime.clock import SystemClock
from engine.runtime.engine import Engine

BATCH = 1_000
PORTION = 20_000
"""Events that are handed over between two looks at how many decisions there are."""

PAYLOAD = "length(entry) + length(hash) + length(ref) + length(kind)"


def measure(folder: Path, quick: bool) -> list[Row]:
    """Take events into the shop of a hundred rules until there are so many decisions; weigh the file."""
    database = folder / "holdfast.db"
    workspace = folder / "shop"
    shopping.write(workspace)
    wanted = 3_000 if quick else 100_000
    with Engine.open(workspace, f"sqlite:///{database}", work=False) as engine:
        for batch in _events():
            engine.ingest(batch, source="bench").result()
            if len(batch) < BATCH and _count(database) >= wanted:
                break
    return _rows(database)


def _events() -> Iterator[list[dict[str, Any]]]:
    """Give events in batches for ever; one of a single event ends each portion."""
    for number in count():
        now = SystemClock().now()
        yield from shopping.happenings(PORTION + 1, now, BATCH, f"portion-{number}")


def _count(database: Path) -> int:
    with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as connection:
        (found,) = connection.execute("SELECT count(*) FROM decision").fetchone()
        return int(found)


def _rows(database: Path) -> list[Row]:
    with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as connection:
        pages = dict(connection.execute("SELECT name, sum(pgsize) FROM dbstat GROUP BY name"))
        tables = dict(connection.execute("SELECT name, tbl_name FROM sqlite_master"))
        decisions, documents = connection.execute(
            "SELECT count(*), sum(length(document)) FROM decision"
        ).fetchone()
        # Entries of runs and steps are in the same tables: the pages are shared out by what is in them.
        (share,) = connection.execute(
            f"SELECT sum(({PAYLOAD}) * (kind = 'decision')) * 1.0 / sum({PAYLOAD}) FROM leaf"
        ).fetchone()
    row = pages["decision"]
    indexes = _total(pages, tables, "decision") - row
    leaf = (_total(pages, tables, "leaf") + _total(pages, tables, "tile")) * share
    detail = {
        "decisions": decisions,
        "document": round(documents / decisions),
        "row": round(row / decisions),
        "indexes": round(indexes / decisions),
    }
    return [
        Row(
            name="decision_bytes",
            value=(row + indexes) / decisions,
            unit="bytes",
            more_is_better=False,
            detail=detail,
        ),
        Row(
            name="decision_bytes_sealed",
            value=(row + indexes + leaf) / decisions,
            unit="bytes",
            more_is_better=False,
            detail={"entry": round(leaf / decisions)},
        ),
    ]


def _total(pages: dict[str, int], tables: dict[str, str], table: str) -> int:
    """Give the bytes of a table and all its indexes."""
    return sum(size for name, size in pages.items() if tables.get(name) == table)
