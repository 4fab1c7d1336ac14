"""The hook maps that ship."""

from __future__ import annotations

from pathlib import Path

MAPS = Path(__file__).resolve().parent / "maps"
"""Where they are."""
ROOM = "hooks"
"""Where a workspace keeps its own."""


def shipped_hooks() -> dict[str, bytes]:
    """Give the maps that ship, by their paths in a workspace."""
    return {f"{ROOM}/{path.name}": path.read_bytes() for path in sorted(MAPS.glob("*.yaml"))}
