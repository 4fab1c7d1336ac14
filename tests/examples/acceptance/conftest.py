"""Bases that are measured over HTTP."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.measured_base import MeasuredBase, Measuring, measured_base


@pytest.fixture
def measuring(tmp_path: Path) -> Generator[Measuring]:
    """Opens a workspace of these files, the clock standing at `now`; closed when the test ends."""
    with ExitStack() as stack:
        opened = 0

        def open_base(now: str = "2026-05-02 00:00", **files: str) -> MeasuredBase:
            nonlocal opened
            opened += 1
            named = {"holdfast.yaml": files.pop("settings", "name: Example\n")}
            named |= {f"rules/{_id(name, text)}.yaml": text for name, text in files.items()}
            return stack.enter_context(measured_base(tmp_path / str(opened), named, now))

        yield open_base


def _id(name: str, text: str) -> str:
    """Give the file's name: what its first key says it is, where that is one name."""
    kind, _, id = text.strip().partition("\n")[0].partition(":")
    return id.strip() if kind == name and id else name.replace("_", "-")
