import datetime as dt

import pytest

from engine.errors import ValueSyntaxError
from engine.model.schedule import Schedule
from engine.model.values import Duration, TimeOfDay


@pytest.mark.parametrize(
    ("text", "schedule"),
    [
        ("daily at 06:00", Schedule("daily", at=TimeOfDay(6, 0))),
        ("weekly on monday at 09:00", Schedule("weekly", at=TimeOfDay(9, 0), weekday=0)),
        ("monthly on 31 at 09:00", Schedule("monthly", at=TimeOfDay(9, 0), day=31)),
        ("every 15m", Schedule("every", every=Duration(15, "m"))),
        ("once at 2027-03-01 09:00", Schedule("once", at=TimeOfDay(9, 0), date=dt.date(2027, 3, 1))),
        ("0 6 * * 1", Schedule("cron", cron="0 6 * * 1")),
        ("daily at 06:00 in customer time", Schedule("daily", at=TimeOfDay(6, 0), customer_time=True)),
    ],
)
def test_a_schedule_is_read(text: str, schedule: Schedule) -> None:
    assert Schedule.parse(text) == schedule


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("daily", "is not a schedule"),
        ("daily at 6", "is not a schedule"),
        ("daily at 25:00", "is not a time of day"),
        ("weekly on mon at 09:00", "is not a schedule"),
        ("monthly on 0 at 09:00", "a month has no day 0"),
        ("every 7m", "does not divide a day"),
        ("every 48h", "does not divide a day"),
        ("once at 2027-02-29 09:00", "2027-02-29 is no day"),
        ("99 * * * *", "is not a schedule"),
        (7, "is not a schedule"),
    ],
)
def test_what_is_no_schedule_is_told_why(text: object, says: str) -> None:
    with pytest.raises(ValueSyntaxError, match=says):
        Schedule.parse(text)
