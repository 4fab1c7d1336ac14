"""Counts that pages do not wait for: what is soon there is told, what is not goes on without them."""

from __future__ import annotations

import asyncio

import pytest

from api.console import counting
from api.console.counting import Count, soon


def test_what_is_counted_soon_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(counting, "PATIENCE", 60.0)

    async def count() -> int:
        return 7

    assert asyncio.run(soon(count())) == Count(7)


def test_what_takes_long_goes_on_and_nobody_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(counting, "PATIENCE", 0.0)

    async def looked() -> Count:
        go, done = asyncio.Event(), asyncio.Event()

        async def count() -> None:
            await go.wait()
            done.set()

        found = await soon(count())
        go.set()
        await done.wait()
        return found

    assert asyncio.run(looked()) == Count(counting=True)


def test_what_goes_wrong_soon_is_met_by_who_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(counting, "PATIENCE", 60.0)

    async def wrong() -> int:
        raise LookupError

    with pytest.raises(LookupError):
        asyncio.run(soon(wrong()))
