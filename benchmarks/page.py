"""`python -m benchmarks.page` writes what is in `results/` into the tables of docs/performance.md.

README.md may have some too. A table stands between `<!-- measured: NAME -->` and `<!-- end -->`; a test
fails when one is out of date.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeAlias

from benchmarks.aims import AIMS, missed, told
from benchmarks.rows import Row

REPOSITORY = Path(__file__).parents[1]
RESULTS = REPOSITORY / "benchmarks" / "results"
PAGES = ("docs/performance.md", "README.md")

Measured: TypeAlias = dict[str, list[dict[str, Any]]]
Table: TypeAlias = Callable[[Measured], str]

_BLOCK = re.compile(r"(<!-- measured: ([\w-]+) -->\n).*?(<!-- end -->)", re.DOTALL)
_TOLD = re.compile(r"\d|Linux|Darwin|Windows|Python|SQLite")
"""What is told of a machine: its processors and memory, its system, its Python and SQLite."""

GROUPS: Mapping[str, Sequence[str]] = {
    "evaluation": (
        "one_rule", "rules_100", "rules_1000", "rules_10000", "rules_growth", "trace", "sweep_1m_100",
        "sweep_disk_1m_100",
    ),
    "work": ("intake_http", "trigger_p99", "first_step_p99", "steps_sqlite", "steps_postgres"),
    "past": ("import_1m", "backtest_year", "backtest_year_orders"),
    "record": ("decision_bytes", "decision_bytes_sealed", "seal", "seal_stored", "seal_check", "seal_proof"),
    "parked": (
        "parked_1m", "parked_1m_memory", "parked_1m_restart", "parked_1m_timers_p99", "parked_1m_postgres",
        "parked_1m_postgres_memory", "parked_1m_postgres_restart", "parked_1m_postgres_timers_p99",
    ),
    "console": (
        "console_pages", "console_first_look", "console_bytes", "console_shift", "console_live",
        "console_why_played", "console_postgres_pages", "console_postgres_first_look",
        "console_postgres_why_played", "search_100k",
    ),
    "console-page": ("console_page", "console_postgres_page"),
    "sustained": ("sustained", "sustained_p99", "sustained_memory"),
    "overload": ("overload",),
}  # fmt: skip
"""The rows that stand together, in their order."""

HEADLINE = ("rules_1000", "sweep_1m_100", "intake_http", "trigger_p99", "steps_sqlite", "seal")
"""The rows that the readme shows."""


SLOWEST = 14
"""So many of the console's pages are shown."""


def measured() -> Measured:
    """Give all that is in `results/`, by name; a curve has several rows of one.

    Raises where a name stands in two files, for then nobody knows which of them holds.
    """
    found: Measured = {}
    where: dict[str, Path] = {}
    for path in sorted(RESULTS.glob("*.jsonl")):
        for line in path.read_text(encoding="utf-8").splitlines():
            row = json.loads(line)
            if where.setdefault(row["name"], path) != path:
                raise ValueError(f"{row['name']} is in {where[row['name']].name} and in {path.name}")
            found.setdefault(row["name"], []).append(row)
    return found


def written(text: str) -> str:
    """Give a page with its tables as they are measured."""
    rows = measured()

    def block(found: re.Match[str]) -> str:
        return f"{found[1]}{TABLES[found[2]](rows)}{found[3]}"

    return _BLOCK.sub(block, text)


def number(value: float) -> str:
    """Give a measured number as it is read: three digits that count, the rest none."""
    if abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}"


def _of_rows(names: Sequence[str]) -> Table:
    def table(rows: Measured) -> str:
        if not any(name in rows for name in names):
            return "Not measured yet.\n"
        lines = ["| row | measured | aim | against, in the same run | |", "|---|---|---|---|---|"]
        for name in names:
            for row in rows.get(name, ()):
                against = ", ".join(
                    f"{peer} {number(theirs)} ({_ratio(row['ratio'].get(peer))})"
                    for peer, theirs in row["against"].items()
                )
                aim = told(name) + (": missed" if missed(_row(row)) else "")
                also = ", ".join(f"{key.replace('_', ' ')} {_plain(it)}" for key, it in row["detail"].items())
                value = f"{number(row['value'])} {row['unit']}"
                lines.append(_line((f"`{name}`", value, aim, against, also)))
        return "\n".join(lines) + "\n"

    return table


