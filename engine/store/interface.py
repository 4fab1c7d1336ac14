"""One storage interface: what SQLite, the in-memory double and any later database all do.

A `Store` gives transactions. A `Reader` sees one snapshot and never waits for a writer. A process
has one `Writer` at a time; it sees what it has written, everything of it is committed together when
its block ends, and nothing is when the block raises. Every failure of the database is a
`StoreError`, a `TransientStoreError` where the same work may be tried again.

Where other processes write too (`Store.shared`), a writer holds what it is about to change, in this
order: customers (`hold`, `hold_free`, `claim_due`; persons by id, then accounts by id), then budgets,
then effects, then connectors by name. What it reads of customers that it holds, and of their runs,
cannot change under it.

Times are microseconds since 1970 UTC. Spans are half-open: `start` is inside, `end` is not; None
means no bound. Lists that page take `after`, the key of the last item of the page before, and give
at most `limit` items.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
from typing import Protocol

from engine.model.values import Micros
from engine.store.reading import Reader
from engine.store.writing import Writer

__all__ = ["Reader", "Store", "Writer"]


class Store(Protocol):
    """A database, opened.

    `shared` tells whether other processes may write into it at the same time.
    """

    @property
    def shared(self) -> bool:
        """Tell whether other processes may write too."""
        ...

    def now(self) -> Micros | None:
        """Give the database's own clock, None where it has none of its own."""
        ...

    def alone(self) -> AbstractContextManager[None]:
        """Let no other process begin a writing transaction until the block ends.

        Waits for those under way. This process opens its own inside, as usual.
        """
        ...

    def begin(self) -> AbstractContextManager[Writer]:
        """Open the writing transaction; waits until the one before has ended."""
        ...

    def reader(self) -> AbstractContextManager[Reader]:
        """Open a snapshot for reading only."""
        ...

    def forget_deleted(self, tables: Sequence[str]) -> bool:
        """Let nothing of rows that were deleted from tables stay in the database's own files.

        False where somebody who still reads, or a lock, stood in the way: it is done the next time.
        """
        ...

    def close(self) -> None:
        """Give everything back; the store cannot be used after."""
        ...
