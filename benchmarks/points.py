"""`python -m benchmarks.points`: one point of a curve, in a process of its own; prints it as JSON."""

from __future__ import annotations

import argparse
import gc
import json
import logging
import sqlite3
from collections.abc import Callable, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

import structlog

from benchmarks import shopping
from benchmarks.apart import Stopwatch, resident
from benchmarks.evaluation import conditions
from benchmarks.many_customers import customers, rules
from benchmarks.peers.matching import check, micros
from engine.expressions import Env
from engine.expressions.index import Index
from engine.runtime.clock import SystemClock
from engine.runtime.engine import Engine

ASKED, PASSES = 200, 1_000
"""Customers whose rules are looked for, and how often for a profile."""
WARM, COUNTED = 1_000, 5_000
"""Events that are taken in before the measured ones, and these."""
BATCH = 100


def of_rules(number: int, folder: Path) -> dict[str, Any]:
    """Find the rules that hold for a customer through an index of so many."""
    some, of = rules(number), customers(ASKED)
    gc.collect()
    empty, watch = resident(), Stopwatch()
    compiled = conditions(some)
    compiling = watch.lap()
    index = Index(compiled)
    building = watch.lap()
    held = resident() - empty
    matching = index.matching

    def found(customer: dict[str, Any]) -> list[int]:
        return matching(Env(customer=customer))

    answers = [found(customer) for customer in of]
    check(answers[: ASKED // 4], some, of[: ASKED // 4])
    return {
        "value": micros(found, of),
        "matches": round(sum(map(len, answers)) / len(answers), 1),
        "compile_s": round(compiling, 2),
        "build_s": round(building, 2),
        "resident_mb": round(held / 1e6, 1),
    }


def of_matching(number: int, folder: Path) -> dict[str, Any]:
    """Find the rules that hold for customers among so many, again and again, for a profile."""
    index, of = Index(conditions(rules(number))), customers(ASKED)
    for _ in range(PASSES):
        for customer in of:
            index.matching(Env(customer=customer))
    return {"value": PASSES * ASKED}


def of_live(number: int, folder: Path) -> dict[str, Any]:
    """Take events in with so many rules live."""
    shopping.write(folder / "shop", number)
    return of_intake(shopping.CUSTOMERS, folder)


def of_intake(number: int, folder: Path) -> dict[str, Any]:
    """Take events of so many customers in, into what is in a folder."""
    workspace, database = folder / "shop", folder / "holdfast.db"
    if not workspace.is_dir():
        shopping.write(workspace)
    watch = Stopwatch()
    with Engine.open(workspace, f"sqlite:///{database}", work=False) as engine:
        opening = watch.lap()
        gc.collect()
        gc.freeze()
        gc.set_threshold(50_000, 20, 50)
        _take(engine, "warm", WARM, number)
        before = _decisions(database)
        watch.lap()
        _take(engine, "counted", COUNTED, number)
        used = watch.lap()
        held = resident()
    return {
        "value": used / COUNTED * 1e6,
        "decisions_an_event": round((_decisions(database) - before) / COUNTED, 2),
        "open_s": round(opening, 2),
        "resident_mb": round(held / 1e6, 1),
    }


def _take(engine: Engine, name: str, count: int, of: int) -> None:
    now = SystemClock().now()
    for batch in list(shopping.happenings(count, now, BATCH, name, of)):
        engine.ingest(batch, source="bench").result()


def _decisions(database: Path) -> int:
    with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as connection:
        (found,) = connection.execute("SELECT count(*) FROM decision").fetchone()
        return int(found)


POINTS: Mapping[str, Callable[[int, Path], dict[str, Any]]] = {
    "rules": of_rules,
    "matching": of_matching,
    "live": of_live,
    "intake": of_intake,
}


def main() -> None:
    """Measure the point that was asked for."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--point", choices=sorted(POINTS), required=True)
    parser.add_argument("--number", type=int, required=True)
    parser.add_argument("--folder", type=Path, required=True)
    given = parser.parse_args()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    print(json.dumps(POINTS[given.point](given.number, given.folder)))


if __name__ == "__main__":
    main()
