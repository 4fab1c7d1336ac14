"""What takes longer to count than one waits for a page: it goes on beside it, and the next page has it."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from typing import Any

import msgspec

from api.doors import Call

PATIENCE = 0.03
"""Seconds that a page waits for a count: over a small base it is there by then."""

KEPT = 256
"""So many counts are remembered."""


class Count(msgspec.Struct, frozen=True):
    """A count: what it came to, now or when it was counted last; `counting` where it was never known yet."""

    value: Any = None
    counting: bool = False


class Counts:
    """Counts by what they are of, each under way once at most; the last that came of each is remembered."""

    def __init__(self, patience: float = PATIENCE) -> None:
        self._patience = patience
        self._known: OrderedDict[str, Any] = OrderedDict()
        self._under_way: dict[str, asyncio.Task[Any]] = {}

    @property
    def busy(self) -> list[asyncio.Task[Any]]:
        """What is being counted."""
        return list(self._under_way.values())

    async def find(self, of: str, count: Callable[[], Awaitable[Any]]) -> Count:
        """Count, and give what comes of it if that is soon, else what came of it before.

        Raises what counting raises, where that is soon.
        """
        task = self._under_way.get(of)
        if task is None:
            task = self._under_way[of] = asyncio.create_task(self._keep(of, count))
            # Nobody may be there any more to hear of what goes wrong: whoever asks next meets it again.
            task.add_done_callback(lambda ended: ended.cancelled() or ended.exception())
        done, _ = await asyncio.wait((task,), timeout=self._patience)
        if done:
            return Count(task.result())
        return Count(self._known[of]) if of in self._known else Count(counting=True)

    async def _keep(self, of: str, count: Callable[[], Awaitable[Any]]) -> Any:
        try:
            found = await count()
        finally:
            del self._under_way[of]
        self._known[of] = found
        self._known.move_to_end(of)
        while len(self._known) > KEPT:
            self._known.popitem(last=False)
        return found


def counts_of(request: Call) -> Counts:
    """Give the counts that go on beside the pages of this server."""
    state = request.app.state
    found: Counts | None = state.get("counts")
    if found is None:
        found = state["counts"] = Counts()
    return found
