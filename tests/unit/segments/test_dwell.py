"""How long something must have held: days, hours, and what breaks the count."""

from engine.model.values import HOUR, MINUTE, Duration
from engine.segments.dwell import Count, broke, held, long_enough, reached_at

DAYS = Duration(3, "d")
HOURS = Duration(12, "h")


def test_three_days_are_reached_on_the_third_day() -> None:
    # given a count that holds from day 10 on
    count = Count()
    held(count, 0, 10)
    # then it is reached on day 12, not before
    assert [long_enough(count, DAYS, 0, day) for day in (10, 11, 12, 13)] == [False, False, True, True]


def test_a_day_on_which_it_also_did_not_hold_is_not_counted() -> None:
    # given day 10 with a break in the morning
    count = Count()
    broke(count, 10)
    held(count, 0, 10)
    # then day 11 is the first
    assert not long_enough(count, DAYS, 0, 12)
    assert long_enough(count, DAYS, 0, 13)


def test_a_week_is_seven_days() -> None:
    count = Count()
    held(count, 0, 1)
    assert not long_enough(count, Duration(1, "w"), 0, 6)
    assert long_enough(count, Duration(1, "w"), 0, 7)


def test_hours_are_elapsed_time() -> None:
    # given a count that holds since 23:00, over a midnight
    count = Count()
    held(count, 23 * HOUR, 1)
    held(count, 26 * HOUR, 2)
    assert not long_enough(count, HOURS, 35 * HOUR - MINUTE, 2)
    assert long_enough(count, HOURS, 35 * HOUR, 2)


def test_hours_after_a_break_count_from_when_it_holds_again() -> None:
    count = Count()
    held(count, 0, 1)
    broke(count, 1)
    held(count, 5 * HOUR, 1)
    assert reached_at(count, HOURS) == 17 * HOUR


def test_no_dwell_is_reached_at_once() -> None:
    count = Count()
    assert not long_enough(count, None, 0, 1)
    held(count, 0, 1)
    assert long_enough(count, None, 0, 1)


def test_days_need_no_timer_of_their_own() -> None:
    count = Count()
    held(count, 0, 1)
    assert reached_at(count, DAYS) is None
    assert reached_at(count, None) is None
