"""Erasing on a shared database with Redis: no row, no value and no log line keeps anything."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from engine.model.values import MINUTE
from engine.runtime.clock import VirtualClock
from engine.runtime.engine import Engine
from tests.integration.runtime.conftest import FILES, START
from tests.integration.runtime.test_erasing import ANA, SEND, event, in_rows, tell
from tests.integration.scale.shops import until
from tests.servers import Redis, postgres_url


def values_in(redis: Redis) -> bytes:
    """Every key of a Redis, with all that it holds."""
    client = redis.client()
    found: list[bytes] = []
    for key in client.scan_iter():
        found += [key, client.dump(key) or b""]
        if client.type(key) == b"zset":
            found += [member for member, _ in client.zrange(key, 0, -1, withscores=True)]
    return b"\n".join(found)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, text in FILES.items():
        path = tmp_path / "shop" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text.lstrip())
    return tmp_path / "shop"


def lived(engine: Engine) -> None:
    traits: dict[str, Any] = dict(SEND)
    tell(engine, event(ANA, "identify", "i-1", traits=traits))
    for number in range(50):
        tell(engine, event(ANA, "order_completed", f"canary-{number}", total=120, note="canary words"))
    tell(engine, {"customer": ANA, "event": "order_completed", "id": "bad", "at": "never"})


def test_neither_rows_nor_redis_nor_logs_keep_anything(
    folder: Path, redis: Redis, capsys: pytest.CaptureFixture[str]
) -> None:
    # given workers that are poked over Redis
    url, clock = postgres_url(), VirtualClock(START)
    with Engine.open(folder, url, clock, work=False) as engine:
        engine.connect(redis.url)
        lived(engine)
        until(lambda: values_in(redis) != b"")
        engine.run_until(clock.now() + MINUTE)
        assert in_rows(url, "canary") != []

        # when
        engine.erase_customer(ANA, "eve@example.com").result()

        # then
        assert in_rows(url, "canary") == []
        assert b"canary" not in values_in(redis)
        assert b"canary" not in engine.meters.text()
        assert engine.doctor()["balanced"]
    said = capsys.readouterr()
    assert "released" in said.err
    assert "canary" not in said.out + said.err
