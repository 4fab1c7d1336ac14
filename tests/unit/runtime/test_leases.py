"""The length of a lease, as the environment says it."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.errors import ValueSyntaxError
from engine.model.values import MINUTE, SECOND
from engine.runtime.delivery.leases import SETTING, lease
from engine.runtime.engine import Engine


@pytest.mark.parametrize(("text", "length"), [("", MINUTE), ("1s", SECOND), ("2m", 2 * MINUTE)])
def test_a_lease_is_a_minute_or_what_is_set(monkeypatch: pytest.MonkeyPatch, text: str, length: int) -> None:
    monkeypatch.setenv(SETTING, text)
    assert lease() == length


def test_a_lease_that_is_none_is_refused_before_anything_is_opened(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(SETTING, "soon")
    with pytest.raises(ValueSyntaxError, match=r"HOLDFAST_LEASE: .*soon.*30m"):
        Engine.open(tmp_path, f"sqlite:///{tmp_path}/holdfast.db")
    assert not list(tmp_path.iterdir())
