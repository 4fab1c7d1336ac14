"""Every store is held to the same tests."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.store.interface import Store
from engine.store.opening import open_store
from tests.servers import postgres_url


@pytest.fixture(params=["sqlite", "memory", "postgres"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    urls = {
        "memory": lambda: "memory://",
        "sqlite": lambda: f"sqlite:///{tmp_path / 'holdfast.db'}",
        "postgres": postgres_url,
    }
    opened = open_store(urls[request.param]())
    yield opened
    opened.close()
