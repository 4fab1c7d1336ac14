from decimal import Decimal
from pathlib import Path

import pytest

from engine.authoring.importing.events import BadRow
from engine.authoring.importing.plain import csv_rows, json_events
from engine.authoring.importing.records import csv_columns


def rows(path: Path) -> list[object]:
    return [row for _, row in csv_rows(path, csv_columns(path))]


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
    found = [event for _, event in json_events(path)]

    # then what names no event is traits, and the torn line is told of
    assert found == [
        {"customer": "c1", "event": "seen", "properties": {"total": Decimal("0.10")}},
        {"event": "identify", "customer": "c2", "plan": "team", "name": "Ann"},
        BadRow("invalid_json", "the line is not JSON", b'{"customer": "c3",'),
        {"userId": "c4", "type": "identify", "traits": {"plan": "free"}},
    ]
