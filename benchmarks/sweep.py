"""sweep_1m_100: a hundred rules over a million customers in memory, out come the ids that match each."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import polars as pl

from benchmarks import peers
from benchmarks.evaluation import conditions
from benchmarks.many_columns import customers_of, frame
from benchmarks.many_customers import AMOUNTS, COUNTS, FLAGS, TIMES, rules
from benchmarks.peers.matching import expected
from benchmarks.rows import Row
from engine.expressions import Env, Kind
from engine.expressions.columns import Column, Sweep

RULES = 100
PASSES = 3
SAMPLE = 1_000
"""So many are compared with hand-written Python, and given to rule-engine, whose time is scaled up."""


def measure(folder: Path, quick: bool) -> list[Row]:
    """Sweep, and let others do the same; each must count the same matches of each rule."""
    number = 100_000 if quick else 1_000_000
    base = frame(number)
    path = folder / "customers.parquet"
    base.write_parquet(path)
    some, sample = rules(RULES), customers_of(base.head(SAMPLE))

    def env_at(row: int) -> Env:
        return Env(customer=customers_of(base.slice(row, 1))[0])

    columns = columns_of(base)
    sweep = Sweep(conditions(some), columns, env_at)
    found = sweep.met()
    _check(found, expected(some, sample))
    counts = [len(rows) for rows in found]
    against = {}
    for peer in ("polars", "duckdb"):
        answer = peers.measure(f"sweep_{peer}", rules=RULES, customers=path)
        if answer["counts"] != counts:
            raise RuntimeError(f"{peer} counts otherwise")
        against[peer] = float(answer["seconds"])
    one = peers.measure("rules_rule_engine", rules=RULES, customers=100 if quick else SAMPLE)
    against["rule_engine"] = float(one["micros"]) * number / 1e6
    return [
        Row(
            name="sweep_1m_100",
            value=seconds(lambda: Sweep(conditions(some), columns, env_at).met()),
            unit="cpu s",
            against=against,
            more_is_better=False,
            detail={"customers": number, "rules": RULES, "matches": sum(counts)},
        )
    ]


def columns_of(base: pl.DataFrame) -> Mapping[str, Column]:
    """Give the frame as columns of the engine, which holds numbers as floats and times as microseconds."""
    found = {}
    for series in base:
        name = series.name
        kind, values = Kind.TEXT, series
        if name in COUNTS or name in AMOUNTS:
            kind, values = Kind.NUMBER, series.cast(pl.Float64)
        elif name in TIMES:
            kind, values = Kind.TIME, series.to_physical()
        elif name in FLAGS:
            kind = Kind.BOOLEAN
        elif name == "tags":
            kind = Kind.LIST
        found[f"customer.{name}"] = Column(kind, values)
    return found


def seconds(once: Callable[[], Any]) -> float:
    """Give the seconds of all processors together, of the best of some passes."""
    best = float("inf")
    for _ in range(PASSES):
        began = time.process_time()
        once()
        best = min(best, time.process_time() - began)
    return best


def _check(found: list[pl.Series], wanted: list[list[int]]) -> None:
    rows = [set(each.head(len(wanted))) for each in found]
    for row, places in enumerate(wanted):
        if [place for place, each in enumerate(rows) if row in each] != places:
            raise RuntimeError(f"customer {row} comes out otherwise than by hand")
