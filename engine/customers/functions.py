"""The functions of computed facts: from what was folded to a value, or the reason why there is none."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from decimal import Context, Decimal
from typing import Any, TypeAlias

from engine.customers.buckets import Bucket
from engine.model.reasons import UnknownReason
from engine.model.values import Micros

ROUNDED = Context(prec=28)
"""Quotients and roots have 28 digits, as in expressions."""

Z_95 = Decimal("1.959963984540054")
"""The 97.5th percentile of the standard normal distribution."""

Result: TypeAlias = tuple[Any, UnknownReason | None]

NOTHING: Result = (None, UnknownReason.NO_EVENTS)
TOO_MANY: Result = (None, UnknownReason.TOO_MANY)


def _known(value: Any) -> Result:
    return NOTHING if value is None else (value, None)


def _count(bucket: Bucket, now: Micros) -> Result:
    return bucket.count, None


def _sum(bucket: Bucket, now: Micros) -> Result:
    return bucket.sum, None


def _mean(bucket: Bucket, now: Micros) -> Result:
    return (ROUNDED.divide(Decimal(bucket.sum), Decimal(bucket.numbers)), None) if bucket.numbers else NOTHING


def _min(bucket: Bucket, now: Micros) -> Result:
    return _known(bucket.low)


def _max(bucket: Bucket, now: Micros) -> Result:
    return _known(bucket.high)


def _first(bucket: Bucket, now: Micros) -> Result:
    return _known(bucket.first and bucket.first[2])


def _last(bucket: Bucket, now: Micros) -> Result:
    return _known(bucket.last and bucket.last[2])


def _distinct(bucket: Bucket, now: Micros) -> Result:
    return TOO_MANY if bucket.keys is None else (len(bucket.keys), None)


def _since(bucket: Bucket, now: Micros) -> Result:
    return NOTHING if bucket.latest is None else since(bucket.latest, now)


def since(latest: Micros, now: Micros) -> Result:
    """Give how long ago the latest event was."""
    return timedelta(microseconds=max(0, now - latest)), None


def _share(bucket: Bucket, now: Micros) -> Result:
    return (ROUNDED.divide(Decimal(bucket.met), Decimal(bucket.judged)), None) if bucket.judged else NOTHING


def _share_lower(bucket: Bucket, now: Micros) -> Result:
    return (wilson(bucket.met, bucket.judged)[0], None) if bucket.judged else NOTHING


def _share_upper(bucket: Bucket, now: Micros) -> Result:
    return (wilson(bucket.met, bucket.judged)[1], None) if bucket.judged else NOTHING


FUNCTIONS: dict[str, Callable[[Bucket, Micros], Result]] = {
    "count": _count,
    "sum": _sum,
    "mean": _mean,
    "min": _min,
    "max": _max,
    "first": _first,
    "last": _last,
    "distinct": _distinct,
    "since": _since,
    "share": _share,
    "share_lower": _share_lower,
    "share_upper": _share_upper,
}


def wilson(met: int, judged: int) -> tuple[Decimal, Decimal]:
    """Give the 95% score interval of a share (E. B. Wilson, JASA 22, 1927), inside 0 to 1."""
    context = ROUNDED
    n, share = Decimal(judged), context.divide(Decimal(met), Decimal(judged))
    square = context.multiply(Z_95, Z_95)
    spread = context.add(
        context.divide(context.multiply(share, 1 - share), n), context.divide(square, 4 * n * n)
    )
    middle = context.add(share, context.divide(square, 2 * n))
    half = context.multiply(Z_95, context.sqrt(spread))
    whole = context.add(1, context.divide(square, n))
    low = context.divide(context.subtract(middle, half), whole)
    high = context.divide(context.add(middle, half), whole)
    # The bounds of none and of all are exactly 0 and 1; rounding must not say otherwise.
    return (low if met else Decimal(0)), (high if met < judged else Decimal(1))


def median(values: list[Decimal]) -> Decimal:
    """Give the middle value, or the mean of the two in the middle; of nothing there is none."""
    ordered = sorted(values)
    half = len(ordered) // 2
    if len(ordered) % 2:
        return ordered[half]
    return ROUNDED.divide(ROUNDED.add(ordered[half - 1], ordered[half]), 2)
