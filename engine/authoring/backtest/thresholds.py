"""Thresholds: the values that a rule's lines saw, beside the number that each compares them with."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
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
    values: dict[Decimal, int]


class Bin(msgspec.Struct, frozen=True):
    """How many values lie from `low` to under `high`; None where the outermost has no end."""

    low: Decimal | None
    high: Decimal | None
    count: int


class Sampler:
    """A witness that keeps the values which the lines of some rules see."""

    def __init__(self, rules: Iterable[str]) -> None:
        self._seen: dict[tuple[str, str], Counter[Decimal]] = {}
        self._rules = frozenset(rules)

    def __call__(self, rule: str, customer: str, look: Callable[[], Decision]) -> None:
        if rule not in self._rules:
            return
        for line in look().lines:
            written = _LINE.fullmatch(line.text.strip())
            if written is None:
                continue
            counter = self._seen.setdefault((rule, line.text), Counter())
            value = _number(line.values.get(written["name"]))
            if value is not None:
                counter[value] += 1

    def forget(self) -> None:
        """Drop what was seen before the counting begins."""
        self._seen.clear()

    def found(self) -> list[Threshold]:
        """Give each line with the values that it saw, in the order in which they were first met."""
        return [_threshold(rule, text, counter) for (rule, text), counter in self._seen.items() if counter]


def _threshold(rule: str, text: str, counter: Counter[Decimal]) -> Threshold:
    written = _LINE.fullmatch(text.strip())
    assert written is not None, text
    limit = written["limit"]
    if limit[-1].isalpha():
        length = Decimal(Duration.parse(limit).micros) / 1_000_000 / _DAY
        return Threshold(rule, text, written["name"], written["sign"], length, True, dict(counter))
    return Threshold(rule, text, written["name"], written["sign"], Decimal(limit), False, dict(counter))


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


def bins(values: dict[Decimal, int], limits: Sequence[Decimal]) -> list[Bin]:
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
        counts[sum(edge <= value for edge in edges)] += number
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
