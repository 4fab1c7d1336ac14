"""W3: office hours in London, pauses, holidays, changes of the clocks."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import msgspec
import pytest

from engine.escalation.calendar import (
    add_open_time,
    before,
    due_at,
    open_time_between,
    spans_of,
    weekdays_of,
)
from engine.model.ladder import Calendar
from engine.model.values import DAY, HOUR, MINUTE, Duration, Hours, Micros

LONDON = ZoneInfo("Europe/London")
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def at(text: str, zone: ZoneInfo = LONDON) -> Micros:
    """The instant of a wall-clock time, as `2026-06-05 16:00`."""
    moment = datetime.fromisoformat(text).replace(tzinfo=zone).astimezone(UTC)
    return round((moment - EPOCH).total_seconds()) * 1_000_000


def office(*closed: date, **hours: str) -> Calendar:
    opened = hours or {"mon-fri": "09:00-17:00"}
    return Calendar(
        id="office",
        zone="Europe/London",
        open={key.replace("_", "-"): Hours.parse(value) for key, value in opened.items()},
        closed=closed,
    )


OFFICE = office()
FRIDAY = at("2026-06-05 16:00")
FOUR, EIGHT = Duration(4, "h"), Duration(8, "h")


@pytest.mark.parametrize(
    ("hours", "due"), [(1, "2026-06-05 17:00"), (4, "2026-06-08 12:00"), (8, "2026-06-08 16:00")]
)
def test_w3_hours_count_only_while_it_is_open(hours: int, due: str) -> None:
    assert add_open_time(OFFICE, FRIDAY, Duration(hours, "h")) == at(due)


@pytest.mark.parametrize(
    ("pause", "due"),
    [
        (("2026-06-08 10:00", "2026-06-08 12:00"), "2026-06-09 10:00"),
        (("2026-06-05 16:30", "2026-06-08 10:00"), "2026-06-09 09:30"),
        (("2026-06-09 10:00", "2026-06-09 12:00"), "2026-06-08 16:00"),  # after it has run out
        (("2026-06-05 09:00", "2026-06-05 16:30"), "2026-06-08 16:30"),  # begun before the clock
    ],
)
def test_w3_a_pause_puts_the_end_off(pause: tuple[str, str], due: str) -> None:
    assert due_at(OFFICE, FRIDAY, EIGHT, [(at(pause[0]), at(pause[1]))]) == at(due)


def test_a_second_pause_counts_where_the_first_has_moved_the_end_behind_it() -> None:
    pauses = [("2026-06-08 10:00", "2026-06-08 12:00"), ("2026-06-09 09:00", "2026-06-09 10:00")]
    due = due_at(OFFICE, FRIDAY, EIGHT, [(at(begins), at(ends)) for begins, ends in pauses])
    assert due == at("2026-06-09 11:00")


def test_w3_a_holiday_is_closed() -> None:
    assert add_open_time(office(date(2026, 6, 8)), FRIDAY, EIGHT) == at("2026-06-09 16:00")


def test_w3_durations_are_taken_in_utc() -> None:
    # given a weekend in which London's clocks go forward
    friday, monday = at("2026-03-27 16:00"), at("2026-03-30 16:00")
    assert open_time_between(None, friday, monday) == 2 * DAY + 23 * HOUR
    # and a calendar that is open through that night
    night = office(**{"sat": "20:00-08:00"})
    assert open_time_between(night, friday, monday) == 11 * HOUR


@pytest.mark.parametrize(
    ("start", "days", "due"),
    [
        ("2026-06-05 16:00", 1, "2026-06-08 16:00"),
        ("2026-06-05 16:00", 3, "2026-06-10 16:00"),
        ("2026-06-06 12:00", 1, "2026-06-09 09:00"),  # Saturday counts from Monday 09:00
        ("2026-06-05 18:30", 1, "2026-06-09 09:00"),
        ("2026-06-05 08:00", 1, "2026-06-08 09:00"),
        ("2026-03-27 16:00", 1, "2026-03-30 16:00"),  # over a change of the clocks
    ],
)
def test_days_are_open_days(start: str, days: int, due: str) -> None:
    assert add_open_time(OFFICE, at(start), Duration(days, "d")) == at(due)


def test_a_day_ends_where_the_next_open_day_closes_earlier() -> None:
    short = office(**{"mon_thu": "09:00-17:00", "fri": "09:00-13:00"})
    assert add_open_time(short, at("2026-06-04 16:30"), Duration(1, "d")) == at("2026-06-05 13:00")


def test_without_a_calendar_all_time_is_open() -> None:
    assert add_open_time(None, FRIDAY, EIGHT) == FRIDAY + 8 * HOUR
    assert add_open_time(None, FRIDAY, Duration(2, "d")) == FRIDAY + 2 * DAY
    assert add_open_time(None, FRIDAY, 90 * MINUTE) == FRIDAY + 90 * MINUTE
    assert due_at(None, FRIDAY, EIGHT, [(FRIDAY + HOUR, FRIDAY + 3 * HOUR)]) == FRIDAY + 10 * HOUR


def test_open_time_between() -> None:
    monday = at("2026-06-08 12:00")
    assert open_time_between(OFFICE, FRIDAY, monday) == 4 * HOUR
    assert open_time_between(OFFICE, monday, FRIDAY) == 0
    assert open_time_between(OFFICE, at("2026-06-06 10:00"), at("2026-06-07 10:00")) == 0


def test_hours_may_go_over_midnight() -> None:
    night = office(**{"fri": "22:00-06:00"})
    # given Friday 23:00, seven of the eight hours left
    assert open_time_between(night, at("2026-06-05 23:00"), at("2026-06-08 00:00")) == 7 * HOUR
    # and Saturday 01:00 lies in Friday's span
    assert add_open_time(night, at("2026-06-06 01:00"), FOUR) == at("2026-06-06 05:00")


def test_spans_that_touch_are_one() -> None:
    calendar = office(**{"mon-fri": "09:00-12:00", "mon": "12:00-15:00", "tue": "14:00-15:00"})
    monday = date(2026, 6, 8).toordinal()
    assert spans_of(calendar, monday) == [(at("2026-06-08 09:00"), at("2026-06-08 15:00"))]
    assert len(spans_of(calendar, monday + 1)) == 2


def test_an_opening_that_the_clocks_skip_is_the_next_time_that_exists() -> None:
    # given London on the day that has no 01:30
    early = office(**{"sun": "01:30-03:00"})
    sunday = date(2026, 3, 29).toordinal()
    assert spans_of(early, sunday) == [(at("2026-03-29 02:00"), at("2026-03-29 03:00"))]


@pytest.mark.parametrize(
    ("zone", "start", "hours", "due"),
    [
        # the night of 29 March 2026 is an hour shorter in London, that of 25 October an hour longer
        ("Europe/London", "2026-03-29 00:00", 8, "2026-03-29 09:00"),
        ("Europe/London", "2026-10-25 00:00", 8, "2026-10-25 07:00"),
        # half an hour on Lord Howe, on 5 April and 4 October
        ("Australia/Lord_Howe", "2026-04-05 00:00", 8, "2026-04-05 07:30"),
        ("Australia/Lord_Howe", "2026-10-04 00:00", 8, "2026-10-04 08:30"),
        ("America/St_Johns", "2026-03-08 00:00", 8, "2026-03-08 09:00"),
        ("Pacific/Apia", "2026-03-29 00:00", 8, "2026-03-29 08:00"),
        # a day that Samoa left out: 30 December 2011
        ("Pacific/Apia", "2011-12-29 20:00", 8, "2011-12-31 04:00"),
    ],
)
def test_hours_are_elapsed_where_the_clocks_change(zone: str, start: str, hours: int, due: str) -> None:
    # given a calendar that never closes
    always = Calendar(id="always", zone=zone, open={"mon-sun": Hours.parse("00:00-24:00")})
    place = ZoneInfo(zone)
    assert add_open_time(always, at(start, place), Duration(hours, "h")) == at(due, place)
    assert open_time_between(always, at(start, place), at(due, place)) == hours * HOUR


@pytest.mark.parametrize(
    ("start", "due"),
    [("2028-02-28 16:00", "2028-02-29 16:00"), ("2027-02-26 16:00", "2027-03-01 16:00")],
)
def test_the_29th_of_february_is_a_day_where_there_is_one(start: str, due: str) -> None:
    assert add_open_time(OFFICE, at(start), EIGHT) == at(due)
    assert add_open_time(OFFICE, at(start), Duration(1, "d")) == at(due)


def test_a_day_with_hours_of_its_own_has_those_alone() -> None:
    # given a half day on Christmas Eve, a Thursday, a Saturday that is open, and two holidays
    half = {"2026-12-24": Hours.parse("09:00-13:00"), "2026-12-26": Hours.parse("10:00-12:00")}
    calendar = msgspec.structs.replace(OFFICE, special=half, closed=(date(2026, 12, 25), date(2026, 12, 28)))
    start = at("2026-12-23 16:00")
    for hours, due in ((1, "23 17:00"), (5, "24 13:00"), (6, "26 11:00"), (8, "29 10:00")):
        assert add_open_time(calendar, start, Duration(hours, "h")) == at(f"2026-12-{due}")
    assert add_open_time(calendar, start, Duration(1, "d")) == at("2026-12-24 13:00")


def test_the_same_hours_are_other_instants_in_another_zone() -> None:
    start = at("2026-06-08 12:00", ZoneInfo("UTC"))
    dues = [
        add_open_time(msgspec.structs.replace(OFFICE, zone=zone), start, FOUR)
        for zone in ("UTC", "Asia/Tokyo", "America/New_York")
    ]
    assert dues == [
        at("2026-06-08 16:00", ZoneInfo("UTC")),
        at("2026-06-09 13:00", ZoneInfo("Asia/Tokyo")),
        at("2026-06-08 13:00", ZoneInfo("America/New_York")),
    ]


@pytest.mark.parametrize(
    ("end", "hours", "start"),
    [
        ("2026-06-08 16:00", 1, "2026-06-08 15:00"),
        ("2026-06-08 09:30", 1, "2026-06-05 16:30"),
        ("2026-06-08 10:00", 9, "2026-06-05 09:00"),
        ("2026-06-07 10:00", 1, "2026-06-05 16:00"),
    ],
)
def test_what_comes_so_long_before_an_instant(end: str, hours: int, start: str) -> None:
    assert before(OFFICE, at(end), hours * HOUR) == at(start)


def test_hours_that_lie_in_others_are_not_counted_twice_on_the_way_back() -> None:
    nested = office(**{"sat": "20:00-08:00", "sun": "00:30-03:30"})
    assert before(nested, at("2026-06-07 08:00"), 6 * HOUR) == at("2026-06-07 02:00")


def test_before_a_calendar_was_open_for_so_long_are_the_ten_years_before() -> None:
    never = Calendar(id="office", open={})
    assert before(never, FRIDAY, HOUR) == FRIDAY - 3660 * DAY
    assert before(None, FRIDAY, HOUR) == FRIDAY - HOUR


def test_a_calendar_that_never_opens_says_so() -> None:
    with pytest.raises(ValueError, match="'office' does not open enough in ten years"):
        add_open_time(Calendar(id="office", open={}), FRIDAY, EIGHT)
    with pytest.raises(ValueError, match="does not open enough"):
        add_open_time(Calendar(id="office", open={}), FRIDAY, Duration(1, "d"))


@pytest.mark.parametrize(
    ("key", "days"),
    [
        ("mon-fri", {0, 1, 2, 3, 4}),
        ("sat", {5}),
        ("sat-mon", {5, 6, 0}),
        ("mon, wed", {0, 2}),
        ("Sunday", {6}),
    ],
)
def test_weekdays(key: str, days: set[int]) -> None:
    assert weekdays_of(key) == days


@pytest.mark.parametrize("key", ["", "someday", "mon-", "-fri", "mon-xyz", "monkey", "mon-tue-wed"])
def test_what_is_no_weekday_is_refused(key: str) -> None:
    with pytest.raises(ValueError, match="names no weekdays; write mon-fri"):
        weekdays_of(key)
