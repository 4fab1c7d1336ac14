"""The API against its own description, by schemathesis with all its checks: `script/fuzz` asks longer."""

from __future__ import annotations

from pathlib import Path

from tests.contract.fuzzing import fuzz


def test_schemathesis_finds_nothing(tmp_path: Path) -> None:
    found = fuzz(tmp_path, examples=2, seed=20260105)
    assert found.failures == {}, found.told
    assert found.cases > 600
