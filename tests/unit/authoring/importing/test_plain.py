import gzip
from decimal import Decimal
from pathlib import Path

import pytest

from engine.authoring.importing.events import BadRow
from engine.authoring.importing.plain import csv_columns, csv_rows, json_events
from engine.errors import RequestError


def rows(path: Path) -> list[object]:
    return list(csv_rows(path, csv_columns(path)))


def test_columns_of_numbers_and_truths_have_numbers_and_truths(tmp_path: Path) -> None:
    # given columns that hold numbers throughout, once, and truths
    path = tmp_path / "orders.csv"
    path.write_text("customer,total,code,gift\n007,12.50,1,true\n8,3,A1,FALSE\n9,,,\n")

    # when they are read
    found = rows(path)

    # then an id stays a text, and so does a column with one text in it
    assert found == [
        ["007", Decimal("12.50"), "1", True],
        ["8", 3, "A1", False],
        ["9", None, None, None],
    ]


@pytest.mark.parametrize("written", ["0012", "1,250", "1e5", "+5", "12."])
def test_what_only_looks_like_a_number_stays_a_text(tmp_path: Path, written: str) -> None:
    path = tmp_path / "orders.csv"
    path.write_text(f'customer,code\nc1,"{written}"\n')

    assert rows(path) == [["c1", written]]


def test_a_row_of_another_width_costs_its_neighbours_nothing(tmp_path: Path) -> None:
    path = tmp_path / "orders.csv"
    path.write_text("customer,event\nc1,seen\nc2\n\nc3,seen\n")

    found = rows(path)

    assert found[0] == ["c1", "seen"] and found[2] == ["c3", "seen"]
    assert found[1] == BadRow("not_an_object", "a row of 1 cells under 2 columns", b"c2")


def test_tabs_gzip_and_a_byte_order_mark_are_understood(tmp_path: Path) -> None:
    path = tmp_path / "orders.tsv.gz"
    path.write_bytes(gzip.compress("\ufeffcustomer\tname\nc1\tJos\u00e9, B.\n".encode()))

    assert csv_columns(path) == ["customer", "name"]
    assert rows(path) == [["c1", "Jos\u00e9, B."]]


def test_a_byte_that_is_not_utf_8_costs_its_own_row_alone(tmp_path: Path) -> None:
    path = tmp_path / "orders.csv"
    path.write_bytes(b"customer,name\nc1,Jos\xe9\nc2,Ann\n")

    assert rows(path) == [["c1", "Jos\udce9"], ["c2", "Ann"]]


def test_an_empty_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "orders.csv"
    path.touch()

    with pytest.raises(RequestError, match=r"orders\.csv is empty"):
        csv_columns(path)


def test_a_torn_gzip_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "orders.csv.gz"
    path.write_bytes(gzip.compress(b"customer,event\nc1,seen\n" * 100)[:-10])

    with pytest.raises(RequestError, match="cannot be read"):
        rows(path)


def test_lines_of_json_come_as_they_stand_with_exact_numbers(tmp_path: Path) -> None:
    # given an event, traits, a torn line and an empty one
    path = tmp_path / "events.jsonl"
    path.write_text(
        '{"customer": "c1", "event": "seen", "properties": {"total": 0.10}}\n'
        '{"customer": "c2", "plan": "team", "name": "Ann"}\n'
        '{"customer": "c3", \n\n'
        '{"userId": "c4", "type": "identify", "traits": {"plan": "free"}}\n'
    )

    # when they are read
    found = list(json_events(path))

    # then what names no event is traits, and the torn line is told of
    assert found == [
        {"customer": "c1", "event": "seen", "properties": {"total": Decimal("0.10")}},
        {"event": "identify", "customer": "c2", "plan": "team", "name": "Ann"},
        BadRow("invalid_json", "the line is not JSON", b'{"customer": "c3",'),
        {"userId": "c4", "type": "identify", "traits": {"plan": "free"}},
    ]
