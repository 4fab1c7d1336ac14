"""Tiers: by the points that qualify in a period, never by what can be spent."""

from __future__ import annotations

import calendar
import datetime as dt
from functools import lru_cache

import msgspec

from engine.loyalty.ledger import Book
from engine.model.program import Program
from engine.model.values import Day, Period


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
    when a period has ended below it, as `downgrade` says; spending points changes nothing.
    """
    before = book.tier
    if book.joined is None:
        book.joined = day
    start = period_start(program.period, book.joined, day)
    if book.period is not None and book.period < start:
        # A period that went by without a grant ended with no qualifying points at all.
        for qualifying in _ended(program, book, start):
            book.tier = _after(program, book.tier, qualifying)
        book.qualifying = 0
    book.period = start
    book.qualifying += points
    earned = tier_of(program, book.qualifying)
    if earned != book.tier and _order(program, earned) > _order(program, book.tier):
        book.tier = earned
    if book.tier == before:
        return None
    return TierChange(before, book.tier, _order(program, book.tier) > _order(program, before))


def _ended(program: Program, book: Book, start: Day) -> list[int]:
    ended = [book.qualifying]
    joined, period = book.joined or start, book.period or start
    # Longer than a period and shorter than two: it always lands in the next one.
    step = 31 * program.period.months + 1
    while (period := period_start(program.period, joined, period + step)) < start:
        ended.append(0)
    return ended


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
