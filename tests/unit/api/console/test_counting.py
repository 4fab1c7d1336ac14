"""Counts that go on beside pages: what is soon there is told, what is not is told as of before."""

from __future__ import annotations

import asyncio

import pytest

from api.console.counting import Count, Counts

SOON, NEVER = 60.0, 0.0


def test_what_is_counted_soon_is_told_anew_each_time() -> None:
    async def looked() -> list[Count]:
        counts, numbers = Counts(SOON), iter((1, 2))

        async def count() -> int:
            return next(numbers)

        return [await counts.find("x", count), await counts.find("x", count)]

    assert asyncio.run(looked()) == [Count(1), Count(2)]


def test_what_takes_long_is_counted_once_and_told_as_of_before() -> None:
    async def looked() -> tuple[list[Count], int]:
        counts, go, begun = Counts(NEVER), asyncio.Event(), 0

        async def count() -> int:
            nonlocal begun
            begun += 1
            await go.wait()
            return begun

        # given that two look while it is counted for the first time
        found = [await counts.find("x", count), await counts.find("x", count)]
        # when it is done, and somebody else has it counted anew
        go.set()
        while counts.busy:
            await asyncio.wait(counts.busy)
        go.clear()
        found.append(await counts.find("x", count))
        go.set()
        await asyncio.wait(counts.busy)
        return found, begun

    found, begun = asyncio.run(looked())
    assert found == [Count(counting=True), Count(counting=True), Count(1)]
    assert begun == 2


def test_what_goes_wrong_is_met_by_who_waits_and_does_not_stay() -> None:
    async def looked() -> Count:
        counts = Counts(SOON)

        async def wrong() -> int:
            raise LookupError

        async def right() -> int:
            return 7

        with pytest.raises(LookupError):
            await counts.find("x", wrong)
        return await counts.find("x", right)

    assert asyncio.run(looked()) == Count(7)
