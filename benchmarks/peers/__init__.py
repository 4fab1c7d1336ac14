"""What Holdfast is measured against, each in a process of its own: one line of JSON comes back."""

from __future__ import annotations

from typing import Any

from benchmarks import apart


def measure(peer: str, **given: object) -> dict[str, Any]:
    """Run a peer's module with these arguments and give what it measured; raises where it fails."""
    return apart.run(f"peers.{peer}", **given)
