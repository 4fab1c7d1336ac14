from datetime import date, timedelta

import pytest

from engine.authoring.demo.calendar import FIRST_MONDAY, YEAR, ZONES, calendar, ending, iso
from engine.customers.zones import moment_of
from engine.model.values import DAY


def test_days_follow_one_another_in_the_workspaces_zone() -> None:
    played = calendar(FIRST_MONDAY, 120)
    assert iso(played.start) == "2026-01-05T00:00:00+00:00"
    assert played.end - played.start == 120 * DAY
    assert played.date(119) == "2026-05-04"


def test_a_wall_clock_time_follows_the_change_of_the_clocks() -> None:
    played = calendar(FIRST_MONDAY, 120)
    assert iso(played.at(61, 540, "America/New_York")) == "2026-03-07T14:00:00+00:00"
    assert iso(played.at(62, 540, "America/New_York")) == "2026-03-08T13:00:00+00:00"


@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize("minutes", [600, 959])
def test_working_hours_are_the_same_date_everywhere(zone: str, minutes: int) -> None:
    played = calendar(FIRST_MONDAY, 120)
    for day in range(120):
        assert moment_of(played.at(day, minutes, zone)).date().isoformat() == played.date(day)


def test_everybody_uses_less_in_the_outage_the_summer_and_the_holidays() -> None:
    shares = [calendar(FIRST_MONDAY, YEAR).share(day) for day in range(0, YEAR, 7)]
    assert shares[25] < 0.6 < min(shares[:25] + shares[26:])
    assert [week for week, share in enumerate(shares) if share < 1] == [25, 29, 30, 31, 32, 33, 50, 51]


def test_shoppers_come_more_often_before_the_holidays_only() -> None:
    played = calendar(FIRST_MONDAY, YEAR)
    assert {day // 7 for day in range(YEAR) if played.rush(day) > 1} == {45, 46, 47, 48, 49}


@pytest.mark.parametrize(
    ("first", "days", "says"),
    [
        (date(2026, 1, 6), 120, "is no Monday"),
        (date(2026, 1, 5), 13, "14 to 365"),
        (date(2026, 1, 5), 366, "14"),
    ],
)
def test_a_calendar_that_cannot_be_played_is_refused(first: date, days: int, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        calendar(first, days)


@pytest.mark.parametrize("days", [14, 120, 364, YEAR])
def test_a_demo_that_ends_today_begins_on_a_monday(days: int) -> None:
    for number in range(7):
        today = date(2026, 5, 18) + timedelta(days=number)
        first, all_days = ending(today, days)
        assert calendar(first, all_days).date(all_days - 1) == today.isoformat()
        assert -7 < all_days - days < 7
