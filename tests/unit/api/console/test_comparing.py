"""What differs between two texts, line by line."""

from __future__ import annotations

from api.console.comparing import AROUND, SHOWN, Row, compared, told

OLD = "\n".join(f"line {number}" for number in range(1, 31))


def test_only_what_differs_is_shown_with_lines_around_it() -> None:
    rows = compared(OLD, OLD.replace("line 20", "changed"))
    assert [(row.kind, row.old, row.new, row.text) for row in rows] == [
        ("between", None, None, ""),
        *(("same", number, number, f"line {number}") for number in (17, 18, 19)),
        ("removed", 20, None, "line 20"),
        ("added", None, 20, "changed"),
        *(("same", number, number, f"line {number}") for number in (21, 22, 23)),
    ]
    assert AROUND == 3


def test_lines_that_came_in_move_the_numbers_after_them() -> None:
    rows = compared("a\nb", "new\na\nb")
    assert rows == [Row("added", None, 1, "new"), Row("same", 1, 2, "a"), Row("same", 2, 3, "b")]


def test_nothing_is_shown_where_nothing_differs() -> None:
    assert compared(OLD, OLD) == []


def test_a_page_takes_only_so_many_lines() -> None:
    assert len(compared("", "x\n" * 5000)) == SHOWN


def test_a_diff_is_read_as_it_is_written() -> None:
    assert [row.kind for row in told("@@ -1,2 +1,2 @@\n same\n-old\n+new")] == [
        "between",
        "same",
        "removed",
        "added",
    ]