def _plain(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return " ".join(_plain(each) for each in value)
    return f"{value:,}" if isinstance(value, (int, float)) else str(value)


def _ratio(ratio: float | None) -> str:
    return "" if ratio is None else f"{number(ratio)}x"


def _row(row: Mapping[str, Any]) -> Row:
    return Row(
        name=row["name"],
        value=row["value"],
        unit=row["unit"],
        against=row["against"],
        detail=row["detail"],
        # What was kept before this was told had `against` where less is better, but for rates.
        more_is_better=row.get("more_is_better", row["unit"].endswith("/s")),
    )


def _of_curve(name: str) -> Table:
    def table(rows: Measured) -> str:
        points = rows.get(name, [])
        if not points:
            return "Not measured yet.\n"
        columns = list(dict.fromkeys(key for point in points for key in point["detail"]))
        columns = [key for key in columns if key not in ("more", "growth")]
        head = [*columns[:1], points[0]["unit"], "growth", *columns[1:]]
        lines = [_line(word.replace("_", " ") for word in head), "|" + "---|" * len(head)]
        for point in points:
            detail = point["detail"]
            growth = ", ".join(
                [f"{detail['growth']:g}x" if detail.get("growth") else "", *missed(_row(point))]
            )
            cells = [_plain(detail[key]) if key in detail else "" for key in columns]
            lines.append(_line([*cells[:1], number(point["value"]), growth, *cells[1:]]))
        return "\n".join(lines) + "\n"

    return table


def _of_pages(rows: Measured) -> str:
    pages = sorted(rows.get("console_page", []), key=lambda page: -page["value"])[:SLOWEST]
    if not pages:
        return "Not measured yet.\n"
    elsewhere = {page["detail"]["page"]: page["value"] for page in rows.get("console_postgres_page", [])}
    lines = ["| page | p50 ms | p95 ms | p95 ms on PostgreSQL | KB |", "|---|---|---|---|---|"]
    for page in pages:
        detail = page["detail"]
        there = _in_time(elsewhere[detail["page"]]) if detail["page"] in elsewhere else ""
        taken = (number(detail["p50_ms"]), _in_time(page["value"]), there)
        lines.append(_line((detail["page"], *taken, _plain(detail["kb"]))))
    return "\n".join(lines) + "\n"


def _in_time(taken: float) -> str:
    return number(taken) + (": missed" if taken > (AIMS["console_pages"].value or 0) else "")


def _line(cells: Iterable[str]) -> str:
    return "| " + " | ".join(cells) + " |"


def _machines(rows: Measured) -> str:
    """Give the machines that figures are from; the versions of packages stand in the files themselves."""
    machines: dict[str, list[str]] = {}
    for name, found in rows.items():
        parts = [part for part in found[0]["machine"].split(", ") if _TOLD.match(part)]
        machines.setdefault(", ".join(parts), []).append(f"`{name}`")
    if len(machines) == 1:
        return f"All of it: {next(iter(machines))}.\n"
    return "".join(f"- {machine}: {', '.join(names)}\n" for machine, names in machines.items())


TABLES: Mapping[str, Table] = {
    **{name: _of_rows(names) for name, names in GROUPS.items()},
    **{
        name.replace("_", "-"): _of_curve(name)
        for name in ("curve_rules", "curve_live_rules", "curve_customers", "curve_clients", "curve_history")
    },
    "console-page": _of_pages,
    "headline": _of_rows(HEADLINE),
    "machines": _machines,
}


def main() -> None:
    """Write the tables anew."""
    for name in PAGES:
        path = REPOSITORY / name
        path.write_text(written(path.read_text(encoding="utf-8")), encoding="utf-8")


if __name__ == "__main__":
    main()
