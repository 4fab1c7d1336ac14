"""Every store is held to the same tests."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.store.interface import Store
from engine.store.opening import open_store


@pytest.fixture(params=["sqlite", "memory"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    url = "memory://" if request.param == "memory" else f"sqlite:///{tmp_path / 'holdfast.db'}"
    opened = open_store(url)
    yield opened
    opened.close()
