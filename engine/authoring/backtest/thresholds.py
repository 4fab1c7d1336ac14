"""Thresholds: the values that a rule's lines saw, beside the number that each compares them with."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import timedelta
from decimal import Decimal
from itertools import pairwise
from typing import Any

import msgspec

from engine.decisions.decision import Decision
from engine.model.values import Duration

_LINE = re.compile(
    r"(?P<name>(?:customer|event)\.\w+) *(?P<sign>>=|<=|>|<) *(?P<limit>-?[0-9.]+|[0-9]+[smhdw])"
)
_DAY = Decimal(86_400)
_STEPS = tuple(map(Decimal, ("1", "2", "5", "10")))
MOST_BINS = 16


class Threshold(msgspec.Struct, frozen=True):
    """A line that compares one value with a number, and the values that it saw; lengths of time in days."""

    rule: str
    line: str
    name: str
    sign: str
    limit: Decimal
    days: bool
    values: Counter[Decimal]


class Bin(msgspec.Struct, frozen=True):
    """How many values lie from `low` to under `high`; None where the outermost has no end."""

    low: Decimal | None
    high: Decimal | None
    count: int


class Sampler:
    """A witness that keeps the values which the lines of some rules see."""

    def __init__(self, rules: Iterable[str]) -> None:
        self._lines: dict[tuple[str, str], Threshold | None] = {}
        self._rules = frozenset(rules)

    def __call__(self, rule: str, customer: str, look: Callable[[], Decision]) -> None:
        if rule not in self._rules:
            return
        for line in look().lines:
            key = rule, line.text
            if key not in self._lines:
                self._lines[key] = _threshold(rule, line.text)
            threshold = self._lines[key]
            value = None if threshold is None else _number(line.values.get(threshold.name))
            if threshold is not None and value is not None:
                threshold.values[value] += 1

    def forget(self) -> None:
        """Drop what was seen before the counting begins."""
        self._lines.clear()

    def found(self) -> list[Threshold]:
        """Give each line with the values that it saw, in the order in which they were first met."""
        return [threshold for threshold in self._lines.values() if threshold is not None and threshold.values]


def _threshold(rule: str, text: str) -> Threshold | None:
    """Read a line that compares one value with a number, None for any other."""
    written = _LINE.fullmatch(text.strip())
    if written is None:
        return None
    days = written["limit"][-1].isalpha()
    length = Duration.parse(written["limit"]).micros if days else 0
    limit = Decimal(length) / 1_000_000 / _DAY if days else Decimal(written["limit"])
    return Threshold(rule, text, written["name"], written["sign"], limit, days, Counter())


def _number(value: Any) -> Decimal | None:
    """Give a value as a trace holds it as a number: a length of time in days, None where it is none."""
    if isinstance(value, str) and value[:1] in ("P", "-"):
        try:
            value = msgspec.convert(value, timedelta)
        except msgspec.ValidationError:
            return None
    if isinstance(value, timedelta):
        return Decimal(str(value.total_seconds())) / _DAY
    if isinstance(value, (int, float, Decimal)) and not isinstance(value, bool):
        return Decimal(str(value))
    return None


def bins(values: Mapping[Decimal, int], limits: Sequence[Decimal]) -> list[Bin]:
    """Sort values into at most sixteen bins of one round width around the limits.

    A limit is always the edge of a bin, so that what lies on either side of it can be counted; the
    outermost bins take what lies further out.
    """
    if not values:
        return []
    low, high = min(min(values), *limits), max(max(values), *limits)
    edges = _edges(low, high, limits)
    counts = [0] * (len(edges) + 1)
    for value, number in values.items():
        counts[bisect_right(edges, value)] += number
    ends: list[Decimal | None] = [None, *edges, None]
    found = [Bin(one, other, count) for (one, other), count in zip(pairwise(ends), counts, strict=True)]
    while found and not found[0].count and len(found) > 1 and found[0].high not in limits:
        found.pop(0)
    while found and not found[-1].count and len(found) > 1 and found[-1].low not in limits:
        found.pop()
    return found


def _edges(low: Decimal, high: Decimal, limits: Sequence[Decimal]) -> list[Decimal]:
    if low == high:
        return sorted(set(limits))
    rough = (high - low) / (MOST_BINS - len(limits))
    power = Decimal(10) ** rough.adjusted()
    width = next(power * step for step in _STEPS if power * step >= rough)
    first = (low / width).to_integral_value() * width
    edges = {first + width * number for number in range(MOST_BINS + 2)}
    return sorted({edge for edge in edges if low < edge <= high} | set(limits))


def label(found: Bin) -> str:
    """Give a bin in words: "0.2 to 0.4", "under 0.2", "1 and more"."""
    if found.low is None:
        return "all" if found.high is None else f"under {_shown(found.high)}"
    if found.high is None:
        return f"{_shown(found.low)} and more"
    return f"{_shown(found.low)} to {_shown(found.high)}"


def _shown(number: Decimal) -> str:
    return f"{number.normalize():f}"
