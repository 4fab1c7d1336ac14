"""The past of one customer in monthly chunks, each decoded when it is first looked at."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from engine.customers.buckets import MOST_KEYS, Bucket, Entries, Entry
from engine.customers.packing import (
    decode,
    encode,
    pack_bucket,
    pack_entries,
    unpack_bucket,
    unpack_entries,
)
from engine.customers.series import Series
from engine.customers.windows import month_of

OVERFLOW = "\x00overflow"
"""The key that stands for a bucket with more keys than are told apart."""


class Part:
    """What one series has in one month: its buckets by number."""

    __slots__ = ("buckets", "keyed", "needs")

    def __init__(self, needs: int, keyed: bool) -> None:
        self.needs = needs
        self.keyed = keyed
        self.buckets: dict[int, Any] = {}


class Chunks:
    """The months of one customer. `touched` are those that differ from what was stored."""

    __slots__ = ("_months", "_raw", "touched")

    def __init__(self, raw: Mapping[int, bytes] | None = None) -> None:
        self._raw: dict[int, bytes] = dict(raw or {})
        self._months: dict[int, dict[int, Part]] = {}
        self.touched: set[int] = set()

    def months(self) -> list[int]:
        """Give the months that hold anything, in order."""
        return sorted(self._months.keys() | self._raw.keys())

    def parts(
        self, series: int, low: int | None = None, high: int | None = None
    ) -> Iterator[tuple[int, Part]]:
        """Give a series' parts from a month to another, both included."""
        for month in self.months():
            if (low is None or month >= low) and (high is None or month <= high):
                part = self._month(month).get(series)
                if part is not None:
                    yield month, part

    def add(self, series: Series, index: int, entry: Entry) -> None:
        """Add an entry to a bucket; a later entry takes the place of what it revises."""
        month = month_of(series.form.grain, index)
        if not series.keyed:
            part = self._part(month, series)
            bucket = part.buckets.get(index)
            if bucket is None:
                bucket = part.buckets[index] = Bucket()
            bucket.add(series.needs, entry)
            return
        key = _key(entry)
        if entry.revises is not None and not self._replace(series.index, key, entry):
            return
        _put(self._part(month, series).buckets.setdefault(index, {}), key, entry)

    def absorb(self, series: Series, part: Part, cut: int | None) -> None:
        """Add all of another customer's part, but buckets before `cut`."""
        for index, theirs in part.buckets.items():
            if cut is not None and index < cut:
                continue
            if isinstance(theirs, Bucket):
                ours = self._part(month_of(series.form.grain, index), series).buckets
                ours.setdefault(index, Bucket()).absorb(series.needs, theirs)
            elif OVERFLOW in theirs:
                ours = self._part(month_of(series.form.grain, index), series).buckets
                ours[index] = {OVERFLOW: theirs[OVERFLOW]}
            else:
                for entry in theirs.values():
                    self.add(series, index, entry)

    def drop(self, series: int, low: int, high: int, before: int | None = None) -> None:
        """Forget a series' parts of the months from `low` to `high`, or only buckets before a number."""
        for month, part in list(self.parts(series, low, high)):
            kept = {} if before is None else {i: b for i, b in part.buckets.items() if i >= before}
            if len(kept) == len(part.buckets):
                continue
            part.buckets = kept
            self._tidy(month, series)

    def encode(self, month: int) -> bytes | None:
        """Give a month's bytes, None where it holds nothing any more."""
        raw = self._raw.get(month)
        if raw is not None:
            return raw
        parts = self._months.get(month)
        if not parts:
            return None
        return encode(
            [
                [
                    series,
                    part.needs,
                    part.keyed,
                    [
                        [index, *(pack_entries(bucket) if part.keyed else pack_bucket(bucket, part.needs))]
                        for index, bucket in sorted(part.buckets.items())
                    ],
                ]
                for series, part in sorted(parts.items())
            ]
        )

    def _month(self, month: int) -> dict[int, Part]:
        raw = self._raw.pop(month, None)
        if raw is not None:
            self._months[month] = _decoded(raw)
        return self._months.get(month, {})

    def _part(self, month: int, series: Series) -> Part:
        self._month(month)
        self.touched.add(month)
        parts = self._months.setdefault(month, {})
        part = parts.get(series.index)
        if part is None:
            part = parts[series.index] = Part(series.needs, series.keyed)
        return part

    def _replace(self, series: int, key: str, entry: Entry) -> bool:
        """Take out the entry that this one revises; False where that one is the later."""
        for month, part in list(self.parts(series)):
            for index, entries in part.buckets.items():
                known = entries.get(key)
                if known is None:
                    continue
                if known.stamp > entry.stamp:
                    return False
                del entries[key]
                if not entries:
                    del part.buckets[index]
                self._tidy(month, series)
                return True
        return True

    def _tidy(self, month: int, series: int) -> None:
        """Note that a month changed, and leave nothing empty behind."""
        self.touched.add(month)
        parts = self._months[month]
        if not parts[series].buckets:
            del parts[series]
        if not parts:
            del self._months[month]


def _key(entry: Entry) -> str:
    if entry.revises is not None:
        return "r" + entry.revises
    return f"e{entry.at}:{entry.seq}" if entry.per is None else "p" + entry.per


def _put(entries: Entries, key: str, entry: Entry) -> None:
    if OVERFLOW in entries:
        return
    known = entries.get(key)
    if known is None or entry.stamp >= known.stamp:
        entries[key] = entry
    if len(entries) > MOST_KEYS:
        entries.clear()
        entries[OVERFLOW] = Entry(0, 0)


def _decoded(raw: bytes) -> dict[int, Part]:
    parts = {}
    for series, needs, keyed, buckets in decode(raw):
        part = parts[series] = Part(needs, keyed)
        for index, *packed in buckets:
            part.buckets[index] = unpack_entries(packed) if keyed else unpack_bucket(packed, needs)
    return parts
