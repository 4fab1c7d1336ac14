"""What a person does about an event in quarantine: takes it in after all, as it was sent or corrected."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import msgspec

from engine.audit.leaves import ReplayLeaf
from engine.errors import ConflictError, NotFoundError, QuarantineError, RequestError
from engine.model.reasons import QuarantineReason
from engine.runtime.intake import Posted, take_in
from engine.runtime.shell import Shell
from engine.runtime.writer import IngestAnswer
from engine.store.interface import Writer
from engine.store.records import QuarantinedEvent

AS_IT_WAS = frozenset(
    reason.value
    for reason in (
        QuarantineReason.CORE_ERROR,
        QuarantineReason.MISSING_PROPERTY,
        QuarantineReason.PROTECTED,
        QuarantineReason.WRONG_TYPE,
    )
)
"""Reasons that lie in the engine, the files or the sender's key, which may have changed since; any other
lies in what was sent."""

_decode = msgspec.json.Decoder(dict[str, Any], float_hook=Decimal).decode


def replay(shell: Shell, id: int, corrected: Mapping[str, Any] | None, by: str) -> QuarantinedEvent:
    """Take an event of the quarantine in, as it was sent unless it is `corrected`.

    Its times are those it would have had when it first came. The entry stays, and says who replayed it
    and whether it was accepted or, sent again in the meantime, a duplicate. An event that is refused
    again raises `QuarantineError`; then, and where it cannot be replayed, nothing has changed.
    """
    with shell.store.reader() as reader:
        entry = reader.quarantined(id)
    if entry is None:
        raise NotFoundError(f"there is nothing {id} in quarantine")

    def settle(writer: Writer, answer: IngestAnswer) -> None:
        if answer.quarantined:
            told = answer.quarantined[0]
            raise QuarantineError(told["code"], told["detail"])
        if answer.conflicts:
            known = answer.conflicts[0]
            raise ConflictError(
                f"another event of {known['source']} was accepted as {known['message_id']} already;"
                " give it an id of its own"
            )
        outcome, at = "accepted" if answer.accepted else "duplicate", shell.instants.reached
        if not writer.settle_quarantined(id, at, by, outcome):
            raise ConflictError(f"the event {id} was replayed already, and there is nothing left to do")
        ref, other = f"quarantine:{id}", corrected is not None
        writer.record(ReplayLeaf(ref=ref, at=at, who=by, outcome=outcome, corrected=other))
        settled = writer.quarantined(id)
        if settled is not None:
            shell.answer(writer, settled)

    raw = _as_sent(entry) if corrected is None else corrected
    posted = Posted(raws=[raw], source=entry.source, may_grant=True, arrived=entry.received_at, note=settle)
    take_in(shell, [posted])
    with shell.store.reader() as reader:
        return reader.quarantined(id) or entry


def _as_sent(entry: QuarantinedEvent) -> dict[str, Any]:
    if entry.replayed_at is not None:
        raise ConflictError(f"the event {entry.id} was replayed already, and there is nothing left to do")
    if entry.code not in AS_IT_WAS:
        raise RequestError(
            f"the event {entry.id} was refused for what it says ({entry.code}); send it corrected",
            code="correction_needed",
        )
    try:
        return _decode(entry.body)
    except msgspec.MsgspecError:
        raise RequestError(
            f"of the event {entry.id} not all was kept; send it corrected", code="correction_needed"
        ) from None
