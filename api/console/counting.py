"""What takes longer to count than one waits for a page: the engine goes on, and the next page has it."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any

import msgspec

PATIENCE = 0.06
"""Seconds that a page waits for a count: longer than what the engine counts each time takes (`QUICK`)."""


class Count(msgspec.Struct, frozen=True):
    """What was counted; `counting` where that is not known yet."""

    value: Any = None
    counting: bool = False


async def soon(count: Coroutine[Any, Any, Any]) -> Count:
    """Give what a question to the API comes to if that is soon; else it goes on, and nobody waits for it.

    Raises what the question raises, where that is soon.
    """
    task = asyncio.create_task(count)
    # Nobody may be there any more to hear of what goes wrong: whoever asks next meets it again.
    task.add_done_callback(lambda ended: ended.cancelled() or ended.exception())
    await asyncio.wait((task,), timeout=PATIENCE)
    return Count(task.result()) if task.done() else Count(counting=True)
