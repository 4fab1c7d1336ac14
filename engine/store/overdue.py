"""Runs that stand still, out of the three places where that shows; the same for every store."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Sequence
from itertools import chain

from engine.model.values import Micros
from engine.store.records import OverdueRow

Place = tuple[Micros, str]
"""Where a list of what is overdue goes on: since when, and the run."""

_PAGE = 500


class OverdueReading:
    """Merges runs whose time has come, runs whose effect is not sent, and runs whose effect was given up."""

    @abstractmethod
    def _late(self, before: Micros, after: Place, limit: int) -> list[OverdueRow]:
        """Give open runs that were due."""

    @abstractmethod
    def _unsent(self, before: Micros, after: Place, limit: int) -> list[OverdueRow]:
        """Give open runs one of whose effects could have been claimed."""

    @abstractmethod
    def _given_up(self, before: Micros, after: Place, limit: int) -> list[OverdueRow]:
        """Give open runs one of whose effects is a dead letter; that one may be of a step long past."""

    def overdue(self, before: Micros, after: Place | None = None, limit: int = 100) -> list[OverdueRow]:
        """Give what `Reader.overdue` says."""
        place = after or (-1, "")
        found = chain.from_iterable(
            self._filled(source, before, place, limit)
            for source in (self._late, self._unsent, self._given_up)
        )
        return sorted(found, key=lambda row: (row.since, row.run.id))[:limit]

    def _count_given_up(self, before: Micros) -> int:
        return len(self._filled(self._given_up, before, (-1, ""), None))

    @staticmethod
    def _filled(
        source: Callable[[Micros, Place, int], Sequence[OverdueRow]],
        before: Micros,
        after: Place,
        limit: int | None,
    ) -> list[OverdueRow]:
        """Give so many of a source that really wait for what is overdue."""
        found: list[OverdueRow] = []
        size = _PAGE if limit is None else limit
        while limit is None or len(found) < limit:
            page = source(before, after, size)
            found += [row for row in page if _waits_for(row)]
            if len(page) < size:
                break
            after = page[-1].since, page[-1].run.id
            # Most of them wait for something else: what is left is gone through in few steps.
            size = max(size, _PAGE)
        return found[:limit]


def _waits_for(row: OverdueRow) -> bool:
    wait = row.run.wait
    return row.effect is None or (wait is not None and wait.token == row.effect.effect.key)
