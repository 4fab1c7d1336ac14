"""`drop`: how far a customer fell below its own habit, in complete calendar weeks."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from engine.customers.buckets import Number
from engine.customers.definitions import ComputedFact, Drop
from engine.customers.folding import fold, remember
from engine.customers.functions import ROUNDED, TOO_MANY, Result, median
from engine.customers.state import FactState
from engine.customers.table import FLEET_WEEKS, FactTable
from engine.customers.zones import Zone
from engine.model.reasons import UnknownReason
from engine.model.values import Day, Micros

MAD_TO_SD = Decimal("1.4826")
"""The median absolute deviation times this estimates a normal distribution's standard deviation."""

LEAST_FACTOR, GREATEST_FACTOR = Decimal("0.2"), Decimal("1.5")
LEAST_FLEET_WEEKS = 4
"""Under so many weeks of history the base says nothing about a week."""

WEEK = 7
ONE = Decimal(1)


def first_week(zone: Zone, began: Micros) -> Day:
    """Give the first day of the first complete week since an instant's day."""
    day = zone.day_of(began)
    week = zone.week_of(day)
    return week if week == day else week + WEEK


def week_volume(
    table: FactTable, state: FactState, fact: ComputedFact, week: Day, now: Micros, at_event: bool
) -> Number | None:
    """Give a week's sum (or count) of one customer; None for too many `per` keys."""
    start, end = table.zone.start_of_day(week), table.zone.start_of_day(week + WEEK)
    bucket = fold(table, state, fact.series, start, end, now, at_event)
    if bucket is None:
        return None
    return bucket.count if fact.series.form.measure is None else bucket.sum


def fleet_change(totals: Mapping[Day, Number], week: Day) -> Decimal | None:
    """Give the base's total of a week over the median of its 8 weeks before, None under 4 of them."""
    before = [Decimal(totals[day]) for day in _weeks_before(week, FLEET_WEEKS) if day in totals]
    if week not in totals or len(before) < LEAST_FLEET_WEEKS:
        return None
    middle = median(before)
    return ROUNDED.divide(Decimal(totals[week]), middle) if middle > 0 else None


def fleet_factors(totals: Mapping[Day, Number]) -> dict[Day, Decimal]:
    """Give what each week of a customer is divided by, from the base's own totals by week."""
    changes = ((week, fleet_change(totals, week)) for week in totals)
    return {
        week: min(max(change, LEAST_FACTOR), GREATEST_FACTOR)
        for week, change in changes
        if change is not None
    }


def factors_of(fleet: Mapping[Day, Decimal] | None, weeks: range) -> tuple[Decimal, ...]:
    """Give the factors of some weeks; a week of which the base says nothing is left as it is."""
    return tuple([fleet.get(week, ONE) for week in weeks]) if fleet else (ONE,) * len(weeks)


def _weeks_before(week: Day, weeks: int) -> range:
    return range(week - weeks * WEEK, week, WEEK)


def weeks_of(drop: Drop, this_week: Day) -> range:
    """Give the complete weeks that are compared in a week: the baseline's, then the recent ones."""
    return _weeks_before(this_week, drop.recent + drop.baseline)


def read_drop(
    table: FactTable,
    state: FactState,
    fact: ComputedFact,
    drop: Drop,
    weeks: range,
    factors: tuple[Decimal, ...],
    now: Micros,
    at_event: bool,
) -> Result:
    """Give 1 - mean(recent weeks) / median(baseline weeks), or why it is unknown.

    Each week is divided by its factor: the base's own movement, or 1.
    """
    began = state.firsts.get(fact.series.index)
    if began is None or first_week(table.zone, began) > weeks.start:
        return None, UnknownReason.INSUFFICIENT_HISTORY
    totals = volumes_of(table, state, fact, weeks, now, at_event)
    if None in totals:
        return TOO_MANY
    volumes = [
        ROUNDED.divide(Decimal(volume or 0), factor) for volume, factor in zip(totals, factors, strict=True)
    ]
    return _compare(drop, volumes[: drop.baseline], volumes[drop.baseline :])


def volumes_of(
    table: FactTable, state: FactState, fact: ComputedFact, weeks: range, now: Micros, at_event: bool
) -> tuple[Number | None, ...]:
    """Give the volumes of weeks, kept until a late event falls into one of them."""
    low, high = weeks.start, weeks.stop
    ended = table.zone.start_of_day(high)
    whole = all(at >= ended for at in state.instants(table, fact.series))
    place = (low, high, fact.name)
    cache = state.caches.setdefault(fact.series.index, {})
    if whole and place in cache:
        return cache[place]  # type: ignore[no-any-return]
    found: list[Number | None] = []
    for week in weeks:
        one = (week, week + WEEK, fact.name, "alone")
        if not whole or one not in cache:
            found.append(week_volume(table, state, fact, week, now, at_event))
            if whole:
                remember(cache, one, found[-1])
        else:
            found.append(cache[one])
    volumes = tuple(found)
    if whole:
        remember(cache, place, volumes)
    return volumes


def _compare(drop: Drop, baseline: list[Decimal], recent: list[Decimal]) -> Result:
    middle = median(baseline)
    if middle <= 0 or (drop.at_least is not None and middle < drop.at_least):
        return None, UnknownReason.INSUFFICIENT_VOLUME
    mean = ROUNDED.divide(sum(recent, Decimal(0)), len(recent))
    fall = ROUNDED.subtract(middle, mean)
    if drop.robust is not None and 0 < fall <= drop.robust * _noise(baseline, middle, len(recent)):
        return Decimal(0), UnknownReason.WITHIN_NOISE
    return ROUNDED.divide(fall, middle), None


def _noise(baseline: list[Decimal], middle: Decimal, recent: int) -> Decimal:
    """Give one standard deviation of the mean of so many weeks, robust against outliers."""
    mad = median([abs(ROUNDED.subtract(week, middle)) for week in baseline])
    weekly = max(ROUNDED.multiply(MAD_TO_SD, mad), ROUNDED.sqrt(middle))
    return ROUNDED.divide(weekly, ROUNDED.sqrt(Decimal(recent)))
