"""Comparing: what differs between two texts, line by line, and read without colour."""

from __future__ import annotations

from difflib import SequenceMatcher
from typing import Literal

import msgspec

AROUND = 3
"""Lines that stay as they were, shown around each change."""

SHOWN = 600
"""So many lines a page shows of what differs."""


class Row(msgspec.Struct, frozen=True):
    """A line: what became of it, its number on either side, and its text; `between` stands for others."""

    kind: Literal["same", "added", "removed", "between"]
    old: int | None
    new: int | None
    text: str


def compared(old: str, new: str) -> list[Row]:
    """Give the lines that differ, with some around each."""
    before, after = old.splitlines(), new.splitlines()
    rows: list[Row] = []
    for group in SequenceMatcher(None, before, after, autojunk=False).get_grouped_opcodes(AROUND):
        first = group[0]
        if first[1] or first[3]:
            rows.append(Row("between", None, None, ""))
        for what, old_from, old_to, new_from, new_to in group:
            if what == "equal":
                rows.extend(
                    Row("same", place + 1, new_from + place - old_from + 1, before[place])
                    for place in range(old_from, old_to)
                )
                continue
            rows.extend(Row("removed", place + 1, None, before[place]) for place in range(old_from, old_to))
            rows.extend(Row("added", None, place + 1, after[place]) for place in range(new_from, new_to))
    return rows[:SHOWN]


def told(diff: str) -> list[Row]:
    """Read lines as `diff -u` writes them, without the numbers of those that it does not name."""
    rows = []
    for line in diff.splitlines():
        sign, text = line[:1], line[1:]
        if line.startswith("@@"):
            rows.append(Row("between", None, None, ""))
        elif sign == "+":
            rows.append(Row("added", None, None, text))
        elif sign == "-":
            rows.append(Row("removed", None, None, text))
        else:
            rows.append(Row("same", None, None, text))
    return rows[:SHOWN]
