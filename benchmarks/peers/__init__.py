"""What Holdfast is measured against, each in a process of its own: one line of JSON comes back."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any


def measure(peer: str, **given: object) -> dict[str, Any]:
    """Run a peer's module with these arguments and give what it measured; raises where it fails."""
    arguments = [part for name, value in given.items() for part in (f"--{name}", str(value))]
    done = subprocess.run(
        [sys.executable, "-m", f"benchmarks.peers.{peer}", *arguments],
        check=True,
        stdout=subprocess.PIPE,
        text=True,
    )
    answer: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return answer
