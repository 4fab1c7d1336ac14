"""How a score is shown: band and letter."""

from __future__ import annotations

from decimal import Decimal

from engine.model.score import Score

UNKNOWN = "unknown"
"""The band of a score that covers too little."""

_LETTERS = ((90, "A"), (80, "B"), (70, "C"), (60, "D"), (50, "E"))


def band_of(score: Score, value: Decimal | None) -> str:
    """Give the band whose `from` is the highest not above the value; unknown for None or below all."""
    if value is None:
        return UNKNOWN
    reached = [(band.from_, name) for name, band in score.bands.items() if band.from_ <= value]
    return max(reached)[1] if reached else UNKNOWN


def letter_of(value: Decimal | None) -> str | None:
    """Give the letter: A from 90, B from 80, C from 70, D from 60, E from 50, F below; None for None."""
    if value is None:
        return None
    return next((letter for least, letter in _LETTERS if value >= least), "F")
