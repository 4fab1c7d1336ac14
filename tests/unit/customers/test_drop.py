"""`drop`: a customer against its own habit, in complete calendar weeks."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import pytest

from engine.customers.event import Event
from engine.customers.figures import BaseTally
from engine.customers.table import FactTable
from engine.model.reasons import UnknownReason
from engine.model.values import DAY, PerWeek
from tests.customer_facts import Customer, at, computed, happened, table_of, workspace_of

MONDAY = at("2026-03-16")
WEEK = 7 * DAY
HABIT = (52, 48, 50, 55, 47, 51, 49, 50)


def table(**keys: Any) -> FactTable:
    keys = {"drop": "minutes", "at_least": PerWeek(Decimal(5)), "robust": 2, **keys}
    return table_of(workspace_of(fall=computed(of="usage", recent="2w", baseline="8w", **keys)))


def used(weeks: Sequence[int], day: int = 0, customer: str = "c1") -> list[Event]:
    """One event a week, the last in the week before MONDAY; none in a week of 0 minutes."""
    first = MONDAY - len(weeks) * WEEK + day * DAY + DAY // 2
    return [
        happened("usage", first + number * WEEK, customer=customer, minutes=minutes)
        for number, minutes in enumerate(weeks)
        if minutes
    ]


def fall(weeks: Sequence[int], day: int = 0, **keys: Any) -> tuple[Decimal | None, UnknownReason | None]:
    customer = Customer(table(**keys))
    customer.take(*used(weeks, day))
    facts = customer.facts(MONDAY)
    return facts["fall"], facts.reason("fall")


@pytest.mark.parametrize(
    ("recent", "expected"),
    [((28, 24), Decimal("0.48")), ((33, 31), Decimal("0.36")), ((28, 45), Decimal("0.27"))],
)
def test_two_weeks_are_held_against_the_median_of_eight(recent: Sequence[int], expected: Decimal) -> None:
    assert fall((*HABIT, *recent)) == (expected, None)


def test_a_fall_within_the_noise_is_none() -> None:
    # Given a fall of 9, where a standard deviation of two weeks' mean is 7.07 / 1.41 = 5
    assert fall((*HABIT, 41, 41)) == (Decimal(0), UnknownReason.WITHIN_NOISE)
    assert fall((*HABIT, 39, 39)) == (Decimal("0.22"), None)
    assert fall((*HABIT, 41, 41), robust=None) == (Decimal("0.18"), None)


def test_growth_is_a_negative_fall() -> None:
    assert fall((*HABIT, 60, 65)) == (Decimal("-0.25"), None)


def test_an_irregular_habit_needs_a_deeper_fall() -> None:
    # Given a median absolute deviation of 20, so that a week's sd is 29.65 and that of two weeks 20.97
    habit = (30, 70, 30, 70, 30, 70, 30, 70)
    assert fall((*habit, 10, 10)) == (Decimal(0), UnknownReason.WITHIN_NOISE)
    assert fall((*habit, 8, 8)) == (Decimal("0.84"), None)


def test_a_small_habit_says_nothing() -> None:
    assert fall((3, 3, 4, 2, 3, 3, 3, 3, 1, 0)) == (None, UnknownReason.INSUFFICIENT_VOLUME)
    assert fall((5,) * 8 + (0, 0), robust=None) == (Decimal(1), None)


def test_a_habit_of_nothing_says_nothing_even_without_a_least() -> None:
    assert fall((9, 0, 0, 0, 0, 0, 0, 0, 0, 1), at_least=None) == (None, UnknownReason.INSUFFICIENT_VOLUME)


def test_nine_weeks_are_too_few() -> None:
    assert fall((*HABIT[1:], 28, 24)) == (None, UnknownReason.INSUFFICIENT_HISTORY)
    assert fall(()) == (None, UnknownReason.INSUFFICIENT_HISTORY)


def test_the_partial_first_week_is_not_counted() -> None:
    # Given a first event on a Tuesday, ten weeks ago: only nine weeks are complete
    assert fall((*HABIT, 28, 24), day=1) == (None, UnknownReason.INSUFFICIENT_HISTORY)
    assert fall((50, *HABIT, 28, 24), day=1) == (Decimal("0.48"), None)


def test_the_week_that_runs_is_not_counted() -> None:
    # Given the fall of T1, and Sunday of the week after it, in which nothing was used
    customer = Customer(table())
    customer.take(*used((*HABIT, 28, 24)))
    assert customer.facts(MONDAY + 6 * DAY)["fall"] == Decimal("0.48")


def test_weeks_begin_as_the_workspace_says_and_in_its_zone() -> None:
    # Given use on Sunday evenings in New York, which are Monday in UTC
    fact = computed(drop="count", of="usage", recent="1w", baseline="2w")
    customer = Customer(table_of(workspace_of("America/New_York", "sunday", fall=fact)))
    for week, times in enumerate((2, 2, 1)):
        start = at("2026-03-01T20:00-05:00") + week * WEEK
        customer.take(*(happened("usage", start + n, seq=week * 10 + n) for n in range(times)))
    # Then the three weeks that began on those Sundays are told apart
    assert customer.facts(at("2026-03-22T00:00-04:00"))["fall"] == Decimal("0.5")


def test_late_events_are_counted_in_their_own_week() -> None:
    # Given the last week's use, received after it
    customer = Customer(table())
    *before, last = used((*HABIT, 28, 24))
    customer.take(*before)
    assert customer.facts(MONDAY)["fall"] == Decimal("0.72")
    customer.take(happened("usage", last.occurred_at, MONDAY + DAY, minutes=24))
    # Then it is counted, although the fall had been looked at without it
    assert customer.facts(MONDAY + 2 * DAY)["fall"] == Decimal("0.48")


def test_when_the_whole_base_falls_it_is_one_movement_and_no_customers_alarm() -> None:
    # Given a hundred customers of steady habit, and a last week in which all fell by 65%
    facts = table(against_fleet=True)
    everybody = [Customer(facts, f"c{number}") for number in range(100)]
    for customer in everybody:
        customer.take(*used((100,) * 17 + (35,), customer=customer.state.id))
    # When the base is added up at midnight
    tally = BaseTally(facts, MONDAY)
    for customer in everybody:
        tally.add(customer.state)
    figures = tally.figures()
    # Then the base itself fell by 65%, and against it nobody did
    assert figures.fleet_fall("person", "fall", MONDAY // DAY + 719163 - 7) == Decimal("0.65")
    assert [customer.facts(MONDAY, base=figures)["fall"] for customer in everybody] == [Decimal(0)] * 100
    # And without the base each would have been an alarm
    assert everybody[0].facts(MONDAY)["fall"] == Decimal("0.325")


def test_the_base_moves_a_week_by_no_more_than_a_fifth_to_one_and_a_half() -> None:
    # Given one customer who is the whole base and used nothing at all in the last week
    facts = table(against_fleet=True, robust=None)
    customer = Customer(facts)
    customer.take(*used((100,) * 17 + (10,)))
    tally = BaseTally(facts, MONDAY)
    tally.add(customer.state)
    # Then 10 is divided by 0.2 and not by 0.1
    assert customer.facts(MONDAY, base=tally.figures())["fall"] == Decimal("0.25")


def test_under_four_weeks_the_base_says_nothing_of_a_week() -> None:
    # Given ten weeks in all, of which the first four have too few weeks before them
    facts = table(against_fleet=True, robust=None)
    customer = Customer(facts)
    customer.take(*used((100, 100, 100, 300, 100, 100, 100, 100, 100, 100)))
    tally = BaseTally(facts, MONDAY)
    tally.add(customer.state)
    figures = tally.figures()
    assert figures.fleet_fall("person", "fall", MONDAY // DAY + 719163 - 49) is None
    assert figures.fleet_fall("person", "fall", MONDAY // DAY + 719163 - 42) == Decimal(0)
