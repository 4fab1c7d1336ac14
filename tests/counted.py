"""Counts what the timeline has to do for something."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable
from types import FrameType

from engine.timeline import play, weigh


def counted(ask: Callable[[], None]) -> Counter[str]:
    """Gives how often the timeline's functions were called."""
    calls: Counter[str] = Counter()
    files = {play.__file__, weigh.__file__}

    def count(frame: FrameType, what: str, _: object) -> None:
        if what == "call" and frame.f_code.co_filename in files:
            calls[frame.f_code.co_name] += 1

    before = sys.getprofile()
    sys.setprofile(count)
    try:
        ask()
    finally:
        sys.setprofile(before)
    return calls
