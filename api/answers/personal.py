"""What the doors answer with about privacy: erasures, and readings of personal data."""

from __future__ import annotations

from datetime import datetime

import msgspec

from engine.customers.zones import moment_of
from engine.runtime.people.erasing import Erased
from engine.store.personal import AccessRow


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


class AccessAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """One reading of personal data: who read, with which key, by which way, whose data, and when.

    `customer` is a pseudonym, null for a list; `query` is what was asked for besides, and `reason` what
    the reader said it was for.
    """

    at: datetime
    who: str
    key: str
    role: str
    route: str
    customer: str | None
    query: dict[str, str]
    reason: str | None
    request_id: str | None


def access_answer(row: AccessRow) -> AccessAnswer:
    """Give a reading as it is answered with."""
    return AccessAnswer(
        at=moment_of(row.at),
        who=row.owner,
        key=row.key_id,
        role=row.role,
        route=row.route,
        customer=row.subject,
        query=msgspec.json.decode(row.query, type=dict[str, str]) if row.query else {},
        reason=row.reason,
        request_id=row.request_id,
    )
