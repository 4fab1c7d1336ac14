"""Buckets: what the events of one stretch of time add up to, exactly and in any order."""

from __future__ import annotations

from decimal import Context, Decimal
from typing import Any, TypeAlias

import msgspec

from engine.customers.kinds import is_number
from engine.model.values import Micros

NUMBERS, ENDS, LATEST, KEYS, SHARE, BEGIN = 1, 2, 4, 8, 16, 32
"""What a series needs besides the count: numbers and their sum and extremes, the first and last
value, the latest instant, the set of distinct values, how many satisfied an expression, and when it
all began."""

MOST_KEYS = 10_000
"""`distinct` and `per` are exact up to so many keys."""

_encode = msgspec.json.Encoder(order="sorted", decimal_format="number").encode

EXACT = Context(prec=600)
"""Adds any two numbers that events may carry without rounding: below 2^63, 400 decimal places."""

Number: TypeAlias = int | Decimal
Stamp: TypeAlias = tuple[Micros, int]
"""When an event occurred, and its place in the order of acceptance, which breaks ties."""


class Entry(msgspec.Struct, frozen=True, array_like=True):
    """What one event says to one series. `passes` is `where`, `met` the share's expression."""

    at: Micros
    seq: int
    value: Any = None
    met: bool | None = None
    passes: bool = True
    per: str | None = None
    revises: str | None = None

    @property
    def stamp(self) -> Stamp:
        """The order in which a later one wins."""
        return self.at, self.seq


def add_exactly(left: Number, right: Number) -> Number:
    """Add two numbers without rounding."""
    if type(left) is int and type(right) is int:
        return left + right
    return EXACT.add(Decimal(left), Decimal(right))


def key_of(value: Any) -> str:
    """Give the text that tells distinct values apart: 7, "7" and true are three, 7 and 7.0 one."""
    if type(value) is str:
        return value
    if is_number(value):
        return f"\x00{Decimal(value).normalize(EXACT):f}"
    # Sent text holds no NUL, so that no text can be taken for another kind of value.
    return "\x00" + _encode(value).decode()


class Bucket:
    """The sum of entries. Adding is commutative, so that no order of arrival can be seen."""

    __slots__ = ("count", "first", "high", "judged", "keys", "last", "latest", "low", "met", "numbers", "sum")

    def __init__(self) -> None:
        self.count = 0
        self.numbers = 0
        self.sum: Number = 0
        self.low: Number | None = None
        self.high: Number | None = None
        self.first: tuple[Micros, int, Any] | None = None
        self.last: tuple[Micros, int, Any] | None = None
        self.latest: Micros | None = None
        self.keys: set[str] | None = set()
        self.judged = 0
        self.met = 0

    @property
    def too_many(self) -> bool:
        """Whether there were more keys than are told apart."""
        return self.keys is None

    def add(self, needs: int, entry: Entry) -> None:
        """Count one event in."""
        self.count += 1
        value = entry.value
        if needs & LATEST and (self.latest is None or entry.at > self.latest):
            self.latest = entry.at
        if needs & SHARE and entry.met is not None:
            self.judged += 1
            self.met += entry.met
        if value is None:
            return
        if needs & NUMBERS and is_number(value):
            self._number(1, value, value, value)
        if needs & ENDS:
            self._ends((entry.at, entry.seq, value), (entry.at, entry.seq, value))
        if needs & KEYS:
            self._keys((key_of(value),))

    def absorb(self, needs: int, other: Bucket) -> None:
        """Count all of another bucket in."""
        self.count += other.count
        if (
            needs & LATEST
            and other.latest is not None
            and (self.latest is None or other.latest > self.latest)
        ):
            self.latest = other.latest
        if needs & SHARE:
            self.judged += other.judged
            self.met += other.met
        if needs & NUMBERS and other.low is not None and other.high is not None:
            self._number(other.numbers, other.sum, other.low, other.high)
        if needs & ENDS and other.first is not None and other.last is not None:
            self._ends(other.first, other.last)
        if needs & KEYS:
            self._keys(other.keys)

    def copy(self) -> Bucket:
        """Give a bucket that may be added to without touching this one."""
        twin = Bucket.__new__(Bucket)
        for name in Bucket.__slots__:
            setattr(twin, name, getattr(self, name))
        twin.keys = None if self.keys is None else set(self.keys)
        return twin

    def _number(self, numbers: int, total: Number, low: Number, high: Number) -> None:
        self.numbers += numbers
        self.sum = add_exactly(self.sum, total)
        self.low = low if self.low is None or low < self.low else self.low
        self.high = high if self.high is None or high > self.high else self.high

    def _ends(self, first: tuple[Micros, int, Any], last: tuple[Micros, int, Any]) -> None:
        if self.first is None or first[:2] < self.first[:2]:
            self.first = first
        if self.last is None or last[:2] >= self.last[:2]:
            self.last = last

    def _keys(self, keys: set[str] | tuple[str, ...] | None) -> None:
        if self.keys is None or keys is None:
            self.keys = None
            return
        self.keys.update(keys)
        if len(self.keys) > MOST_KEYS:
            self.keys = None


Entries: TypeAlias = dict[str, Entry]
"""The entries of one stretch of time by key, for `per` and for events that revise one another."""


def latest_of_each(entries: list[Entry], needs: int) -> Bucket | None:
    """Give the sum over the latest entry of each key that passes; None where keys are too many.

    An entry that says which earlier one it revises has replaced it before this is called.
    """
    winners: dict[str, Entry] = {}
    singles: list[Entry] = []
    for entry in entries:
        if entry.per is None:
            singles.append(entry)
            continue
        known = winners.get(entry.per)
        if known is None or entry.stamp >= known.stamp:
            winners[entry.per] = entry
    if len(winners) > MOST_KEYS:
        return None
    bucket = Bucket()
    for entry in (*singles, *winners.values()):
        if entry.passes:
            bucket.add(needs, entry)
    return bucket
