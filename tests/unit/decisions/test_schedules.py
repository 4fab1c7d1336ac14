"""When a schedule comes round, above all where the clocks change."""

import itertools
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.customers.zones import Zone, zone
from engine.decisions.schedules import _turns, next_after
from engine.model.schedule import Schedule
from engine.model.values import HOUR, Micros
from tests.virtual_engine import instant, told


def rounds(schedule: str, place: str, after: str, count: int) -> list[str]:
    """The next times in UTC."""
    written, there = Schedule.parse(schedule), zone(place)

    def follow(at: Micros | None) -> Iterator[Micros]:
        while at is not None and (at := next_after(written, there, at)) is not None:
            yield at

    return [told(at) for at in itertools.islice(follow(instant(after)), count)]


def test_it_comes_round_strictly_after_an_instant() -> None:
    assert rounds("daily at 06:00", "UTC", "2026-03-02 05:59", 1) == ["2026-03-02 06:00"]
    assert rounds("daily at 06:00", "UTC", "2026-03-02 06:00", 1) == ["2026-03-03 06:00"]


def test_a_time_on_the_wall_keeps_its_place_when_the_clocks_change() -> None:
    # Berlin: an hour ahead of UTC until 29 March 2026, two hours from then on
    assert rounds("daily at 06:00", "Europe/Berlin", "2026-03-28 00:00", 2) == [
        "2026-03-28 05:00",
        "2026-03-29 04:00",
    ]


@pytest.mark.parametrize("schedule", ["daily at 02:30", "30 2 * * *"])
def test_a_time_that_is_skipped_runs_at_the_next_that_exists(schedule: str) -> None:
    # on 29 March 02:00 is followed by 03:00, which is 01:00 UTC
    assert rounds(schedule, "Europe/Berlin", "2026-03-28 12:00", 2) == [
        "2026-03-29 01:00",
        "2026-03-30 00:30",
    ]


@pytest.mark.parametrize("schedule", ["daily at 02:30", "30 2 * * *"])
def test_a_time_that_is_doubled_runs_once(schedule: str) -> None:
    # on 25 October 02:30 is 00:30 UTC and again 01:30 UTC
    assert rounds(schedule, "Europe/Berlin", "2026-10-24 12:00", 2) == [
        "2026-10-25 00:30",
        "2026-10-26 01:30",
    ]


def test_two_times_of_which_one_is_skipped_onto_the_other_run_once() -> None:
    assert rounds("0 2,3 * * *", "Europe/Berlin", "2026-03-28 22:00", 2) == [
        "2026-03-29 01:00",
        "2026-03-30 00:00",
    ]


def test_a_midnight_that_is_skipped_runs_when_the_day_begins() -> None:
    # in Beirut 29 March 2026 begins at 01:00, which is 22:00 UTC of the day before
    assert rounds("daily at 00:00", "Asia/Beirut", "2026-03-28 12:00", 1) == ["2026-03-28 22:00"]


def test_weekly_comes_on_its_weekday() -> None:
    assert rounds("weekly on monday at 09:00", "UTC", "2026-03-02 09:00", 2) == [
        "2026-03-09 09:00",
        "2026-03-16 09:00",
    ]
    assert rounds("weekly on sunday at 09:00", "UTC", "2026-03-02 09:00", 1) == ["2026-03-08 09:00"]


def test_monthly_on_31_is_the_last_day_of_shorter_months() -> None:
    assert rounds("monthly on 31 at 09:00", "UTC", "2028-01-31 12:00", 3) == [
        "2028-02-29 09:00",
        "2028-03-31 09:00",
        "2028-04-30 09:00",
    ]


def test_monthly_crosses_the_end_of_the_year() -> None:
    assert rounds("monthly on 1 at 09:00", "UTC", "2026-12-01 09:00", 1) == ["2027-01-01 09:00"]


def test_steps_are_counted_from_midnight_and_begin_anew_with_the_day() -> None:
    assert rounds("every 6h", "UTC", "2026-03-02 05:00", 4) == [
        "2026-03-02 06:00",
        "2026-03-02 12:00",
        "2026-03-02 18:00",
        "2026-03-03 00:00",
    ]
    # a day of 23 hours in Berlin: steps at 0, 6, 12 and 18 hours after midnight, then the next midnight
    assert rounds("every 6h", "Europe/Berlin", "2026-03-28 22:59", 5) == [
        "2026-03-28 23:00",
        "2026-03-29 05:00",
        "2026-03-29 11:00",
        "2026-03-29 17:00",
        "2026-03-29 22:00",
    ]


def test_once_comes_once() -> None:
    assert rounds("once at 2027-03-01 09:00", "UTC", "2026-03-02 00:00", 5) == ["2027-03-01 09:00"]


def test_cron_means_its_five_fields() -> None:
    assert rounds("15 9 1 * *", "UTC", "2026-03-02 00:00", 2) == ["2026-04-01 09:15", "2026-05-01 09:15"]
    assert rounds("0 9 * * 1-5", "UTC", "2026-03-06 10:00", 1) == ["2026-03-09 09:00"]


SCHEDULES = (
    "daily at 06:00", "daily at 02:30", "weekly on monday at 08:00", "monthly on 31 at 09:00", "every 6h",
    "0 2,3 * * *", "once at 2026-03-29 02:30",
)  # fmt: skip


@given(
    schedule=st.sampled_from(SCHEDULES),
    place=st.sampled_from(["UTC", "Europe/Berlin", "Pacific/Apia"]),
    asked=st.lists(st.integers(0, 90 * 24 * 2), min_size=1, max_size=12),
)
def test_what_is_remembered_is_what_is_worked_out(schedule: str, place: str, asked: list[int]) -> None:
    # given instants in any order, as customers who were played up to different ones ask
    written, there = Schedule.parse(schedule), Zone(place)
    start = instant("2026-02-20 00:00")
    for after in (start + half * HOUR // 2 for half in asked):
        # then each turn, and the one after it, is what somebody gives who has remembered nothing
        for _ in range(2):
            found = next_after(written, there, after)
            assert found == next_after(written, Zone(place), after)
            after = found if found is not None else after


def test_a_thousand_customers_ask_for_two_turns() -> None:
    # given customers who were last played at different instants of a day
    written, there = Schedule.parse("daily at 06:00"), Zone("Europe/Berlin")
    evening = instant("2026-03-02 18:00")
    for customer in range(1000):
        due = next_after(written, there, evening - customer * 1000)
        assert due is not None
        next_after(written, there, due)
    # then two answers are kept, which held for all of them
    _, dues = _turns(written, there).known
    assert [told(due) for due in dues] == ["2026-03-03 05:00", "2026-03-04 05:00"]
