"""Retention curves: exactly, at any time later, in brackets, and what has not ended yet."""

import datetime as dt

from engine.customers.zones import instant_of, zone
from engine.metrics.curves import Curve, Grid, Kind
from engine.metrics.periods import begins, first_day, number_of, whole_month
from engine.model.reasons import NoFigure

BERLIN = zone("Europe/Berlin")
NOW = instant_of(dt.datetime(2026, 3, 10, tzinfo=dt.UTC))


def day(number: int) -> int:
    return instant_of(dt.datetime(2026, 3, number, 12, tzinfo=dt.UTC))


def cells(curve: Curve, *customers: tuple[int, ...]) -> list[tuple[int, list[int | None]]]:
    grid = Grid(curve, day(1), day(2), NOW, BERLIN)
    for days in customers:
        grid.add([day(each) for each in days])
    return [
        (row.size, [cell.numerator if cell.value is not None else None for cell in row.cells])
        for row in grid.rows()
    ]


def test_exactly_that_day_or_that_day_and_any_later_one() -> None:
    customers = ((1, 2, 4), (1, 4), (1,), (2, 3))

    def first(kind: Kind) -> tuple[int, list[int | None]]:
        return cells(Curve(unit="day", kind=kind, cells=3), *customers)[0]

    assert first("n_day") == (3, [1, 0, 2])
    assert first("unbounded") == (3, [2, 2, 2])


def test_a_bracket_is_met_once() -> None:
    curve = Curve(unit="day", kind="bracket", brackets=((1, 1), (2, 3), (4, 7)))
    assert cells(curve, (1, 3, 4), (1, 2, 3), (1, 2, 8))[0] == (3, [2, 2, 1])


def test_everybody_active_in_a_period_or_only_who_began_in_it() -> None:
    assert [size for size, _ in cells(Curve(unit="day", cells=1), (1, 2), (2, 3))] == [1, 1]
    assert [size for size, _ in cells(Curve(unit="day", cells=1, cohort="active"), (1, 2), (2, 3))] == [1, 2]


def test_what_has_not_ended_is_null_and_not_nothing() -> None:
    # given that it is 10 March 01:00 in Berlin
    [(size, found), *_] = cells(Curve(unit="day", cells=10), (1,))
    assert (size, found) == (1, [0] * 8 + [None, None])
    grid = Grid(Curve(unit="day", cells=9), day(1), day(2), NOW, BERLIN)
    grid.add([day(1)])
    assert grid.rows()[0].cells[8].reason is NoFigure.INCOMPLETE


def test_a_cohort_of_nobody_has_no_share() -> None:
    grid = Grid(Curve(unit="day", cells=1), day(1), day(2), NOW, BERLIN)
    [cell] = grid.rows()[0].cells
    assert (cell.value, cell.reason) == (None, NoFigure.EMPTY_DENOMINATOR)


def test_periods_follow_one_another_over_a_change_of_the_clocks() -> None:
    march, april = (number_of("month", dt.date(2026, month, 15).toordinal(), BERLIN) for month in (3, 4))
    assert april == march + 1
    assert begins("month", april, BERLIN) - begins("month", march, BERLIN) == (31 * 24 - 1) * 3_600_000_000
    assert whole_month(begins("month", march, BERLIN), begins("month", april, BERLIN), BERLIN)
    for starts in ("monday", "sunday"):
        where = zone("Europe/Berlin", starts)  # type: ignore[arg-type]
        for ordinal in range(dt.date(2026, 3, 1).toordinal(), dt.date(2026, 3, 20).toordinal()):
            number = number_of("week", ordinal, where)
            assert first_day("week", number, where) == where.week_of(ordinal)
            assert number_of("week", where.week_of(ordinal) + 7, where) == number + 1
