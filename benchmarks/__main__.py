"""`python -m benchmarks`: measure, print a table, and write one JSON object a line."""

from __future__ import annotations

import argparse
import functools
import gc
import logging
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TypeAlias

import structlog
from rich.console import Console
from rich.table import Table

from benchmarks import (
    backtesting,
    console,
    curves,
    decision_bytes,
    evaluation,
    finding,
    first_step,
    importing,
    intake,
    overload,
    parked,
    seal,
    steps_postgres,
    steps_sqlite,
    sustained,
    sweep,
    sweep_disk,
)
from benchmarks.aims import missed
from benchmarks.machine import machine
from benchmarks.profiling import PATHS, profile
from benchmarks.rows import Row

Measure: TypeAlias = Callable[[Path, bool], list[Row]]

ROWS: Mapping[str, Measure] = {
    "steps_sqlite": steps_sqlite.measure,
    "steps_postgres": steps_postgres.measure,
    "parked_1m": parked.measure,
    "parked_1m_postgres": parked.measure_postgres,
    "first_step_p99": first_step.measure,
    "intake_http": intake.measure,
    "trigger_p99": intake.measure_triggers,
    "import_1m": importing.measure,
    "backtest_year": backtesting.measure,
    "seal": seal.measure,
    "decision_bytes": decision_bytes.measure,
    "one_rule": evaluation.measure_one,
    **{
        f"rules_{number}": functools.partial(evaluation.measure_many, number) for number in evaluation.NUMBERS
    },
    "rules_growth": evaluation.measure_growth,
    "trace": evaluation.measure_trace,
    "sweep_1m_100": sweep.measure,
    "sweep_disk_1m_100": sweep_disk.measure,
    "console_pages": console.measure,
    "search_100k": finding.measure,
}
"""What is measured unless something is asked for: each is given an empty folder, and whether to be quick."""

CURVES: Mapping[str, Measure] = {
    "curve_rules": curves.measure_rules,
    "curve_live_rules": curves.measure_live,
    "curve_customers": curves.measure_customers,
    "curve_clients": curves.measure_clients,
    "curve_history": curves.measure_history,
}
ALL: Mapping[str, Measure] = {
    **ROWS,
    **CURVES,
    "sustained": sustained.measure,
    "overload": overload.measure,
    "console_postgres_pages": console.measure_postgres,
}


def main() -> int:
    """Measure what was asked for; 1 where something could not be measured."""
    parser = argparse.ArgumentParser(prog="script/bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="smaller numbers, in a few minutes")
    parser.add_argument("--only", choices=sorted(ALL), action="append", help="this row alone; repeatable")
    parser.add_argument("--curves", action="store_true", help="how cost grows, in place of the rows")
    parser.add_argument(
        "--profile",
        choices=sorted(PATHS),
        nargs="*",
        help="where the time goes: all paths, or these",
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the rows here, one object a line")
    parser.add_argument("--folder", type=Path, help="where databases are made; on the disk to be measured")
    given = parser.parse_args()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    spare_the_collector()
    failed = False
    rows: list[Row] = []
    with tempfile.TemporaryDirectory(prefix="holdfast-bench-", dir=given.folder) as top:
        where = machine(Path(top))
        if given.profile is not None:
            profile(given.profile or list(PATHS), Path(top), where)
            return 0
        if given.json:
            given.json.write_text("")
        for name in given.only or (CURVES if given.curves else ROWS):
            folder = Path(top) / name
            folder.mkdir()
            began = time.monotonic()
            try:
                measured = ALL[name](folder, given.quick)
            except Exception as error:
                failed = True
                print(f"{name}: {error}", file=sys.stderr)
                continue
            print(f"{name}: {time.monotonic() - began:.0f} s", file=sys.stderr)
            rows += measured
            if given.json:
                with given.json.open("a") as file:
                    file.writelines(row.line(where) + "\n" for row in measured)
        show(rows, where)
    return 1 if failed else 0


def spare_the_collector() -> None:
    """Look for garbage as seldom as `holdfast serve` does."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(5_000, 20, 500)


def show(rows: list[Row], where: str) -> None:
    """Print the rows as a table."""
    table = Table("name", "value", "unit", "missed", "against", "ratio", "detail")
    for row in rows:
        table.add_row(
            row.name,
            f"{row.value:,.1f}",
            row.unit,
            "\n".join(missed(row)),
            "\n".join(f"{peer} {value:,.1f}" for peer, value in row.against.items()),
            "\n".join(f"{ratio:,.1f}x" for ratio in row.ratio.values()),
            "\n".join(f"{name} {value}" for name, value in row.detail.items()),
        )
    console = Console()
    console.print(table)
    console.print(where)


if __name__ == "__main__":
    sys.exit(main())
