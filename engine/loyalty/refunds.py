"""Refunds: points that go back because what earned them went back."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Literal, TypeAlias

import msgspec

from engine.loyalty.ledger import Entry, Ledger, Lot, Posting, move, netted, spent_first
from engine.model.values import Micros

Policy: TypeAlias = Literal["only_pending", "within_balance", "unlimited"]


def reverse(
    ledger: Ledger,
    program: str,
    customer: str,
    lot: Lot,
    claim: int,
    ref: str,
    policy: Policy,
    now: Micros,
) -> tuple[int, Posting] | None:
    """Take back points of a lot, so that refunds have claimed `claim` of it in all.

    `claim` is what the original earned less what the rest would have earned: so the floors of single
    refunds never add up to more or less than the lot. Gives how many points were claimed now, and the
    posting. Its pending points go first, then its available ones, then those of other lots; beyond that
    `unlimited` leaves a debt, and the others record a shortfall. `only_pending` takes nothing but
    pending points. None where the refund `ref` was taken before, or claims nothing more.
    """
    if ref in lot.returns:
        return None
    lot.returns = [*lot.returns, ref]
    left = claimed = min(max(claim, lot.claimed), lot.points) - lot.claimed
    if not claimed:
        return None
    lot.claimed += claimed
    entries: list[Entry] = []
    taken = min(left, lot.pending)
    entries += move(lot, "pending", "reversed", taken)
    left -= taken
    if policy != "only_pending":
        others = sorted((each for each in ledger.book(program).lots if each is not lot), key=spent_first)
        for each in (lot, *others):
            taken = min(left, each.available)
            entries += move(each, "available", "reversed", taken)
            left -= taken
    if policy == "unlimited":
        entries += move(lot, "debt", "reversed", left)
        left = 0
    posting = Posting(
        key=f"{lot.key}:reversed:{ref}", program=program, customer=customer, kind="reversed", at=now,
        entries=netted(entries), shortfall=left,
    )  # fmt: skip
    return claimed, posting


class Origin(msgspec.Struct, omit_defaults=True):
    """What the points of a lot rest on: enough to say what the rest of it would have earned.

    Earned ones: the event's name and index of the program's `earn`, the hashes of the expressions, and
    the values of the event and the customer that these read. Granted ones: `whole` is the amount that
    refunds have to reach, None where any does. `event` takes it back when its properties are `match`;
    `less` is what refunds have taken off each property so far.
    """

    event: str
    match: dict[str, Any]
    when: str | None = None
    index: int = 0
    points: str = ""
    where: str | None = None
    properties: dict[str, Any] = {}
    customer: dict[str, Any] = {}
    amount: str | None = None
    whole: Decimal | None = None
    less: dict[str, Decimal] = {}

    def fits(self, event: str, properties: Mapping[str, Any]) -> bool:
        """Tell whether an event takes these points back."""
        return event == self.event and all(
            properties.get(name) == value for name, value in self.match.items()
        )


_NUMBER, _SPAN = 1, 2


def pack(origin: Origin) -> bytes:
    """Give the bytes of an origin; numbers, times and lengths of time come back as what they were."""
    held = {name: _tagged(value) for name, value in msgspec.structs.asdict(origin).items() if value}
    return _encoder.encode({"event": origin.event, "match": {}, **held})


def unpack(data: bytes) -> Origin:
    """Read what `pack` wrote."""
    return msgspec.convert(_decoder.decode(data), Origin)


def pack_values(values: Mapping[str, Any]) -> bytes:
    """Give the bytes of an event's properties."""
    return _encoder.encode(_tagged(dict(values)))


def unpack_values(data: bytes) -> dict[str, Any]:
    """Read what `pack_values` wrote."""
    found: dict[str, Any] = _decoder.decode(data)
    return found


def _tagged(value: Any) -> Any:
    if isinstance(value, Decimal):
        return msgspec.msgpack.Ext(_NUMBER, str(value).encode())
    if isinstance(value, dt.timedelta):
        return msgspec.msgpack.Ext(_SPAN, f"{value.days},{value.seconds},{value.microseconds}".encode())
    if isinstance(value, dict):
        return {key: _tagged(each) for key, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [_tagged(each) for each in value]
    return value


def _extension(code: int, data: memoryview) -> Any:
    text = str(data, "ascii")
    return Decimal(text) if code == _NUMBER else dt.timedelta(*map(int, text.split(",")))


_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(ext_hook=_extension)
