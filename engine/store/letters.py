"""Which dead letters are asked for."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from engine.model.values import Micros


class LetterFilter(msgspec.Struct, frozen=True, kw_only=True):
    """Which dead letters: of a workflow, of one of its steps by its path, of customers; how and why it ended.

    `start` and `end` bound when they were given up. None means any.
    """

    workflow: str | None = None
    step: str | None = None
    customers: Sequence[str] | None = None
    outcome: str | None = None
    reason: str | None = None
    start: Micros | None = None
    end: Micros | None = None


EVERY_LETTER = LetterFilter()


def step_in_key(step: str) -> str:
    """Give what the key of an effect has in it that a step made: run, path of the step and iteration."""
    return f":{step}:"
