import gzip
from pathlib import Path

import pytest

from engine.authoring.importing.events import BadRow
from engine.authoring.importing.records import csv_columns, csv_records
from engine.errors import RequestError


def written(folder: Path, data: str | bytes, name: str = "orders.csv") -> Path:
    path = folder / name
    path.write_bytes(data.encode() if isinstance(data, str) else data)
    return path


def records(path: Path) -> dict[int, object]:
    return dict(csv_records(path, len(csv_columns(path))))


def torn(path: Path) -> dict[int, bytes]:
    """Give the text of each record that was refused."""
    return {number: row.body for number, row in records(path).items() if isinstance(row, BadRow)}


def test_records_are_numbered_below_the_names_and_empty_lines_do_not_count(tmp_path: Path) -> None:
    path = written(tmp_path, "customer,note\nc1,\n\nc2,x\n")

    assert records(path) == {1: ["c1", ""], 2: ["c2", "x"]}


@pytest.mark.parametrize(
    "text",
    [
        'customer,note\nc1,ok\nc2,"open\nc3,ok\nc4,"two\nlines"\n',
        'customer,note\nc1,ok\nc2,"open\nc3,ok\nc4,"two\nlines"\nc5,ok\nc6,"end"\n',
        'customer,note\r\nc1,ok\r\nc2,"open\r\nc3,ok\r\n',
    ],
)
def test_a_quote_that_is_not_closed_costs_its_own_line_alone(tmp_path: Path, text: str) -> None:
    # given a torn quote that swallows what follows, up to another quote or the end
    path = written(tmp_path, text)

    # when the records are read
    found = records(path)

    # then its line is refused, and those below it are read by themselves
    assert torn(path) == {2: b'c2,"open'}
    assert found[1] == ["c1", "ok"] and found[3] == ["c3", "ok"]


def test_a_torn_quote_in_a_long_file_is_not_read_to_the_end(tmp_path: Path) -> None:
    path = written(tmp_path, 'customer,note\nc1,"open\n' + "c2,ok\n" * 100_000)

    found = records(path)

    assert len(found) == 100_001
    assert torn(path) == {1: b'c1,"open'}


def test_a_row_of_another_width_costs_its_neighbours_nothing(tmp_path: Path) -> None:
    path = written(tmp_path, "customer,event\nc1,seen\nc2\n\nc3,seen\n")

    assert records(path) == {
        1: ["c1", "seen"],
        2: BadRow("not_an_object", "a row of 1 cells under 2 columns", b"c2"),
        3: ["c3", "seen"],
    }


def test_a_byte_that_is_not_utf_8_costs_its_own_row_alone(tmp_path: Path) -> None:
    path = written(tmp_path, b"customer,name\nc1,Jos\xe9\nc2,Ann\n")

    assert torn(path) == {1: b"c1,Jos\xe9"}
    assert records(path)[2] == ["c2", "Ann"]


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("orders.tsv.gz", gzip.compress("\ufeffcustomer\tname\nc1\tJosé, B.\n".encode(), mtime=0)),
        ("orders.csv", 'customer;name\nc1;"José, B."\n'.encode()),
        ("orders.csv", 'customer,name\nc1,"José, B."\n'.encode("utf-16")),
    ],
)
def test_tabs_semicolons_gzip_and_byte_order_marks_are_understood(
    tmp_path: Path, name: str, data: bytes
) -> None:
    path = written(tmp_path, data, name)

    assert csv_columns(path) == ["customer", "name"]
    assert records(path) == {1: ["c1", "José, B."]}


def test_every_column_has_a_name_of_its_own(tmp_path: Path) -> None:
    assert csv_columns(written(tmp_path, "name,Name,,name\n")) == ["name", "Name_2", "column_3", "name_3"]


def test_an_empty_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RequestError, match=r"orders\.csv is empty"):
        csv_columns(written(tmp_path, ""))


def test_a_torn_gzip_is_refused(tmp_path: Path) -> None:
    path = written(
        tmp_path, gzip.compress(b"customer,event\n" + b"c1,seen\n" * 100_000)[:-10], "orders.csv.gz"
    )

    with pytest.raises(RequestError, match="cannot be read"):
        records(path)
