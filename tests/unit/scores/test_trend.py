"""The trend: the slope of least squares over the daily values of 28 days."""

from decimal import Decimal

import msgspec
import pytest

from engine.scores.trend import Daily, note, slope, totals, values

FORMULA = 7


def daily(*scores: float | None, first: int = 100) -> Daily | None:
    kept = None
    for day, score in enumerate(scores, first):
        kept = note(kept, FORMULA, day, None if score is None else Decimal(str(score)))
    return kept


def test_a_score_that_loses_half_a_point_a_day_loses_14_in_28() -> None:
    assert slope(daily(*[90 - day / 2 for day in range(28)]), 127) == Decimal("-14.00")


def test_noise_around_a_level_is_no_trend_where_the_last_step_would_be() -> None:
    # given a level on which the last value is a bad one
    scores = [60.0, 64, 57, 62, 66, 58, 61, 63, 59, 62, 60, 55]
    # then the line through all of them falls by 8 in 28 days, where the last difference would say 140
    assert slope(daily(*scores), 111) == Decimal("-7.54")


def test_the_slope_is_that_of_least_squares() -> None:
    # given seven days by hand: n 7, Sx 21, Sxx 91, Sy 392, Sxy 1147: (8029 - 8232) / (637 - 441) a day
    scores = [60.0, 57, 58, 54, 57, 52, 54]
    assert slope(daily(*scores), 106) == Decimal("-29.00")


def test_six_days_are_no_trend_and_days_without_a_value_do_not_count() -> None:
    assert slope(daily(*[50.0] * 6), 105) is None
    assert slope(daily(*[50.0] * 6, None, None), 107) is None
    assert slope(daily(*[50.0] * 6, None, 50), 107) == 0


def test_days_on_which_nobody_looked_are_days_without_a_value() -> None:
    kept = note(daily(*[50.0] * 7), FORMULA, 116, Decimal(70))
    assert [day for day, _ in values(kept, 116)] == [100, 101, 102, 103, 104, 105, 106, 116]


def test_what_is_older_than_28_days_does_not_count() -> None:
    kept = daily(*[50.0] * 40)
    assert [day for day, _ in values(kept, 139)] == list(range(112, 140))
    # also where the last value is old
    assert values(kept, 160) == [(day, 5000) for day in range(133, 140)]
    assert slope(kept, 161) is None


def test_another_formula_begins_anew() -> None:
    kept = note(daily(*[50.0] * 28), FORMULA + 1, 128, Decimal(20))
    assert values(kept, 128) == [(128, 2000)]


@pytest.mark.parametrize(("value", "kept"), [("0", 0), ("100", 10000), ("33.335", 3334), ("33.345", 3334)])
def test_values_are_kept_in_hundredths(value: str, kept: int) -> None:
    assert values(note(None, FORMULA, 100, Decimal(value)), 100) == [(100, kept)]


def test_a_full_window_takes_little_of_the_hot_row() -> None:
    # given 28 days, the most that is kept
    full = msgspec.msgpack.encode(daily(*[99.99] * 40))
    # then they are two bytes each, and eight for which days and which formula
    assert len(full) <= 56 + 12


def test_totals_are_what_adding_up_the_values_of_each_gives() -> None:
    # given scores of several lengths, newest days and gaps
    found = [
        each
        for each in (
            daily(50, None, 60, first=98),
            daily(10, 20, None, first=98),
            daily(70, first=98),
            daily(1, 2, first=100),
            daily(9, first=60),
        )
        if each is not None
    ]
    # when they are added up a day at a time, then it is what one by one gives
    expected: dict[int, tuple[int, int]] = {}
    for each in found:
        for day, cents in values(each, 100):
            before = expected.get(day, (0, 0))
            expected[day] = before[0] + cents, before[1] + 1
    assert totals(found, 100) == expected
    # and days of which nobody has a value, or of before and after, are left out
    assert totals(found, 100) == {98: (13000, 3), 99: (2000, 1), 100: (6100, 2)}
