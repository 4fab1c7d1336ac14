"""`holdfast` run as a command, in a process of its own, and what that took."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import msgspec


class Ran(msgspec.Struct, frozen=True):
    """What a command answered with `--json`; seconds, those of processors, and the most bytes of memory."""

    answer: Any
    seconds: float
    cpu_seconds: float
    resident: int


def holdfast(command: str, *arguments: str | Path, workspace: Path, database: Path) -> Ran:
    """Run a command with `--json` on a workspace and a SQLite file; raises where it does not end with 0."""
    began = time.perf_counter()
    process = subprocess.Popen(
        [
            sys.executable, "-m", "api.cli.main", command, *map(str, arguments), "--json",
            "--workspace", str(workspace), "--database", f"sqlite:///{database}",
        ],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stdout is not None and process.stderr is not None
    with process.stdout, process.stderr:
        said, wrong = process.stdout.read(), process.stderr.read()
        # Only this way is it known what this very process used.
        _, status, used = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - began
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise RuntimeError(f"holdfast {command} ended with {process.returncode}: {wrong[-500:]}")
    return Ran(json.loads(said), seconds, used.ru_utime + used.ru_stime, used.ru_maxrss * 1024)


def size_of(database: Path) -> int:
    """Give the bytes of a SQLite file and what lies beside it."""
    return sum(path.stat().st_size for path in database.parent.glob(f"{database.name}*"))


def must_balance(workspace: Path, database: Path) -> None:
    """Raise where `holdfast doctor` finds that something was lost."""
    told = holdfast("doctor", workspace=workspace, database=database).answer
    if not told["balanced"]:
        raise RuntimeError(f"doctor does not balance: {told}")
