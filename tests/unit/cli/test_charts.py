"""Charts of plain characters, each with its numbers."""

from decimal import Decimal

from api.cli.charts import WIDTH, by_time, histogram, pair_bars
from engine.authoring.backtest import Bin


def test_a_month_is_told_in_days_and_holds_those_without_anything() -> None:
    rows = by_time({"2026-01-01": 2}, {"2026-01-03": 1})
    assert rows == [("2026-01-01", 2, 0), ("2026-01-02", 0, 0), ("2026-01-03", 0, 1)]


def test_half_a_year_is_told_in_weeks_from_monday() -> None:
    rows = by_time({"2026-01-07": 2, "2026-01-11": 1}, {"2026-06-01": 1})
    assert rows[0] == ("week of 2026-01-05", 3, 0)
    assert rows[-1] == ("week of 2026-06-01", 0, 1)


def test_years_are_told_in_months() -> None:
    assert by_time({"2025-01-31": 1}, {"2026-03-01": 2})[-1] == ("2026-03", 0, 2)


def test_two_sides_share_what_is_on_both() -> None:
    assert pair_bars([("a", 10, 20), ("bb", 20, 5)]) == [
        f"a   10  20  {'#' * 20}{'+' * 20}",
        f"bb  20   5  {'#' * 10}{'-' * 30}",
    ]


def test_the_least_there_is_has_a_mark() -> None:
    assert pair_bars([("a", 1, 1), ("b", 1000, 1000)])[0].endswith("  #")
    assert pair_bars([("a", 0, 0)]) == ["a  0  0"]


def test_a_threshold_stands_at_its_edge() -> None:
    drawn = histogram([Bin(None, Decimal(2), 4), Bin(Decimal(2), None, 8)], {Decimal(2): "now x >= 2"})
    assert drawn[0] == f"under 2     4  {'#' * (WIDTH // 2)}"
    assert drawn[1].startswith("-- now x >= 2 ---")
    assert drawn[2] == f"2 and more  8  {'#' * WIDTH}"
