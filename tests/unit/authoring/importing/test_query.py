from decimal import Decimal
from pathlib import Path

import pytest

from engine.authoring.importing.maps import MapFile
from engine.authoring.importing.query import query_files
from engine.errors import AuthoringError, RequestError
from engine.model.importmap import ImportMap


def asking(query: str) -> MapFile:
    return MapFile(ImportMap(id="orders", query=query), "orders.yaml", 2, 8)


@pytest.fixture
def orders(tmp_path: Path) -> Path:
    path = tmp_path / "orders.csv"
    path.write_text("who,bought,total\nc1,2026-01-05 12:00:00,1.5\nc1,2026-01-06 12:00:00,2.25\n")
    return path


def refused(query: str, path: Path) -> str:
    with pytest.raises(AuthoringError) as error:
        query_files(asking(query), [path], "csv")
    return str(error.value)


def test_a_query_sees_the_files_as_source(orders: Path) -> None:
    query = "select who as customer, sum(total)::decimal(9, 2) as spent from source group by who;"

    table = query_files(asking(query), [orders], "csv")

    assert table.columns == ["customer", "spent"]
    assert [row for _, row in table.rows()] == [("c1", Decimal("3.75"))]


def test_files_of_one_shape_are_one_source(orders: Path, tmp_path: Path) -> None:
    more = tmp_path / "it's more.csv"
    more.write_text("who,total\nc2,4\n")

    table = query_files(asking("select who, total from source order by total"), [orders, more], "csv")

    assert [row for _, row in table.rows()] == [("c1", 1.5), ("c1", 2.25), ("c2", 4.0)]


def test_lines_of_other_texts_are_one_column(tmp_path: Path) -> None:
    path = tmp_path / "orders.txt"
    path.write_text(' 1  "a", b\n 2  c\n')

    table = query_files(asking("select line from source"), [path], "text")

    assert [row for _, row in table.rows()] == [(' 1  "a", b',), (" 2  c",)]


def test_instants_come_in_utc(orders: Path) -> None:
    query = "select timestamptz '2026-07-01 09:00:00+02' as at, timestamp_s '2026-07-01 09:00:00' as plain"

    table = query_files(asking(query), [orders], "csv")

    ((_, (at, plain)),) = table.rows()
    assert at == "2026-07-01T07:00:00.000000Z"
    assert plain.isoformat() == "2026-07-01T09:00:00"


@pytest.mark.parametrize(
    "query",
    [
        "select * from read_csv('/etc/hosts')",
        "select * from read_text('orders.csv')",
        "select * from 'https://example.com/a.parquet'",
        "select getenv('HOME') as home",
    ],
)
def test_a_query_reaches_nothing_else_of_the_machine(query: str, orders: Path) -> None:
    assert refused(query, orders).startswith("orders.yaml:2:8: DuckDB refuses the query: ")


@pytest.mark.parametrize(
    "query", ["select 1; select 2", "drop table source", "copy source to 'out.csv'", "set threads = 1"]
)
def test_a_query_is_one_select(query: str, orders: Path) -> None:
    assert refused(query, orders) == (
        "orders.yaml:2:8: the query is not one SELECT; write one SELECT over source"
    )


def test_a_slip_in_a_query_is_told_in_a_line(orders: Path) -> None:
    said = refused("select whom from source", orders)

    assert said.startswith("orders.yaml:2:8: DuckDB refuses the query: Binder Error")
    assert "\n" not in said


def test_a_file_that_is_none_of_its_kind_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "orders.parquet"
    path.write_text("no parquet at all")

    with pytest.raises(RequestError, match=r"orders\.parquet cannot be read"):
        query_files(None, [path], "parquet")
