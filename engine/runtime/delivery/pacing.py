"""How long a refused effect waits before it is tried again, and when it is given up."""

from __future__ import annotations

import hashlib

from engine.model.values import DAY, HOUR, SECOND, Duration, Micros, Retry

DEFAULT = Retry(5, Duration(10, "s"))
"""Where a step writes no `retry:`."""

LONGEST: Micros = HOUR
LONGEST_ASKED: Micros = DAY
"""The longest pause of our own making, and the longest that a Retry-After may ask for."""


def pause(key: str, failures: int, retry: Retry | None, retry_after: float | None) -> Micros | None:
    """Give the pause after the effect's `failures`th failure; None where it is given up.

    Each pause is twice the one before, give or take a quarter by the hash of key and count, so that
    what failed together does not come back together, and the same run of events gives the same times.
    """
    allowed = retry or DEFAULT
    if failures > allowed.times:
        return None
    wait: Micros = min(allowed.first.micros << min(failures - 1, 30), LONGEST)
    digest = hashlib.sha256(f"{key}\x1f{failures}".encode()).digest()
    wait += wait * (int.from_bytes(digest[:4], "big") - 2**31) // 2**33
    asked = 0 if retry_after is None else min(int(retry_after * SECOND), LONGEST_ASKED)
    return max(wait, asked)
