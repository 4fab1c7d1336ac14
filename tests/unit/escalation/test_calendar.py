"""W3: office hours in London, pauses, holidays, changes of the clocks."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest

from engine.escalation.calendar import add_open_time, due_at, open_time_between, spans_of, weekdays_of
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
