import csv
from datetime import date
from decimal import Decimal
from pathlib import Path

from engine.authoring.importing import read_rows
from engine.authoring.importing.events import BadRow, Row
from engine.authoring.importing.query import query_files
from engine.authoring.importing.records import csv_columns, csv_records
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


FORMULAS = ["=1+1", "+1", "-5", "@SUM(1)", "\tx", "\rx", "'=1", "ann"]


def test_no_cell_of_a_report_is_a_formula_and_what_is_read_is_what_was_there(tmp_path: Path) -> None:
    # given a report whose row and columns begin as formulas do
    path = tmp_path / "refused.csv"
    columns = ["customer", "event", "=cmd", *"abcdefg"]
    with RefusedRows(path, columns) as report:
        report.add(Row(1, {}, ["c1", "seen", *FORMULAS]), "no time")
    # then it comes out as it went in, read as it is and by a query
    assert csv_columns(path)[5] == "=cmd"
    ((_, read),) = csv_records(path, len(csv_columns(path)))
    assert isinstance(read, list) and read[5:] == FORMULAS
    ((_, queried),) = query_files(None, [path], "csv").rows()
    assert not isinstance(queried, BadRow) and [str(cell) for cell in queried[5:]] == FORMULAS
    # and no cell of it is a formula, of a torn row neither
    with RefusedRows(path, columns) as report:
        report.add(Row(2, BadRow("bad_value", "torn", b"=1+1"), ()), "=torn")
    with path.open(newline="") as file:
        cells = [cell for row in csv.reader(file) for cell in row]
    assert "'=torn" in cells and "'=1+1" in cells
    assert [cell for cell in cells if cell.startswith(("=", "+", "-", "@", "\t", "\r"))] == []


def test_a_file_that_is_no_report_keeps_its_quotes(tmp_path: Path) -> None:
    path = tmp_path / "export.csv"
    path.write_text("customer,note\nc1,'=1\n")
    assert [cells for _, cells in csv_records(path, 2)] == [["c1", "'=1"]]
