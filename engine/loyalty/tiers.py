"""Tiers: by the points that qualify in a period, never by what can be spent."""

from __future__ import annotations

import calendar
import datetime as dt
from decimal import ROUND_CEILING, Decimal
from functools import lru_cache

import msgspec

from engine.loyalty.ledger import Book, Grace
from engine.model.program import Program
from engine.model.values import DAY, Day, Duration, Period


class TierChange(msgspec.Struct, frozen=True):
    """A customer's tier rose (`reached`) or fell."""

    from_: str | None
    tier: str | None
    reached: bool


def tier_of(program: Program, qualifying: int) -> str | None:
    """Give the highest tier that so many qualifying points reach, None where even the lowest is not."""
    reached = [(tier.from_, name) for name, tier in program.tiers.items() if tier.from_ <= qualifying]
    return max(reached)[1] if reached else None


def tier_held(program: Program, book: Book | None) -> str | None:
    """Give a customer's tier; without any grant it is the one that 0 points reach."""
    return book.tier if book is not None and book.tier is not None else tier_of(program, 0)


@lru_cache(maxsize=65_536)
def period_start(period: Period, joined: Day, day: Day) -> Day:
    """Give the first day of the qualification period that a day lies in.

    `calendar year` begins on 1 January; months roll from the day of joining, in shorter months from their
    last day.
    """
    date, first = dt.date.fromordinal(day), dt.date.fromordinal(joined)
    if period.calendar:
        return date.replace(month=1, day=1).toordinal()
    months = (date.year - first.year) * 12 + date.month - first.month
    number = months // period.months
    start = _add_months(first, number * period.months)
    return start if start <= day else _add_months(first, (number - 1) * period.months)


def qualify(program: Program, book: Book, points: int, day: Day) -> TierChange | None:
    """Count points granted on a day towards the tier, and give the change of tier if there is one.

    With 0 points it only lets the period roll on. A tier rises as soon as it is reached and falls only
    when a period has ended below it, as `downgrade` says; spending points changes nothing. With `grace`
    it falls so many days later, unless what is earned until then makes up for what the period lacked.
    """
    before = book.tier
    if book.joined is None:
        book.joined = day
    start = period_start(program.period, book.joined, day)
    if book.period is not None and book.period < start:
        # A period that went by without a grant ended with no qualifying points at all.
        for qualifying, ended in _ended(program, book, start):
            _leave_grace(program, book, ended)
            _end(program, book, qualifying, ended)
        book.qualifying = 0
    book.period = start
    _leave_grace(program, book, day)
    book.qualifying += points
    if book.grace is not None:
        book.grace.qualifying += points
        if _reaches(program, book.grace.qualifying, book.tier):
            book.grace = None
    earned = tier_of(program, book.qualifying)
    if earned != book.tier and _order(program, earned) > _order(program, book.tier):
        book.tier, book.grace = earned, None
    if book.tier == before:
        return None
    return TierChange(before, book.tier, _order(program, book.tier) > _order(program, before))


def give_back(book: Book, points: int, earned: Day) -> None:
    """Take qualifying points back that were granted on a day.

    No tier falls because of it before its period ends; points of periods that have ended count no more.
    """
    if book.period is not None and earned >= book.period:
        book.qualifying = max(0, book.qualifying - points)
    if book.grace is not None:
        book.grace.qualifying = max(0, book.grace.qualifying - points)


class Risk(msgspec.Struct, frozen=True):
    """A tier that will fall: so many points are missing when the period ends, on which days."""

    tier: str
    missing: int
    ends: Day
    falls: Day


def at_risk(program: Program, book: Book, day: Day) -> Risk | None:
    """Tell whether a tier is to be warned of today: `warn` before its period ends below it, once."""
    tier = book.tier
    if program.warn is None or program.downgrade == "never" or book.period is None or tier is None:
        return None
    ends = period_end(program.period, book.joined or book.period, book.period)
    early = day < ends - days_of(program.warn)
    if early or book.warned == book.period or _reaches(program, book.qualifying, tier):
        return None
    book.warned = book.period
    grace = days_of(program.grace) if program.grace is not None else 0
    return Risk(tier, _up(program.tiers[tier].from_) - book.qualifying, ends, ends + grace)


