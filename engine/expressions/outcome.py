"""What came out of a line of a condition, and of the whole."""

from __future__ import annotations

import enum


class Outcome(enum.Enum):
    """The outcome of a line or a condition.

    met and not_met: it holds or does not. unknown: it raised and a name that it mentions is null.
    error: it raised though all names are known.
    """

    MET = "met"
    NOT_MET = "not_met"
    UNKNOWN = "unknown"
    ERROR = "error"
