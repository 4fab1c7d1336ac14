"""Zones: days, weeks and wall-clock times, where clocks skip and repeat."""

from datetime import date

import pytest

from engine.customers.zones import zone
from tests.customer_facts import at


def day(text: str) -> int:
    return date.fromisoformat(text).toordinal()


@pytest.mark.parametrize(
    ("name", "local", "minutes", "instant"),
    [
        ("Europe/Berlin", "2026-07-01", 9 * 60, "2026-07-01T07:00Z"),
        ("America/New_York", "2026-03-08", 2 * 60 + 30, "2026-03-08T07:00Z"),  # skipped: 3:00 is next
        ("America/New_York", "2026-11-01", 1 * 60 + 30, "2026-11-01T05:30Z"),  # doubled: the first
        ("America/Santiago", "2026-09-06", 0, "2026-09-06T04:00Z"),  # midnight itself is skipped
        ("Pacific/Apia", "2011-12-30", 9 * 60, "2011-12-30T10:00Z"),  # a whole day is skipped
        ("Australia/Lord_Howe", "2026-10-04", 2 * 60 + 10, "2026-10-03T15:30Z"),  # half an hour is skipped
    ],
)
def test_a_time_on_the_wall_is_an_instant(name: str, local: str, minutes: int, instant: str) -> None:
    assert zone(name).at(day(local), minutes) == at(instant)


@pytest.mark.parametrize(
    ("name", "instant", "local"),
    [
        ("UTC", "2026-03-08T23:59:59.999999Z", "2026-03-08"),
        ("Europe/Berlin", "2026-03-08T23:00Z", "2026-03-09"),
        ("America/Santiago", "2026-09-06T03:59:59Z", "2026-09-05"),
        ("Pacific/Apia", "2011-12-30T09:59Z", "2011-12-29"),
        ("Pacific/Apia", "2011-12-30T10:00Z", "2011-12-31"),
    ],
)
def test_an_instant_lies_in_a_day(name: str, instant: str, local: str) -> None:
    assert zone(name).day_of(at(instant)) == day(local)


def test_a_week_begins_on_the_day_that_the_workspace_says() -> None:
    # Given the Saturday 21 November 2026
    saturday = day("2026-11-21")
    assert zone("UTC").week_of(saturday) == day("2026-11-16")
    assert zone("UTC", "sunday").week_of(saturday) == day("2026-11-15")
    assert zone("UTC", "saturday").week_of(saturday) == saturday


@pytest.mark.parametrize("name", ["", "Mars/Olympus", "../etc/passwd", "Europe"])
def test_an_unknown_zone_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="is not a time zone"):
        zone(name)
