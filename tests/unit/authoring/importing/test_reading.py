import sys
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest

from engine.authoring.importing import read_rows
from engine.authoring.importing.maps import MapFile
from engine.errors import AuthoringError, RequestError
from engine.model.importmap import ImportMap

EVENTS = "customer,event,at,total\nc1,order_completed,2026-01-05 12:00,12.50\n"


def written(folder: Path, name: str, text: str = EVENTS) -> Path:
    path = folder / name
    path.write_text(text)
    return path


def test_a_csv_of_events_needs_no_map_and_no_duckdb(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # given an installation without the extra
    monkeypatch.setitem(sys.modules, "duckdb", None)
    path = written(tmp_path, "orders.csv")

    # when its events are read
    found = [row.event for row in read_rows([path]).rows]

    # then they are there, in UTC
    assert found == [
        {
            "customer": "c1",
            "event": "order_completed",
            "at": "2026-01-05T12:00:00+00:00",
            "properties": {"total": Decimal("12.50")},
        }
    ]


def test_without_duckdb_a_query_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "duckdb", None)
    path = written(tmp_path, "orders.csv")
    asked = MapFile(ImportMap(id="orders", query="select * from source"), "orders.yaml")

    with pytest.raises(RequestError, match=r"pip install 'holdfast\[import\]'"):
        read_rows([path], asked)


def test_a_map_without_a_query_gives_the_zone_of_plain_files(tmp_path: Path) -> None:
    path = written(tmp_path, "orders.csv")
    berlin = MapFile(ImportMap(id="orders", zone="Europe/Berlin"), "orders.yaml")

    ((_, found, _),) = read_rows([path], berlin).rows

    assert isinstance(found, dict) and found["at"] == "2026-01-05T12:00:00+01:00"


def test_customers_are_a_file_without_events(tmp_path: Path) -> None:
    path = written(tmp_path, "people.csv", "customer,plan\nc1,team\n")

    assert [row.event for row in read_rows([path]).rows] == [
        {"event": "identify", "customer": "c1", "properties": {"plan": "team"}}
    ]


def test_parquet_is_read_by_its_own_columns(tmp_path: Path) -> None:
    path = tmp_path / "orders.parquet"
    select = "select 'c1' as customer, 'seen' as event, timestamp '2026-01-05 12:00:00' as at, 1.5 as total"
    duckdb.sql(select).write_parquet(str(path))

    assert [row.event for row in read_rows([path]).rows] == [
        {
            "customer": "c1",
            "event": "seen",
            "at": "2026-01-05T12:00:00+00:00",
            "properties": {"total": Decimal("1.5")},
        }
    ]


def test_a_query_has_to_give_who_what_and_when(tmp_path: Path) -> None:
    path = written(tmp_path, "orders.csv")
    asked = MapFile(ImportMap(id="orders", query="select customer from source"), "orders.yaml", 2, 3)

    with pytest.raises(AuthoringError) as refused:
        read_rows([path], asked)

    assert str(refused.value) == (
        "orders.yaml:2:3: the query gives no column event or at; "
        "it needs customer, event and at; every other column is a property"
    )


@pytest.mark.parametrize(
    ("name", "text", "sentence"),
    [
        ("orders.csv", "who,total\nc1,1\n", "orders.csv has no column customer; events need customer"),
        ("orders.csv", "customer,event\nc1,seen\n", "orders.csv has no column at"),
        (
            "orders.txt",
            "c1 seen\n",
            "orders.txt has no columns; write a map with a query that takes its lines apart",
        ),
        ("orders.xlsx", "", "orders.xlsx is no file that can be imported"),
    ],
)
def test_a_file_that_cannot_be_imported_says_why(tmp_path: Path, name: str, text: str, sentence: str) -> None:
    path = written(tmp_path, name, text)

    with pytest.raises(RequestError) as refused:
        read_rows([path])

    assert str(refused.value).startswith(sentence)


def test_files_that_are_missing_or_of_two_kinds_are_refused(tmp_path: Path) -> None:
    with pytest.raises(RequestError, match="there is no file"):
        read_rows([tmp_path / "none.csv"])
    several = [written(tmp_path, "orders.csv"), written(tmp_path, "orders.jsonl", "")]
    with pytest.raises(RequestError, match="different kinds"):
        read_rows(several)
