"""Addresses of databases that cannot be opened: told what to write, and never what was written."""

import pytest

from engine.errors import StoreError
from engine.runtime.pokes import checked
from engine.store.opening import open_store

PASSWORD = "Canary0815"


@pytest.mark.parametrize(
    "url",
    [
        f"postgresql//nobody:{PASSWORD}@127.0.0.1/none",
        f"postgresql://nobody:{PASSWORD}@127.0.0.1:{PASSWORD}/none",
        f"postgresql://nobody:{PASSWORD}@[::1/none",
        f"sqlite://nobody:{PASSWORD}@127.0.0.1",
        f"mysql://nobody:{PASSWORD}@127.0.0.1/none",
        f"postgresql://nobody:{PASSWORD}@127.0.0.1:1/none",
        f"postgresql://127.0.0.1:1/none?user=nobody&password={PASSWORD}",
        f"postgresql://127.0.0.1:1/none?sslpassword={PASSWORD}&passfile={PASSWORD}",
    ],
)
def test_a_database_that_cannot_be_opened_tells_no_password(url: str) -> None:
    with pytest.raises(StoreError) as refused:
        open_store(url)
    assert PASSWORD not in str(refused.value)
    assert len(str(refused.value).splitlines()) == 1


@pytest.mark.parametrize(
    "url",
    [
        f"http://nobody:{PASSWORD}@127.0.0.1",
        f"redis://:{PASSWORD}/@127.0.0.1",
        f"redis://nobody:{PASSWORD}@127.0.0.1:{PASSWORD}/1",
        f"redis://[:{PASSWORD}@127.0.0.1",
        f"redis://127.0.0.1/1?socket_timeout={PASSWORD}",
    ],
)
def test_a_redis_that_cannot_be_asked_tells_no_password(url: str) -> None:
    with pytest.raises(StoreError) as refused:
        checked(url)
    assert PASSWORD not in str(refused.value)
