"""A customer's fact state as bytes: a small hot part, and one chunk a month."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from engine.customers.buckets import ENDS, LATEST, NUMBERS, SHARE, Bucket, Entry
from engine.customers.chunks import Chunks
from engine.customers.contracts import Contract
from engine.customers.packing import encode, filled, pack, pack_bucket, pack_entry, unpack, unpack_bucket
from engine.customers.series import Last
from engine.customers.state import FactState, Sent
from engine.model.facts import Subject

FORM = 2
"""The form of these bytes; told apart when it changes."""

_READ = (1, 2)
"""Forms that are read. The first had no sums of the day: all its entries were kept singly."""

HASH_DIGITS = 64
"""Hexadecimal digits of the hash of all facts, which says how a state was built."""

_PLAIN = frozenset((str, int, bool, float, type(None)))
"""Types of values that are the same packed."""

_TOTALS = NUMBERS | ENDS | LATEST | SHARE
"""Sums of all time keep everything but keys, which are kept by month."""


class _Hot(msgspec.Struct, array_like=True):
    """What the bytes hold, in their order; so the traits, which are most of it, are read all at once."""

    form: int
    id: str
    kind: Subject
    built: Any
    known: bool
    account: list[Any] | None
    first_seen: int | None
    clock: int
    settled: int
    newest: tuple[int, int] | None
    traits: list[Sent]
    totals: list[Any]
    firsts: list[Any]
    lasts: list[Any]
    today: list[Any]
    contracts: list[Any]
    running: list[Any] = []


_decode = msgspec.msgpack.Decoder(_Hot, ext_hook=unpack).decode


def encode_hot(state: FactState) -> bytes:
    """Give everything but the monthly chunks; the bytes that are stored, where they still hold."""
    if state.stored is None:
        state.stored = _encoded(state)
    return state.stored


def _encoded(state: FactState) -> bytes:
    return encode(
        [
            FORM,
            state.id,
            state.kind,
            _digits(state.built),
            state.known,
            None if state.account is None else _sent(state.account)[1:],
            state.first_seen,
            state.clock,
            state.settled,
            state.newest,
            [sent if type(sent.value) in _PLAIN else _sent(sent) for _, sent in sorted(state.traits.items())],
            [
                [index, _sum(state.packed_totals, index, _TOTALS, one)]
                for index, one in sorted(state.totals.items())
            ],
            sorted(state.firsts.items()),
            [[index, last.at, last.seq, last.source] for index, last in sorted(state.lasts.items())],
            [[index, *_entries(state, index, entries)] for index, entries in sorted(state.today.items())],
            [[name, *_contract(one)] for name, one in sorted(state.contracts.items())],
            [
                [index, needs := filled(one), _sum(state.packed_running, index, needs, one)]
                for index, one in sorted(state.running.items())
            ],
        ]
    )


def _sum(packed: dict[int, msgspec.Raw], index: int, needs: int, bucket: Bucket) -> msgspec.Raw:
    """Give a sum as it was encoded last, unless something has been added since."""
    known = packed.get(index)
    if known is None:
        known = packed[index] = msgspec.Raw(encode(pack_bucket(bucket, needs)))
    return known


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
    read = _decode(hot)
    if read.form not in _READ:
        known = " and ".join(map(str, _READ))
        raise ValueError(f"a customer's state has the form {read.form}, this program reads {known}")
    built = read.built
    state = FactState(read.id, read.kind, built.hex() if type(built) is bytes else built)
    state.stored = hot
    state.known = read.known
    state.account = None if read.account is None else Sent("account", *read.account)
    state.first_seen, state.clock, state.settled = read.first_seen, read.clock, read.settled
    state.newest = read.newest
    state.traits = {sent.name: sent for sent in read.traits}
    state.totals = {index: unpack_bucket(packed, _TOTALS) for index, packed in read.totals}
    state.firsts = dict(read.firsts)
    state.lasts = {index: Last(*last) for index, *last in read.lasts}
    state.today = {index: [Entry(*entry) for entry in entries] for index, *entries in read.today}
    state.running = {index: unpack_bucket(packed, needs) for index, needs, packed in read.running}
    state.contracts = {name: Contract(*contract) for name, *contract in read.contracts}
    state.chunks = Chunks(chunks)
    return state


def _digits(built: str) -> str | bytes:
    """Give the bytes of a hash, which take half the room; other words stay what they are."""
    return bytes.fromhex(built) if len(built) == HASH_DIGITS else built


def _sent(sent: Sent) -> list[Any]:
    return [sent.name, pack(sent.value), sent.at, sent.seq, sent.source]


def _contract(one: Contract) -> list[Any]:
    return [
        one.at, one.seq, one.source, pack(one.mrr), one.ends, one.reason, pack(one.paid), one.paid_at,
        one.paid_seq,
    ]  # fmt: skip
