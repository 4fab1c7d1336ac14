"""The one stage of a lifecycle that a customer is in, stepped at every evaluation."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from engine.expressions import Outcome
from engine.model.values import Micros


class StageState(msgspec.Struct, array_like=True):
    """The stage that a customer is in, and since when."""

    stage: str
    since: Micros


def found(stages: Iterable[tuple[str, Outcome]], current: str | None) -> str | None:
    """Give the first stage that is met, asking no further; None where none is.

    What is unknown, or cannot be evaluated, neither takes anybody in nor lets anybody go.
    """
    for name, outcome in stages:
        if outcome is Outcome.MET or (outcome is not Outcome.NOT_MET and name == current):
            return name
    return None
