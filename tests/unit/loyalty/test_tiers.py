"""Tiers by the qualifying points of a period; spending leaves them alone."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from engine.loyalty.ledger import Book, Ledger, grant, redeem
from engine.loyalty.tiers import (
    Risk,
    TierChange,
    at_risk,
    give_back,
    period_start,
    progress,
    qualify,
    tier_held,
    tier_of,
)
from engine.model.program import Program, Tier
from engine.model.values import Day, Duration, Period

TIERS = {
    "green": Tier(from_=Decimal(0)),
    "gold": Tier(from_=Decimal(500)),
    "black": Tier(from_=Decimal(2000)),
}


def program(downgrade: Any = "one_down", period: str = "12 months") -> Program:
    return Program(id="rewards", earn=(), tiers=TIERS, downgrade=downgrade, period=Period.parse(period))


def day(text: str) -> Day:
    return date.fromisoformat(text).toordinal()


JOINED = day("2025-03-15")


@pytest.mark.parametrize(("points", "tier"), [(0, "green"), (499, "green"), (500, "gold"), (9000, "black")])
def test_tiers_begin_at_their_points(points: int, tier: str) -> None:
    assert tier_of(program(), points) == tier


def test_a_tier_is_reached_at_once() -> None:
    book = Book()
    assert qualify(program(), book, 480, JOINED) == TierChange(None, "green", reached=True)
    assert qualify(program(), book, 20, JOINED + 30) == TierChange("green", "gold", reached=True)
    assert qualify(program(), book, 5, JOINED + 31) is None


def test_without_a_grant_the_tier_is_that_of_no_points() -> None:
    assert tier_held(program(), None) == "green"
    assert tier_held(program(), Book(tier="gold")) == "gold"


def test_w1_a_period_that_ends_below_the_tier_goes_one_down() -> None:
    # given gold of last period, and 480 of 500 in this one
    book = Book(joined=JOINED, period=JOINED, qualifying=480, tier="gold")
    # then the last day of the period keeps it and the next takes it
    assert qualify(program(), book, 0, day("2026-03-14")) is None
    assert qualify(program(), book, 0, day("2026-03-15")) == TierChange("gold", "green", reached=False)
    assert (book.qualifying, book.period) == (0, day("2026-03-15"))


@pytest.mark.parametrize(
    ("downgrade", "tier"), [("one_down", "gold"), ("by_points", "green"), ("never", "black")]
)
def test_how_far_a_tier_falls(downgrade: str, tier: str) -> None:
    book = Book(joined=JOINED, period=JOINED, qualifying=10, tier="black")
    qualify(program(downgrade), book, 0, day("2026-03-15"))
    assert book.tier == tier


def test_every_period_that_went_by_counts() -> None:
    book = Book(joined=JOINED, period=JOINED, qualifying=2000, tier="black")
    # given nothing earned for three years: the first period kept it, the two empty ones did not
    qualify(program(), book, 0, day("2028-03-20"))
    assert book.tier == "green"


def test_a_period_that_was_enough_keeps_the_tier() -> None:
    book = Book(joined=JOINED, period=JOINED, qualifying=500, tier="gold")
    assert qualify(program(), book, 0, day("2026-03-15")) is None
    assert book.tier == "gold"


def test_w1_spending_everything_leaves_the_tier() -> None:
    ledger = Ledger()
    grant(ledger, "rewards", "c1", "o1", 500, 0)
    qualify(program(), ledger.book("rewards"), 500, JOINED)
    redeem(ledger, "rewards", "c1", "r1", 500, 1)
    assert qualify(program(), ledger.book("rewards"), 0, JOINED + 1) is None
    assert tier_held(program(), ledger.book("rewards")) == "gold"


@pytest.mark.parametrize(
    ("period", "today", "start"),
    [
        ("12 months", "2025-03-15", "2025-03-15"),
        ("12 months", "2026-03-14", "2025-03-15"),
        ("12 months", "2026-03-15", "2026-03-15"),
        ("6 months", "2025-10-01", "2025-09-15"),
        ("calendar year", "2026-07-01", "2026-01-01"),
    ],
)
def test_periods_roll_from_joining_or_with_the_year(period: str, today: str, start: str) -> None:
    assert period_start(Period.parse(period), JOINED, day(today)) == day(start)


@pytest.mark.parametrize(
    ("today", "start"),
    [("2025-02-28", "2025-02-28"), ("2025-03-30", "2025-02-28"), ("2025-03-31", "2025-03-31")],
)
def test_a_period_from_the_thirty_first_begins_on_the_last_day_of_shorter_months(
    today: str, start: str
) -> None:
    assert period_start(Period(1), day("2025-01-31"), day(today)) == day(start)


def test_months_that_went_by_are_counted_one_by_one() -> None:
    # given monthly periods from 31 January: black falls to gold after February, to green after March
    book = Book(joined=day("2025-01-31"), period=day("2025-01-31"), qualifying=2000, tier="black")
    qualify(program(period="1 month"), book, 0, day("2025-03-31"))
    assert book.tier == "gold"
    qualify(program(period="1 month"), book, 0, day("2025-04-30"))
    assert book.tier == "green"


def warned(grace: str | None = None) -> Program:
    length = Duration.parse(grace) if grace else None
    return Program(id="rewards", earn=(), tiers=TIERS, warn=Duration.parse("30d"), grace=length)


def test_a_tier_at_risk_is_told_of_once_when_the_last_days_begin() -> None:
    book = Book(joined=JOINED, period=JOINED, qualifying=480, tier="gold")
    assert at_risk(warned(), book, day("2026-02-12")) is None
    assert at_risk(warned("60d"), book, day("2026-02-13")) == Risk(
        "gold", 20, day("2026-03-15"), day("2026-05-14")
    )
    assert at_risk(warned(), book, day("2026-02-14")) is None


def test_a_tier_that_is_kept_is_not_at_risk() -> None:
    book = Book(joined=JOINED, period=JOINED, qualifying=500, tier="gold")
    assert at_risk(warned(), book, day("2026-03-14")) is None


def test_grace_keeps_a_tier_so_many_days_and_no_longer() -> None:
    book = Book(joined=JOINED, period=JOINED, qualifying=480, tier="gold")
    assert qualify(warned("60d"), book, 0, day("2026-03-15")) is None
    assert qualify(warned("60d"), book, 19, day("2026-05-13")) is None
    assert qualify(warned("60d"), book, 0, day("2026-05-14")) == TierChange("gold", "green", reached=False)


def test_points_of_the_grace_make_up_for_the_period_before() -> None:
    book = Book(joined=JOINED, period=JOINED, qualifying=480, tier="gold")
    qualify(warned("60d"), book, 20, day("2026-03-20"))
    assert qualify(warned("60d"), book, 0, day("2026-05-20")) is None
    assert (book.tier, book.grace, book.qualifying) == ("gold", None, 20)


def test_refunded_points_qualify_no_more_and_the_tier_waits_for_its_period() -> None:
    book = Book(joined=JOINED, period=JOINED, qualifying=500, tier="gold")
    give_back(book, 20, JOINED + 3)
    assert (book.qualifying, book.tier) == (480, "gold")
    # points of a period that is over count no more
    give_back(book, 20, JOINED - 3)
    assert book.qualifying == 480


def test_progress_tells_what_keeps_the_tier_and_what_reaches_the_next() -> None:
    book = Book(joined=JOINED, period=JOINED, qualifying=480, tier="gold")
    found = progress(warned(), book)
    assert (found.keeps, found.next, found.missing) == (20, "black", 1520)
    assert (found.period_starts, found.period_ends) == (JOINED, day("2026-03-15"))
    assert progress(warned(), Book()).missing == 500
