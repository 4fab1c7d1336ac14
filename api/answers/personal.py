"""What the doors answer with about privacy: erasures, and readings of personal data."""

from __future__ import annotations

import msgspec

from engine.runtime.people.erasing import Erased


class ErasedAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """What became of an erasure.

    `customer` is the pseudonym under which skeletons stay, null where all was erased before; `rows`
    counts by table what was taken away or reduced.
    """

    customer: str | None
    already: bool
    rows: dict[str, int]


def erased_answer(done: Erased) -> ErasedAnswer:
    """Give what became of an erasure as it is answered with."""
    return ErasedAnswer(customer=done.pseudonym, already=done.already, rows=done.rows)
