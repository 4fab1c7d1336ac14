"""Fixtures: a database that engines share, and a Redis."""

from collections.abc import Generator
from pathlib import Path

import pytest

from tests.integration.scale.shops import Shared
from tests.servers import Redis, postgres_url, redis_server


@pytest.fixture
def shared(tmp_path: Path) -> Generator[Shared]:
    """Opens engines on one database; they are closed at the end."""
    found = Shared(tmp_path, postgres_url())
    yield found
    found.close()


@pytest.fixture
def redis() -> Generator[Redis]:
    """A running Redis of this test's own."""
    with redis_server() as server:
        yield server
