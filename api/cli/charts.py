"""Charts in a terminal: plain characters, eighty columns, the numbers always beside them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from decimal import Decimal

from engine.authoring.backtest import Bin
from engine.authoring.backtest.thresholds import label

WIDTH = 40
MOST_ROWS = 40
"""More days than this are told in weeks, more weeks in months."""

Row = tuple[str, int, int]


def pairs(old: Mapping[str, int], new: Mapping[str, int]) -> list[Row]:
    """Put the counts of two sides beside each other, by name."""
    return [(name, old.get(name, 0), new.get(name, 0)) for name in sorted(old.keys() | new.keys())]


def by_time(old: Mapping[str, int], new: Mapping[str, int]) -> list[Row]:
    """Add up days (ISO dates) of two sides, in weeks or months where there are many."""
    days = pairs(old, new)
    if not days:
        return []
    first, last = date.fromisoformat(days[0][0]), date.fromisoformat(days[-1][0])
    if (last - first).days < MOST_ROWS:
        name = _day
    elif (last - first).days < 7 * MOST_ROWS:
        name = _week
    else:
        name = _month
    sums: dict[str, tuple[int, int]] = {}
    at = first
    while at <= last:
        sums.setdefault(name(at), (0, 0))
        at += timedelta(days=1)
    for day, then, now in days:
        row = name(date.fromisoformat(day))
        before, after = sums[row]
        sums[row] = before + then, after + now
    return [(row, before, after) for row, (before, after) in sums.items()]


def _day(at: date) -> str:
    return at.isoformat()


def _week(at: date) -> str:
    return f"week of {at - timedelta(days=at.weekday())}"


def _month(at: date) -> str:
    return f"{at:%Y-%m}"


def pair_bars(rows: Sequence[Row]) -> list[str]:
    """Draw two sides a row: # on both, + on the new one alone, - on the old one alone."""
    most = max([max(old, new) for _, old, new in rows], default=0)
    wide = max([len(name) for name, _, _ in rows], default=0)
    digits = len(f"{most:,}")
    found = []
    for name, old, new in rows:
        both, one = _length(min(old, new), most), _length(max(old, new), most)
        bar = "#" * both + ("+" if new > old else "-") * (one - both)
        found.append(f"{name:<{wide}}  {old:>{digits},}  {new:>{digits},}  {bar}".rstrip())
    return found


def bars(rows: Sequence[tuple[str, int]]) -> list[str]:
    """Draw one side a row."""
    most = max([count for _, count in rows], default=0)
    wide = max([len(name) for name, _ in rows], default=0)
    digits = len(f"{most:,}")
    return [
        f"{name:<{wide}}  {count:>{digits},}  {'#' * _length(count, most)}".rstrip() for name, count in rows
    ]


def histogram(found: Sequence[Bin], marks: Mapping[Decimal, str]) -> list[str]:
    """Draw bins, and say at its edge where a threshold lies."""
    drawn = bars([(label(each), each.count) for each in found])
    lines: list[str] = []
    for each, line in zip(found, drawn, strict=True):
        if each.low in marks and each.low is not None:
            lines.append(f"-- {marks[each.low]} " + "-" * max(2, 60 - len(marks[each.low])))
        lines.append(line)
    return lines


def _length(count: int, most: int) -> int:
    """Give the length of a bar: one at least, where there is anything."""
    return max(1, round(count * WIDTH / most)) if count else 0
