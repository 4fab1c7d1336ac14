"""Privacy in the store: who read what of whom, who was erased, and what erasing somebody takes away."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Protocol

import msgspec

from engine.model.values import Micros
from engine.store.remains import Erasure


class AccessRow(msgspec.Struct, frozen=True, kw_only=True):
    """One reading of personal data: who read, as what, by which way, and of whom.

    `owner` is the human, `key_id` the key they used. `subject` is the customer's pseudonym, None for a
    list or for somebody unknown; `query` is what was asked for besides, as JSON; `reason` is what the
    reader gave. `id` is given by the store, 0 before it is stored.
    """

    id: int = 0
    at: Micros
    owner: str
    key_id: str
    role: str
    route: str
    subject: str | None = None
    request_id: str | None = None
    reason: str | None = None
    query: str | None = None


class AccessFilter(msgspec.Struct, frozen=True, kw_only=True):
    """Which readings are looked for; None is no matter. `who` is the human, or the id of their key."""

    start: Micros | None = None
    end: Micros | None = None
    who: str | None = None
    subjects: tuple[str, ...] | None = None


class ErasureRow(msgspec.Struct, frozen=True, kw_only=True):
    """An id was erased at an instant; `mark` is a keyed digest of it.

    From `lifted_at` on somebody goes by it again: a new customer, who was registered under it.
    """

    mark: str
    at: Micros
    lifted_at: Micros | None = None


class PersonalReader(Protocol):
    """What is asked about readings and erasures."""

    def accesses(
        self, found: AccessFilter, after: tuple[Micros, int] | None = None, limit: int = 100
    ) -> list[AccessRow]:
        """Page the readings by (at, id)."""
        ...

    def count_accesses(self, found: AccessFilter) -> int:
        """Count the readings."""
        ...

    def erasures(self) -> list[ErasureRow]:
        """Give every erased id, by mark."""
        ...

    def every_name(self) -> Iterator[str]:
        """Give every id under which anything is stored of anybody; one may come more than once."""
        ...


class PersonalWriter(Protocol):
    """What is written of readings and erasures."""

    def add_accesses(self, rows: Sequence[AccessRow]) -> None:
        """Keep readings; the store numbers them."""
        ...

    def keep_erasures(self, erased: Mapping[str, Micros]) -> None:
        """Remember ids by their marks, each with when it was erased last."""
        ...

    def lift_erasures(self, marks: Iterable[str], at: Micros) -> None:
        """Let erased ids come in again: somebody new is registered under them."""
        ...

    def erase(self, erasure: Erasure) -> Mapping[str, int]:
        """Take everything personal of a customer away; give how many rows of each table were concerned.

        What others count stays as a skeleton under the pseudonym. The counters of intake go along.
        """
        ...
