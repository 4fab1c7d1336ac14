"""What the columns of a file hold: kinds, how full, how different, and what does not fit the rest."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Literal, TypeAlias

import msgspec

from engine.authoring.importing.events import BadRow

Kind: TypeAlias = Literal["whole", "number", "truth", "time", "email", "text", "other"]

SAMPLE = 50_000
"""Rows of which it is kept how different the values of a column are."""
SHOWN = 5
"""Values, and rows that do not fit, that are kept of a column."""
RARE = 0.05
"""The share of a column's values up to which those of another kind are told as not fitting."""

_WHOLE = re.compile(r"-?(?:0|[1-9]\d{0,17})")
_NUMBER = re.compile(r"-?(?:0|[1-9]\d{0,17})\.\d{1,18}")
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
_TRUTHS = frozenset(("true", "false"))

ISO = re.compile(r"\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?: ?(?:Z|UTC|[+-]\d\d:?\d\d))?)?")
NAMED = re.compile(r"(\d{1,2})([/.])(\d{1,2})\2\d{4}(?:,? \d{1,2}:\d\d(?::\d\d)?(?: ?[AaPp][Mm])?)?")
"""A day and a month in an order that only many of them tell, the year last."""


class Column(msgspec.Struct, kw_only=True):
    """What is known of one column, over all rows; `values` are different ones, of the sample only."""

    name: str
    filled: int = 0
    empty: int = 0
    sampled: int = 0
    kinds: Counter[Kind] = msgspec.field(default_factory=Counter)
    values: set[Any] = msgspec.field(default_factory=set)
    examples: list[str] = msgspec.field(default_factory=list)
    least: float | None = None
    most: float | None = None
    negative: int = 0
    day_first: bool = False
    month_first: bool = False
    rows_of: dict[Kind, list[int]] = msgspec.field(default_factory=dict)

    @property
    def kind(self) -> Kind:
        """What nearly all of its values are; whole and other numbers are numbers."""
        if not self.filled:
            return "text"
        if self.kinds["number"] and self._share("whole", "number") > 1 - RARE:
            return "number"
        kind, count = self.kinds.most_common(1)[0]
        # Hardly a text looks like a time by accident.
        return kind if count > self.filled * (0.5 if kind == "time" else 1 - RARE) else "text"

    @property
    def odd(self) -> list[int]:
        """The first rows whose values are of another kind than nearly all."""
        like = {"whole", "number"} if self.kind in ("whole", "number") else {self.kind}
        if self.kind == "text":
            return []
        return sorted(row for kind, rows in self.rows_of.items() if kind not in like for row in rows)[:SHOWN]

    @property
    def mixed(self) -> int:
        """How many values are of another kind than nearly all."""
        if self.kind == "text":
            return 0
        like: tuple[Kind, ...] = ("whole", "number") if self.kind in ("whole", "number") else (self.kind,)
        return self.filled - sum(self.kinds[kind] for kind in like)

    @property
    def unique(self) -> bool:
        """Whether every row of the sample has a value of its own."""
        return self.sampled > 1 and self.sampled == len(self.values) and not self.empty

    @property
    def repeats(self) -> float:
        """How many rows of the sample share one value, on average."""
        return self.sampled / len(self.values) if self.values else 0.0

    def _share(self, *kinds: Kind) -> float:
        return sum(self.kinds[kind] for kind in kinds) / self.filled

    def add(self, value: Any, number: int) -> None:
        """Look at the value of one row."""
        text = value.strip() if isinstance(value, str) else value
        if text is None or text == "":
            self.empty += 1
            return
        kind = kind_of(text)
        self.filled += 1
        self.kinds[kind] += 1
        rows = self.rows_of.setdefault(kind, [])
        if len(rows) < SHOWN:
            rows.append(number)
        if self.filled + self.empty <= SAMPLE:
            self.sampled += 1
            self.values.add(text if isinstance(text, (str, int, float)) else str(text))
        if len(self.examples) < SHOWN and str(text) not in self.examples:
            self.examples.append(str(text))
        if kind in ("whole", "number"):
            size = float(text)
            self.negative += size < 0
            self.least = size if self.least is None else min(self.least, size)
            self.most = size if self.most is None else max(self.most, size)
        elif kind == "time" and isinstance(text, str) and (found := NAMED.fullmatch(text)):
            self.day_first |= int(found[1]) > 12
            self.month_first |= int(found[3]) > 12


def kind_of(value: Any) -> Kind:
    """Tell what one value is."""
    if isinstance(value, str):
        if _WHOLE.fullmatch(value):
            return "whole"
        if _NUMBER.fullmatch(value):
            return "number"
        if value.lower() in _TRUTHS:
            return "truth"
        if ISO.fullmatch(value) or NAMED.fullmatch(value):
            return "time"
        return "email" if _EMAIL.fullmatch(value) else "text"
    if isinstance(value, bool):
        return "truth"
    if isinstance(value, int):
        return "whole"
    if isinstance(value, (float, Decimal)):
        return "number"
    return "time" if isinstance(value, (datetime, date)) else "other"


class Profile(msgspec.Struct, frozen=True):
    """What is known of a file: its columns, its rows, and those of them that could not be taken apart."""

    columns: Sequence[Column]
    rows: int
    torn: int


def profile(names: Sequence[str], rows: Iterable[tuple[int, Sequence[Any] | BadRow]]) -> Profile:
    """Look at every row of a file."""
    columns = [Column(name=name) for name in names]
    count = torn = 0
    for number, cells in rows:
        count += 1
        if isinstance(cells, BadRow):
            torn += 1
            continue
        for column, value in zip(columns, cells, strict=True):
            column.add(value, number)
    return Profile(columns, count, torn)
