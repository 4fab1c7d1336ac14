"""Exact numbers and instants, as both ways of evaluation compute them."""

from __future__ import annotations

import decimal
from datetime import datetime, timedelta, timezone

EXACT = decimal.Context(
    prec=28,
    rounding=decimal.ROUND_HALF_EVEN,
    Emin=-999999,
    Emax=999999,
    capitals=1,
    clamp=0,
    flags=[],
    traps=[decimal.InvalidOperation, decimal.DivisionByZero, decimal.Overflow],
)
"""The context of all arithmetic in expressions: Python's default, whatever a thread has set for itself."""

LARGEST_WHOLE_EXPONENT = 3000
"""Above it a number is not made a whole one: an integer of a million digits takes Python half a minute."""


def elapsed(later: datetime, earlier: datetime) -> timedelta:
    """Give the difference of two aware datetimes in UTC.

    Python takes the difference of wall clocks where both have one tzinfo object, which is off by the change
    of the clocks between them. Raises TypeError where one of them is naive.
    """
    if later.tzinfo is not earlier.tzinfo or type(later.tzinfo) is timezone:
        return later - earlier
    ahead, behind = later.utcoffset(), earlier.utcoffset()
    if ahead is None or behind is None:
        raise TypeError("a difference needs two times with a zone")
    return later.replace(tzinfo=None) - earlier.replace(tzinfo=None) - (ahead - behind)
