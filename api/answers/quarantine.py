"""Events in quarantine as they are answered with."""

from __future__ import annotations

from datetime import datetime

import msgspec

from api.answers.values import time
from engine.customers.zones import moment_of
from engine.store.records import QuarantinedEvent


class QuarantinedAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """An event that could not be accepted, and why.

    `body` is what was sent, as text: JSON wherever it was. `outcome` is what became of it when it was
    replayed, `accepted` or `duplicate`.
    """

    id: int
    received_at: datetime
    source: str
    message_id: str | None
    customer: str | None
    code: str
    detail: str
    body: str
    replayed_at: datetime | None
    replayed_by: str | None
    outcome: str | None


def quarantined_answer(entry: QuarantinedEvent) -> QuarantinedAnswer:
    """Give an event of the quarantine as it is answered with."""
    return QuarantinedAnswer(
        id=entry.id,
        received_at=moment_of(entry.received_at),
        source=entry.source,
        message_id=entry.message_id,
        customer=entry.customer,
        code=entry.code,
        detail=entry.detail,
        body=entry.body.decode("utf-8", "backslashreplace"),
        replayed_at=time(entry.replayed_at),
        replayed_by=entry.replayed_by,
        outcome=entry.outcome,
    )
