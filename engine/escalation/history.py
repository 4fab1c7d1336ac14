"""What happened to a case, in the order in which it was written down: all that its clocks are read from."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Literal, TypeAlias

import msgspec

from engine.escalation.calendar import Span
from engine.model.values import Micros

What: TypeAlias = Literal[
    "opened",  # value: the priority
    "told",  # value: whom, at which level and in which loop
    "passed_over",  # there was nobody to tell at that level
    "exhausted",  # the ladder has ended, and nobody took the case
    "acknowledged",  # by whom
    "assigned",  # value: to whom
    "paused",  # value: why
    "resumed",
    "prioritised",  # value: the new priority
    "breach_near",  # value: the clock that runs out soon
    "breached",  # value: the clock that has run out
    "resolved",
    "reopened",  # value: why
    "cancelled",  # value: why
]


DEFAULT_PRIORITY = "normal"


class Happening(msgspec.Struct, frozen=True, array_like=True):
    """One thing that happened to a case.

    `at` is since when it holds, which may be before `said_at`, when it was written down: a case can be
    opened for what began earlier, and a pause be told of later.
    """

    what: What
    at: Micros
    said_at: Micros
    by: str | None = None
    value: str | None = None
    level: int = 0
    loop: int = 0


def last(history: Iterable[Happening], *kinds: What) -> Happening | None:
    """Give the last happening of these kinds, None where there is none."""
    found = None
    for each in history:
        if each.what in kinds:
            found = each
    return found


def current(history: Sequence[Happening]) -> Sequence[Happening]:
    """Give what happened since a case was opened, or reopened last."""
    starts = [place for place, each in enumerate(history) if each.what in ("opened", "reopened")]
    return history[starts[-1] :] if starts else ()


def cycle(history: Iterable[Happening]) -> int:
    """Give how often the case has been open: 1, and 1 more for each time that it was reopened."""
    return 1 + sum(1 for each in history if each.what == "reopened")


def priority(history: Iterable[Happening]) -> str:
    """Give the priority that a case has."""
    found = last(history, "opened", "prioritised")
    return (found.value if found else None) or DEFAULT_PRIORITY


def pauses(history: Iterable[Happening]) -> tuple[list[Span], Micros | None]:
    """Give the spans in which a case was paused, and since when it is now, None where it is not.

    A pause ends with what comes after it: a resumption, or the end of the case. Spans that overlap, as
    one told of later may, are one; none goes on after the pause that is still on began.
    """
    spans: list[Span] = []
    since: Micros | None = None
    for each in history:
        if each.what == "paused" and since is None:
            since = each.at
        elif each.what in ("resumed", "resolved", "cancelled") and since is not None:
            spans.append((since, each.at))
            since = None
    return united([(start, end if since is None else min(end, since)) for start, end in spans]), since


def united(spans: Iterable[Span]) -> list[Span]:
    """Give spans in their order, those that touch or overlap made one; empty ones are left out."""
    merged: list[Span] = []
    for start, end in sorted(span for span in spans if span[0] < span[1]):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return merged
