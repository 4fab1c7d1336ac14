"""What a row is to reach: a value, or how many times better than a peer of the same run."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from benchmarks.rows import Row


class Aim(msgspec.Struct, frozen=True, kw_only=True):
    """A value in the row's unit, and ratios by peer; a ratio under 1 lets the peer be better."""

    value: float | None = None
    ratio: dict[str, float] = {}


AIMS: Mapping[str, Aim] = {
    "one_rule": Aim(ratio={"rule_engine": 30, "python": 0.5}),
    "rules_100": Aim(value=10),
    "rules_1000": Aim(value=15),
    "rules_10000": Aim(value=40),
    "rules_growth": Aim(value=4),
    "trace": Aim(value=5),
    "sweep_1m_100": Aim(value=1),
    "sweep_disk_1m_100": Aim(value=60),
    "intake_http": Aim(value=20_000, ratio={"one commit an event": 10}),
    "trigger_p99": Aim(value=10),
    "first_step_p99": Aim(value=100),
    "steps_sqlite": Aim(value=10_000, ratio={"dbos": 20}),
    "steps_postgres": Aim(value=5_000),
    "parked_1m": Aim(value=300),
    "parked_1m_restart": Aim(value=2),
    "parked_1m_timers_p99": Aim(value=1),
    "import_1m": Aim(value=60),
    "backtest_year": Aim(value=10),
    "backtest_year_orders": Aim(value=10),
    "decision_bytes": Aim(value=700),
    "seal": Aim(value=100_000),
    "seal_check": Aim(value=10),
    "console_pages": Aim(value=100),
    "console_first_look": Aim(value=100),
    "console_bytes": Aim(value=100),
    "console_shift": Aim(value=0),
    "console_live": Aim(value=1),
    "console_postgres_pages": Aim(value=100),
    "console_postgres_first_look": Aim(value=100),
    "search_100k": Aim(value=20),
}


def missed(row: Row) -> list[str]:
    """Tell each aim that a row misses; nothing for a row without any. A curve is to have no cliff."""
    growth, more = row.detail.get("growth"), row.detail.get("more")
    if growth is not None and more is not None and growth > more:
        return [f"a cliff: {growth:g}x for {more:g}x"]
    aim = AIMS.get(row.name)
    if aim is None:
        return []
    found = [
        f"{wanted:g}x {peer}"
        for peer, wanted in aim.ratio.items()
        if peer in row.ratio and row.ratio[peer] < wanted
    ]
    if aim.value is not None and (row.value < aim.value if row.more_is_better else row.value > aim.value):
        found.insert(0, f"{aim.value:,g} {row.unit}")
    return found


def told(name: str) -> str:
    """Give what a row is to reach, in words; empty for none."""
    aim = AIMS.get(name, Aim())
    parts = [] if aim.value is None else [f"{aim.value:,g}"]
    return ", ".join(parts + [f"{wanted:g}x {peer}" for peer, wanted in aim.ratio.items()])
