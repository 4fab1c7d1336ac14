"""Several tests at once: what each p is worth beside the others."""

from __future__ import annotations

from collections.abc import Sequence


def holm(tests: Sequence[float]) -> list[float]:
    """Give the p of each test made good for their number: Holm (1979), Scandinavian J. of Statistics 6.

    The chance of one false find or more among them stays at the level that each is held against.
    """
    number = len(tests)
    adjusted = [0.0] * number
    least = 0.0
    for rank, place in enumerate(sorted(range(number), key=lambda place: tests[place])):
        least = max(least, min(1.0, (number - rank) * tests[place]))
        adjusted[place] = least
    return adjusted
