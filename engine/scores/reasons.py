"""The reasons for a score: which parts move it most towards its bad end."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from engine.model.score import Score
from engine.scores.score import ONE, ZERO, LastPart

MOST = 3
"""So many reasons are given."""


def reasons(score: Score, parts: Mapping[str, LastPart]) -> list[str]:
    """Give the parts that weigh most against the customer, the heaviest first, in their own words.

    Where `high_is: bad` that is the points which a part adds, else the points which it costs. A part that
    adds (costs) nothing, or has no value, is no reason.
    """
    found: list[tuple[Decimal, int, str]] = []
    for place, (name, part) in enumerate(score.parts.items()):
        last = parts.get(name)
        if last is None:
            continue
        against = part.weight * (last.value if score.high_is == "bad" else ONE - last.value)
        if against > ZERO:
            found.append((-against, place, part.reason or name.replace("_", " ")))
    return [words for _, _, words in sorted(found)[:MOST]]
