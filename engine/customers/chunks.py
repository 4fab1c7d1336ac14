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

WORTH_ADDING_UP = 4
"""Under so many buckets a stored sum costs more than it saves."""

_NO_BUCKETS = encode([])


class Part:
    """What one series has in one month: its buckets by number, and their sum.

    Both are made when they are first asked for: a window over a whole month needs only the sum, and
    a chunk that is written again for another series takes over the bytes of this one.
    """

    __slots__ = ("_buckets", "_bytes", "_total", "keyed", "needs")

    def __init__(self, needs: int, keyed: bool, stored: tuple[Any, bytes] | None = None) -> None:
        self.needs = needs
        self.keyed = keyed
        self._buckets: dict[int, Any] | None = None if stored else {}
        self._bytes: bytes | None = stored[1] if stored else None
        self._total: Bucket | None = None
        if stored and stored[0] is not None:
            self._total = unpack_bucket(stored[0], needs)

    @property
    def buckets(self) -> Mapping[int, Any]:
        """The buckets by number: a `Bucket` each, or `Entries` where the series is keyed."""
        return self._decoded()

    def total(self) -> Bucket:
        """The sum of all buckets of a series that is not keyed; not to be changed."""
        if self._total is None:
            self._total = Bucket()
            for bucket in self._decoded().values():
                self._total.absorb(self.needs, bucket)
        return self._total

    def add(self, index: int, entry: Entry) -> None:
        """Add an entry to a bucket."""
        bucket = self._decoded().get(index)
        if bucket is None:
            bucket = self._decoded()[index] = Bucket()
        bucket.add(self.needs, entry)
        if self._total is not None:
            self._total.add(self.needs, entry)
        self._bytes = None

    def absorb(self, index: int, bucket: Bucket) -> None:
        """Add all of another bucket."""
        self._decoded().setdefault(index, Bucket()).absorb(self.needs, bucket)
        if self._total is not None:
            self._total.absorb(self.needs, bucket)
        self._bytes = None

    def entries(self, index: int) -> Entries:
        """The entries of a keyed bucket, to be changed."""
        found: Entries = self._decoded().setdefault(index, {})
        self._bytes = None
        return found

    def keep(self, buckets: dict[int, Any]) -> None:
        """Keep only these buckets."""
        self._buckets, self._total, self._bytes = buckets, None, None

    def packed(self) -> tuple[Any, bytes]:
        """The sum and the buckets, to be stored; no sum where adding up saves nothing."""
        if self._bytes is None:
            pack_one = pack_entries if self.keyed else self._pack_bucket
            self._bytes = encode([[i, *pack_one(bucket)] for i, bucket in sorted(self._decoded().items())])
        if self._buckets is None:
            worth = self._total is not None
        else:
            worth = not self.keyed and len(self._buckets) >= WORTH_ADDING_UP
        return pack_bucket(self.total(), self.needs) if worth else None, self._bytes

    def _pack_bucket(self, bucket: Bucket) -> list[Any]:
        return pack_bucket(bucket, self.needs)

    def _decoded(self) -> dict[int, Any]:
        # The bytes are given up only after the buckets have been made of them.
        if self._buckets is None:
            self._buckets = {
                index: unpack_entries(packed) if self.keyed else unpack_bucket(packed, self.needs)
                for index, *packed in decode(self._bytes or _NO_BUCKETS)
            }
        return self._buckets


class Chunks:
    """The months of one customer. `touched` are those that differ from what was stored."""

    __slots__ = ("_months", "_raw", "touched")

    def __init__(self, raw: Mapping[int, bytes] | None = None) -> None:
        self._raw: dict[int, bytes] = dict(raw or {})
        self._months: dict[int, dict[int, Part]] = {}
        self.touched: set[int] = set()

    def months(self) -> list[int]:
        """Give the months that hold anything, in order."""
        return sorted(self._months.keys() | self._raw.keys() if self._raw else self._months)

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
            self._part(month, series).add(index, entry)
            return
        key = _key(entry)
        if entry.revises is not None and not self._replace(series.index, key, entry):
            return
        _put(self._part(month, series).entries(index), key, entry)

    def add_sum(self, series: Series, index: int, bucket: Bucket) -> None:
        """Add what is summed already to a bucket of a series that is not keyed."""
        self._part(month_of(series.form.grain, index), series).absorb(index, bucket)

    def absorb(self, series: Series, part: Part, cut: int | None) -> None:
        """Add all of another customer's part, but buckets before `cut`."""
        for index, theirs in part.buckets.items():
            if cut is not None and index < cut:
                continue
            if isinstance(theirs, Bucket):
                self.add_sum(series, index, theirs)
            elif OVERFLOW in theirs:
                ours = self._part(month_of(series.form.grain, index), series).entries(index)
                ours.clear()
                ours[OVERFLOW] = theirs[OVERFLOW]
            else:
                for entry in theirs.values():
                    self.add(series, index, entry)

    def drop(self, series: int, low: int, high: int, before: int | None = None) -> None:
        """Forget a series' parts of the months from `low` to `high`, or only buckets before a number."""
        for month, part in list(self.parts(series, low, high)):
            kept = {} if before is None else {i: b for i, b in part.buckets.items() if i >= before}
            if len(kept) == len(part.buckets):
                continue
            part.keep(kept)
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
            [[series, part.needs, part.keyed, *part.packed()] for series, part in sorted(parts.items())]
        )

    def _month(self, month: int) -> dict[int, Part]:
        raw = self._raw.pop(month, None)
        if raw is not None:
            self._months[month] = _parts(raw)
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
                left = part.entries(index)
                del left[key]
                if not left:
                    part.keep({other: kept for other, kept in part.buckets.items() if other != index})
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


def _parts(raw: bytes) -> dict[int, Part]:
    return {
        series: Part(needs, keyed, (total, buckets)) for series, needs, keyed, total, buckets in decode(raw)
    }
