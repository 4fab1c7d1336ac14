from datetime import date
from decimal import Decimal
from pathlib import Path

from engine.authoring.importing import read_rows
from engine.authoring.importing.events import BadRow, Row
from engine.authoring.importing.refusals import RefusedRows


def test_a_mended_report_can_be_imported_as_it_is(tmp_path: Path) -> None:
    # given a report of a row with a time that is none, whose time was mended
    path = tmp_path / "refused.csv"
    cells = ["c1", "seen", "soon", Decimal("12.50"), None, True]
    with RefusedRows(path, ["customer", "event", "at", "total", "note", "gift"]) as report:
        report.add(Row(7, {"customer": "c1"}, cells), "the event's time is no time")
    assert path.read_text().splitlines() == [
        "refused_row,refused_reason,refused_text,customer,event,at,total,note,gift",
        "7,the event's time is no time,,c1,seen,soon,12.50,,true",
    ]
    path.write_text(path.read_text().replace("soon", "2026-01-05"))

    # then it is read without what was said of it
    assert [row.event for row in read_rows([path]).rows] == [
        {
            "customer": "c1",
            "event": "seen",
            "at": "2026-01-05T00:00:00+00:00",
            "properties": {"total": Decimal("12.50"), "gift": True},
        }
    ]


def test_what_could_not_be_taken_apart_stands_as_text(tmp_path: Path) -> None:
    path = tmp_path / "refused.csv"
    with RefusedRows(path, ["customer", "source_row"]) as report:
        report.add(Row(2, BadRow("bad_value", "torn", b'c1,"Jos\xe9')), "torn")
        report.add(Row(3, {"customer": 5}, ()), "no time")
        report.add(Row(4, {}, [date(2026, 1, 5), 4]), "no time")

    assert path.read_text().splitlines() == [
        "refused_row,refused_reason,refused_text,customer",
        '2,torn,"c1,""Jos\\xe9"',
        '3,no time,"{""customer"":5}"',
        "4,no time,,2026-01-05",
    ]


def test_nothing_is_written_where_nothing_is_refused_and_nothing_is_lost(tmp_path: Path) -> None:
    path = tmp_path / "refused.csv"
    with RefusedRows(path, ["customer"]):
        pass
    assert not path.exists()
    for number in (1, 2):
        with RefusedRows(path, ["customer"]) as report:
            report.add(Row(number, {}, ["c1"]), "no time")
    assert len(path.read_text().splitlines()) == 3
