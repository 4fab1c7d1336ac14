"""What was looked up a moment ago, so that it is not looked up again with every request."""

from __future__ import annotations

from collections import OrderedDict
from typing import Generic, TypeVar

T = TypeVar("T")

TRUSTED_FOR = 2.0
"""Seconds for which what was looked up is taken as good without another look."""

_MOST = 1024


class Recent(Generic[T]):
    """Values by name, each for a while; of too many the one that was kept first goes."""

    def __init__(self) -> None:
        self._kept: OrderedDict[str, tuple[T, float]] = OrderedDict()

    def get(self, name: str, now: float) -> T | None:
        """Give what is known under a name, None where that is nothing or too old."""
        known = self._kept.get(name)
        return None if known is None or known[1] < now else known[0]

    def keep(self, name: str, value: T, until: float) -> None:
        """Know a value under a name until an instant of the same clock as `get` is asked with."""
        self._kept[name] = value, until
        self._kept.move_to_end(name)
        while len(self._kept) > _MOST:
            self._kept.popitem(last=False)

    def forget(self, name: str) -> None:
        """Know nothing more under a name."""
        self._kept.pop(name, None)

    def clear(self) -> None:
        """Know nothing any more."""
        self._kept.clear()