class Progress(msgspec.Struct, frozen=True, kw_only=True):
    """Where a member stands: points of the period, what keeps the tier, what reaches the next one.

    `keeps` and `missing` are points still to be earned; `next` is None in the highest tier.
    """

    tier: str | None
    qualifying: int
    period_starts: Day | None
    period_ends: Day | None
    keeps: int
    next: str | None
    missing: int | None
    grace_until: Day | None


def progress(program: Program, book: Book) -> Progress:
    """Give where a member stands in a program."""
    tier = tier_held(program, book)
    names = _ascending(program)
    following = names[_order(program, tier) + 1 :]
    starts = book.period
    kept = program.tiers[tier].from_ if tier is not None and tier in program.tiers else Decimal(0)
    return Progress(
        tier=tier,
        qualifying=book.qualifying,
        period_starts=starts,
        period_ends=None if starts is None else period_end(program.period, book.joined or starts, starts),
        keeps=max(0, _up(kept) - book.qualifying),
        next=following[0] if following else None,
        missing=max(0, _up(program.tiers[following[0]].from_) - book.qualifying) if following else None,
        grace_until=book.grace.until if book.grace is not None else None,
    )


def period_end(period: Period, joined: Day, start: Day) -> Day:
    """Give the first day after the period that begins on a day."""
    # Longer than a period and shorter than two: it always lies in the next one.
    return period_start(period, joined, start + 31 * period.months + 1)


def days_of(length: Duration) -> Day:
    """Give a length of time in days, a part of one as a whole one."""
    return length.days if length.days is not None else -(-length.micros // DAY)


def _ended(program: Program, book: Book, start: Day) -> list[tuple[int, Day]]:
    joined, period = book.joined or start, book.period or start
    ended = []
    qualifying = book.qualifying
    while period < start:
        period = period_end(program.period, joined, period)
        ended.append((qualifying, period))
        qualifying = 0
    return ended


def _end(program: Program, book: Book, qualifying: int, day: Day) -> None:
    """End a period on a day: a tier that it did not keep falls, or is kept for the time of grace."""
    if program.downgrade == "never" or _reaches(program, qualifying, book.tier):
        book.grace = None
    elif program.grace is None:
        book.tier = _after(program, book.tier, qualifying)
    elif book.grace is None:
        book.grace = Grace(qualifying, day + days_of(program.grace))


def _leave_grace(program: Program, book: Book, day: Day) -> None:
    if book.grace is not None and book.grace.until <= day:
        book.tier = _after(program, book.tier, book.grace.qualifying)
        book.grace = None


def _reaches(program: Program, qualifying: int, tier: str | None) -> bool:
    return _order(program, tier_of(program, qualifying)) >= _order(program, tier)


def _up(points: Decimal) -> int:
    return int(points.to_integral_value(ROUND_CEILING))


def _after(program: Program, tier: str | None, qualifying: int) -> str | None:
    earned = tier_of(program, qualifying)
    if program.downgrade == "never" or _order(program, earned) >= _order(program, tier):
        return tier
    if program.downgrade == "by_points":
        return earned
    names = _ascending(program)
    return names[max(_order(program, tier) - 1, 0)]


def _ascending(program: Program) -> list[str]:
    return [name for _, name in sorted((tier.from_, name) for name, tier in program.tiers.items())]


def _order(program: Program, tier: str | None) -> int:
    return _ascending(program).index(tier) if tier in program.tiers else -1


def _add_months(date: dt.date, months: int) -> Day:
    year, month = divmod(date.year * 12 + date.month - 1 + months, 12)
    last = calendar.monthrange(year, month + 1)[1]
    return dt.date(year, month + 1, min(date.day, last)).toordinal()
