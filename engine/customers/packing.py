"""Buckets and values as compact, exact data for msgpack, and back."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import msgspec

from engine.customers.buckets import ENDS, KEYS, LATEST, NUMBERS, SHARE, Bucket, Entries, Entry

_DECIMAL = 1


def pack(value: Any) -> Any:
    """Replace every Decimal by an extension value, which text cannot be taken for."""
    if type(value) is Decimal:
        return msgspec.msgpack.Ext(_DECIMAL, str(value).encode())
    if type(value) is list or type(value) is tuple:
        return [pack(item) for item in value]
    if type(value) is dict:
        return {key: pack(item) for key, item in value.items()}
    return value


def unpack(code: int, data: memoryview) -> Decimal:
    """Give the Decimal of an extension value; raises ValueError for any other extension."""
    if code != _DECIMAL:
        raise ValueError(f"stored state holds an extension {code} that this program does not know")
    return Decimal(bytes(data).decode())


encode = msgspec.msgpack.Encoder().encode
decode = msgspec.msgpack.Decoder(ext_hook=unpack).decode


def pack_bucket(bucket: Bucket, needs: int) -> list[Any]:
    """Give what a bucket holds of what its series needs."""
    packed: list[Any] = [bucket.count]
    if needs & LATEST:
        packed.append(bucket.latest)
    if needs & NUMBERS:
        packed += (bucket.numbers, pack(bucket.sum), pack(bucket.low), pack(bucket.high))
    if needs & ENDS:
        packed += (pack(bucket.first), pack(bucket.last))
    if needs & KEYS:
        packed.append(None if bucket.keys is None else sorted(bucket.keys))
    if needs & SHARE:
        packed += (bucket.judged, bucket.met)
    return packed


def filled(bucket: Bucket) -> int:
    """Give as bits of `needs` what a bucket holds, which is to be packed where its series is not at hand."""
    return (
        (bucket.latest is not None) * LATEST
        | (bucket.numbers > 0) * NUMBERS
        | (bucket.first is not None) * ENDS
        | (bucket.keys is None or len(bucket.keys) > 0) * KEYS
        | (bucket.judged > 0) * SHARE
    )


def unpack_bucket(packed: Sequence[Any], needs: int) -> Bucket:
    """Give the bucket that `pack_bucket` packed."""
    bucket = Bucket()
    items = iter(packed)
    bucket.count = next(items)
    if needs & LATEST:
        bucket.latest = next(items)
    if needs & NUMBERS:
        bucket.numbers, bucket.sum, bucket.low, bucket.high = (next(items) for _ in range(4))
    if needs & ENDS:
        first, last = next(items), next(items)
        bucket.first = None if first is None else tuple(first)
        bucket.last = None if last is None else tuple(last)
    if needs & KEYS:
        keys = next(items)
        bucket.keys = None if keys is None else set(keys)
    if needs & SHARE:
        bucket.judged, bucket.met = next(items), next(items)
    return bucket


def pack_entry(entry: Entry) -> list[Any]:
    """Give an entry as a list, without the defaults at its end."""
    value = entry.value
    if value is not None:
        value = pack(value)
    if entry.revises is None and entry.per is None and entry.passes is True and entry.met is None:
        # As nearly all are.
        return [entry.at, entry.seq] if value is None else [entry.at, entry.seq, value]
    packed = [entry.at, entry.seq, value, entry.met, entry.passes, entry.per, entry.revises]
    for default in (None, None, True, None, None):
        if packed[-1] is not default:
            break
        packed.pop()
    return packed


def pack_entries(entries: Entries) -> list[Any]:
    """Give the entries of a bucket by key."""
    return [[key, *pack_entry(entries[key])] for key in sorted(entries)]


def unpack_entries(packed: Sequence[Any]) -> Entries:
    """Give the entries that `pack_entries` packed."""
    return {item[0]: Entry(*item[1:]) for item in packed}
