"""A customer's fact state as bytes: a small hot part, and one chunk a month."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from engine.customers.buckets import ENDS, LATEST, NUMBERS, SHARE, Bucket, Entry
from engine.customers.chunks import Chunks
from engine.customers.contracts import Contract
from engine.customers.packing import (
    decode as unpacked,
)
from engine.customers.packing import (
    encode,
    pack,
    pack_bucket,
    pack_entry,
    unpack_bucket,
)
from engine.customers.series import Last
from engine.customers.state import FactState, Sent

FORM = 1
"""The form of these bytes; told apart when it changes."""

HASH_DIGITS = 64
"""Hexadecimal digits of the hash of all facts, which says how a state was built."""

_TOTALS = NUMBERS | ENDS | LATEST | SHARE
"""Sums of all time keep everything but keys, which are kept by month."""


def encode_hot(state: FactState) -> bytes:
    """Give everything but the monthly chunks."""
    return encode(
        [
            FORM,
            state.id,
            state.kind,
            _digits(state.built),
            state.known,
            None if state.account is None else _sent(state.account),
            state.first_seen,
            state.clock,
            state.settled,
            state.newest,
            [[name, *_sent(sent)] for name, sent in sorted(state.traits.items())],
            [[index, _total(state, index, one)] for index, one in sorted(state.totals.items())],
            sorted(state.firsts.items()),
            [[index, last.at, last.seq, last.source] for index, last in sorted(state.lasts.items())],
            [[index, *_entries(state, index, entries)] for index, entries in sorted(state.today.items())],
            [[name, *_contract(one)] for name, one in sorted(state.contracts.items())],
        ]
    )


def _total(state: FactState, index: int, bucket: Bucket) -> msgspec.Raw:
    """Give a sum of all time as it was encoded last, unless something has been added since."""
    packed = state.packed_totals.get(index)
    if packed is None:
        packed = state.packed_totals[index] = msgspec.Raw(encode(pack_bucket(bucket, _TOTALS)))
    return packed


def _entries(state: FactState, index: int, entries: list[Entry]) -> list[msgspec.Raw]:
    """Give a day's entries, of which only the new ones have to be encoded."""
    before, packed = state.packed_today.get(index, (None, []))
    if before is not entries:
        packed = []
        state.packed_today[index] = entries, packed
    packed += [msgspec.Raw(encode(pack_entry(entry))) for entry in entries[len(packed) :]]
    return packed


def encode_chunks(state: FactState) -> dict[int, bytes | None]:
    """Give the touched months; None for one that holds nothing any more and is to be deleted."""
    return {month: state.chunks.encode(month) for month in sorted(state.touched)}


def decode(hot: bytes, chunks: Mapping[int, bytes]) -> FactState:
    """Give the state that was encoded; chunks are decoded when they are first needed."""
    (form, id, kind, built, known, account, first_seen, clock, settled, newest, traits, totals, firsts,
     lasts, today, contracts) = unpacked(hot)  # fmt: skip
    if form != FORM:
        raise ValueError(f"a customer's state has the form {form}, this program reads {FORM}")
    state = FactState(id, kind, built.hex() if type(built) is bytes else built)
    state.known = known
    state.account = None if account is None else Sent(*account)
    state.first_seen, state.clock, state.settled = first_seen, clock, settled
    state.newest = None if newest is None else (newest[0], newest[1])
    state.traits = {name: Sent(*sent) for name, *sent in traits}
    state.totals = {index: unpack_bucket(packed, _TOTALS) for index, packed in totals}
    state.firsts = dict(firsts)
    state.lasts = {index: Last(*last) for index, *last in lasts}
    state.today = {index: [Entry(*entry) for entry in entries] for index, *entries in today}
    state.contracts = {name: Contract(*contract) for name, *contract in contracts}
    state.chunks = Chunks(chunks)
    return state


def _digits(built: str) -> str | bytes:
    """Give the bytes of a hash, which take half the room; other words stay what they are."""
    return bytes.fromhex(built) if len(built) == HASH_DIGITS else built


def _sent(sent: Sent) -> list[Any]:
    return [pack(sent.value), sent.at, sent.seq, sent.source]


def _contract(one: Contract) -> list[Any]:
    return [
        one.at, one.seq, one.source, pack(one.mrr), one.ends, one.reason, pack(one.paid), one.paid_at,
        one.paid_seq,
    ]  # fmt: skip
