"""sweep_disk_1m_100: a hundred rules that come round daily, for customers on the disk, decisions written."""

from __future__ import annotations

import datetime as dt
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from decimal import Decimal
from pathlib import Path
from typing import Any

from benchmarks.evaluation import kinds
from benchmarks.many_customers import customers, rules, written
from benchmarks.peers.matching import expected
from benchmarks.rows import Row
from engine.customers.zones import instant_of
from engine.runtime.clock import VirtualClock
from engine.runtime.engine import Engine

RULES = 100
BATCH = 500
CUSTOMERS = 100_000
QUICK = 20_000
EVENING = instant_of(dt.datetime(2026, 3, 2, 20, tzinfo=dt.UTC))
MORNING = instant_of(dt.datetime(2026, 3, 3, 7, tzinfo=dt.UTC))


def measure(folder: Path, quick: bool) -> list[Row]:
    """Import customers, let one morning come, and count the decisions of those whom rules hold for.

    The engine is opened anew before that morning, so that nobody is in memory.
    """
    number = QUICK if quick else CUSTOMERS
    of = customers(number)
    workspace, database = _workspace(folder / "workspace"), folder / "holdfast.db"
    clock = VirtualClock(EVENING)
    with Engine.open(workspace, f"sqlite:///{database}", clock, work=False) as engine:
        for batch in _identified(of):
            engine.ingest(batch, source="bench").result()
    clock.move_to(MORNING)
    size = database.stat().st_size
    with Engine.open(workspace, f"sqlite:///{database}", clock, work=False) as engine:
        began, used = time.perf_counter(), time.process_time()
        while engine.tick():
            pass
        seconds, used = time.perf_counter() - began, time.process_time() - used
    wanted = sum(map(len, expected(rules(RULES), of)))
    with closing(sqlite3.connect(database)) as connection:
        (fired,) = connection.execute("SELECT count(*) FROM decision WHERE outcome = 'fired'").fetchone()
    if fired != wanted:
        raise RuntimeError(f"{fired} decisions fired, not {wanted}")
    return [
        Row(
            name="sweep_disk_1m_100",
            value=seconds * 1_000_000 / number,
            unit="s a million",
            more_is_better=False,
            detail={
                "customers": number,
                "told": f"{1_000_000 // number} times what these took",
                "fired": fired,
                "cpu_seconds": round(used * 1_000_000 / number, 1),
                "seconds_of_these": round(seconds, 1),
                "database_mb": round(size / 1e6),
            },
        )
    ]


def _workspace(folder: Path) -> Path:
    (folder / "rules").mkdir(parents=True)
    (folder / "holdfast.yaml").write_text("name: Benchmark\ntimezone: UTC\ncurrency: EUR\n")
    facts = [f"  {name}: {{type: {kind.value}}}" for name, kind in kinds().items() if name not in _BUILT_IN]
    (folder / "rules" / "facts.yaml").write_text("\n".join(["facts:", *facts, "  stage: {type: text}", ""]))
    for number, rule in enumerate(rules(RULES)):
        lines = [
            f'  - "{written(clause, "customer.").replace(chr(34), chr(92) + chr(34))}"' for clause in rule
        ]
        head = [f"rule: bench-{number}", "owner: bench", "description: One of a hundred rules."]
        body = ["when: {schedule: daily at 06:00}", "if:", *lines, "then:", *_ACTION]
        (folder / "rules" / f"bench-{number}.yaml").write_text("\n".join([*head, *body, ""]))
    return folder


_BUILT_IN = frozenset(("id", "email"))
_ACTION = ["  - do: customer.set", "    with: {stage: found}"]


def _identified(of: list[dict[str, Any]]) -> Iterator[list[dict[str, Any]]]:
    for first in range(0, len(of), BATCH):
        yield [
            {
                "event": "identify",
                "id": f"identify-{customer['id']}",
                "customer": customer["id"],
                "at": dt.datetime(2026, 3, 2, 19, tzinfo=dt.UTC).isoformat(),
                "traits": {name: _plain(value) for name, value in customer.items() if name != "id"},
            }
            for customer in of[first : first + BATCH]
        ]


def _plain(value: Any) -> Any:
    if isinstance(value, dt.datetime):
        return value.isoformat()
    return float(value) if isinstance(value, Decimal) else value
