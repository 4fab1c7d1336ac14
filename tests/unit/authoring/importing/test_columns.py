import pytest

from engine.authoring.importing.columns import Column, kind_of, profile
from engine.authoring.importing.events import BadRow


def column(*values: object) -> Column:
    """Give what is known of a column with these values."""
    return profile(["it"], [(number, [value]) for number, value in enumerate(values, 1)]).columns[0]


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        ("17", "whole"),
        ("-3", "whole"),
        ("0017", "text"),
        ("1.50", "number"),
        ("true", "truth"),
        ("2026-03-05", "time"),
        ("2026-03-05 10:15:00 +0100", "time"),
        ("5/3/2026 9:30 AM", "time"),
        ("5.3.2026", "time"),
        ("ann@example.com", "email"),
        ("1,250", "text"),
        (True, "truth"),
        (2.5, "number"),
        ([1], "other"),
    ],
)
def test_each_value_has_a_kind(value: object, kind: str) -> None:
    assert kind_of(value) == kind


def test_whole_and_other_numbers_are_numbers() -> None:
    assert column("1", "2.5", "3").kind == "number"
    assert column("1", "2", "").kind == "whole"


def test_a_column_with_a_few_values_of_another_kind_tells_in_which_rows() -> None:
    # given a column of times in which two are none
    times = ["2026-03-05"] * 98
    found = column(*times[:40], "soon", *times[40:], "later")

    # then it is a column of times, and the rows are known
    assert (found.kind, found.mixed, found.odd) == ("time", 2, [41, 100])


def test_a_column_of_half_numbers_is_text_in_which_everything_fits() -> None:
    found = column("1", "a", "2", "b")

    assert (found.kind, found.mixed, found.odd) == ("text", 0, [])


def test_days_before_months_are_seen_where_a_day_is_over_12() -> None:
    assert column("5/3/2026", "13/3/2026").day_first
    assert column("3/13/2026").month_first
    ambiguous = column("5/3/2026")
    assert not (ambiguous.day_first or ambiguous.month_first)


def test_rows_that_could_not_be_taken_apart_are_counted() -> None:
    found = profile(["it"], [(1, ["a"]), (2, BadRow("not_an_object", "torn")), (3, [""])])

    assert (found.rows, found.torn) == (3, 1)
    assert (found.columns[0].filled, found.columns[0].empty) == (1, 1)
