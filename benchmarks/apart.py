"""Modules run in processes of their own, so that nothing is measured in what another has left behind."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

_PAGE = 4096


def run(module: str, **given: object) -> dict[str, Any]:
    """Run a module with these arguments as `--name value`; give its last line, which is JSON.

    Raises where the process does not end with 0.
    """
    arguments = [part for name, value in given.items() for part in (f"--{name}", str(value))]
    done = subprocess.run(
        [sys.executable, "-m", f"benchmarks.{module}", *arguments],
        check=True,
        stdout=subprocess.PIPE,
        text=True,
    )
    answer: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return answer


def resident(process: int | None = None) -> int:
    """Give the bytes of memory that a process holds now; this one's by default."""
    pages = int(Path(f"/proc/{process or 'self'}/statm").read_text().split()[1])
    return pages * _PAGE


class Stopwatch:
    """Seconds of all threads of this process since it began, or since it was looked at last."""

    def __init__(self) -> None:
        self._began = time.process_time()

    def lap(self) -> float:
        """Give the seconds since the last lap, and begin another."""
        now = time.process_time()
        took, self._began = now - self._began, now
        return took
