from decimal import Decimal

import pytest

from engine.errors import ValueSyntaxError
from engine.model.values import (
    DAY,
    HOUR,
    Ago,
    AtMost,
    BudgetLimit,
    Ceiling,
    Duration,
    Formula,
    Hours,
    Money,
    Observations,
    Percent,
    Period,
    PerWeek,
    Reentry,
    Retry,
    TimeOfDay,
    Written,
)


@pytest.mark.parametrize(
    ("text", "micros", "days"),
    [
        ("30m", HOUR // 2, None),
        ("12h", 12 * HOUR, None),
        ("3d", 3 * DAY, 3),
        ("2w", 14 * DAY, 14),
        ("3660d", 3660 * DAY, 3660),
    ],
)
def test_a_duration_is_read(text: str, micros: int, days: int | None) -> None:
    duration = Duration.parse(text)
    assert (duration.micros, duration.days, str(duration)) == (micros, days, text)


@pytest.mark.parametrize(
    "text", ["", "3", "3 d", "-1d", "d", "1.5d", "3D", "3y", "1d2h", 3, None, Decimal("2.5"), True]
)
def test_what_is_no_duration_is_told_what_to_write(text: object) -> None:
    with pytest.raises(ValueSyntaxError, match="is not a length of time; write 30m, 12h, 3d or 2w"):
        Duration.parse(text)


@pytest.mark.parametrize(
    ("text", "says"),
    [("0d", "no time at all"), ("3661d", "over ten years"), ("999999999w", "over ten years")],
)
def test_a_duration_is_neither_nothing_nor_for_ever(text: str, says: str) -> None:
    with pytest.raises(ValueSyntaxError, match=says):
        Duration.parse(text)


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [
        (Ago, "28d ago", Ago(Duration(28, "d"))),
        (Percent, "10%", Percent(Decimal("0.1"))),
        (Percent, "12.5 %", Percent(Decimal("0.125"))),
        (Money, "25.00 EUR", Money(Decimal("25.00"), "EUR")),
        (TimeOfDay, "06:00", TimeOfDay(6, 0)),
        (Hours, "21:00-08:00", Hours(TimeOfDay(21, 0), TimeOfDay(8, 0))),
        (Hours, "09:00 - 24:00", Hours(TimeOfDay(9, 0), TimeOfDay(24, 0))),
        (AtMost, "1 per 30d", AtMost(1, Duration(30, "d"))),
        (PerWeek, "5 per week", PerWeek(Decimal(5))),
        (Observations, "30 observations", Observations(30)),
        (Retry, "5 times from 10s", Retry(5, Duration(10, "s"))),
        (Reentry, "never", Reentry("never")),
        (Reentry, "after 7d", Reentry("after", Duration(7, "d"))),
        (Period, "12 months", Period(12)),
        (Period, "calendar year", Period(12, True)),
        (BudgetLimit, "5000.00 EUR per month", BudgetLimit(Money(Decimal("5000.00"), "EUR"), "month")),
        (Ceiling, "10 messages per customer per day", Ceiling(10)),
        (Formula, "customer.plan != 'free'", Formula("customer.plan != 'free'")),
    ],
)
def test_each_kind_of_value_is_read(kind: type[Written], text: str, value: Written) -> None:
    assert kind.parse(text) == value


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        (Ago, "28d"), (Percent, "110%"), (Percent, "10"), (Percent, "-5%"), (Money, "25"), (Money, "25 eur"),
        (TimeOfDay, "24:00"), (TimeOfDay, "6:00"), (TimeOfDay, "09:60"), (Hours, "09:00-09:00"),
        (Hours, "9-17"), (AtMost, "0 per 30d"), (AtMost, "1 per day"), (Retry, "5 times"),
        (Reentry, "after"), (Reentry, "never 7d"), (Reentry, "sometimes"), (Period, "0 months"),
        (Period, "61 months"), (BudgetLimit, "5000 per month"), (Ceiling, "10 a day"),
    ],
)  # fmt: skip
def test_what_is_no_such_value_is_refused(kind: type[Written], text: str) -> None:
    with pytest.raises(ValueSyntaxError):
        kind.parse(text)
