"""Thresholds in their order, and what a value between two of them settles."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Sequence
from itertools import accumulate
from operator import or_
from typing import Any

from engine.expressions.clauses.form import Operator
from engine.expressions.index.masks import Look, Masks, Stepped, Use

MOST_BYTES = 1 << 24
"""So much may the masks between the thresholds of one subject take; beyond it they get coarser."""

_BELOW = (Operator.LT, Operator.LE)


def stairs(
    uses: Sequence[Use],
    everything: int,
    key: Callable[[Any], Any] | None = None,
    most_bytes: int = MOST_BYTES,
) -> Look:
    """Give how a value is looked up among the thresholds of these uses, of which there is at least one.

    key: makes of a threshold what values are compared with. most_bytes: what the masks may take together.
    """
    steps: dict[Any, list[Use]] = {}
    for use in uses:
        constant = use.clause.constant
        steps.setdefault(constant if key is None else key(constant), []).append(use)
    thresholds = sorted(steps)
    sorted_uses = [steps[threshold] for threshold in thresholds]
    landings = 2 * len(thresholds) + 1
    most = max(1, most_bytes // (everything.bit_length() // 4 + 1))
    if landings <= most:
        return _each(thresholds, sorted_uses, everything)
    return _coarse(thresholds, sorted_uses, everything, -(-landings // most))


def _each(thresholds: list[Any], uses: list[list[Use]], everything: int) -> Look:
    """Look up with a place below, at and above each threshold."""
    masks = [
        Masks(everything & ~first, later)
        for first, later in zip(
            _failing(uses, lambda use: use.first), _failing(uses, lambda use: use.later), strict=True
        )
    ]
    operators = {use.clause.operator for each in uses for use in each}
    # Where nothing tells at a threshold from above it (or below it), one search finds the place.
    if operators <= {Operator.LT, Operator.GE}:
        return Stepped(thresholds, masks[::2], bisect_right)
    if operators <= {Operator.LE, Operator.GT}:
        return Stepped(thresholds, masks[::2], bisect_left)
    return Stepped(thresholds, masks, _landing)


def _landing(thresholds: Sequence[Any], value: Any) -> int:
    place = bisect_left(thresholds, value)
    return 2 * place + (place < len(thresholds) and bool(thresholds[place] == value))


def _failing(uses: list[list[Use]], terms: Callable[[Use], int]) -> list[int]:
    """Give the terms that fail at each place: 0 is below the first threshold, 1 at it, 2 above it."""
    rising, falling = [0] * (2 * len(uses) + 1), [0] * (2 * len(uses) + 1)
    for index, each in enumerate(uses):
        for use in each:
            operator = use.clause.operator
            if operator in _BELOW:
                rising[2 * index + (1 if operator is Operator.LT else 2)] |= terms(use)
            else:
                falling[2 * index + (1 if operator is Operator.GT else 0)] |= terms(use)
    above, below = accumulate(rising, or_), accumulate(reversed(falling), or_)
    return [one | other for one, other in zip(above, reversed(list(below)), strict=True)]


def _coarse(thresholds: list[Any], uses: list[list[Use]], everything: int, step: int) -> Look:
    """Look up with one place for `step` thresholds: what is between those is left to be evaluated."""
    blocks = [
        [use for each in uses[start : start + step] for use in each] for start in range(0, len(uses), step)
    ]
    cuts = thresholds[::step]
    nothing: list[Use] = []
    rising = [nothing, nothing, *blocks[:-1]]
    falling = [*blocks, nothing]
    masks = [
        Masks(everything & ~first, later, 0, unsure)
        for first, later, unsure in zip(
            _joined(rising, falling, lambda use: use.first),
            _joined(rising, falling, lambda use: use.later),
            [0, *(_all(block) for block in blocks)],
            strict=True,
        )
    ]
    return Stepped(cuts, masks, bisect_right)


def _joined(rising: list[list[Use]], falling: list[list[Use]], terms: Callable[[Use], int]) -> Iterable[int]:
    above = accumulate((_all(each, terms, below=True) for each in rising), or_)
    below = list(accumulate((_all(each, terms, below=False) for each in reversed(falling)), or_))
    return [one | other for one, other in zip(above, reversed(below), strict=True)]


def _all(
    uses: list[Use], terms: Callable[[Use], int] = lambda use: use.terms, below: bool | None = None
) -> int:
    found = 0
    for use in uses:
        if below is None or (use.clause.operator in _BELOW) is below:
            found |= terms(use)
    return found
