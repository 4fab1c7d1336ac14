"""A shop's orders under twenty rules: the backtest on columns is the one on rows, byte for byte."""

from collections.abc import Callable
from pathlib import Path

import pytest

from api.cli.places import DATABASE
from engine.authoring.backtest import backtest
from engine.customers.event import Event
from engine.model.values import Micros
from tests.command_line import command_line
from tests.integration.data.columns import answers, both_ways, stored, write
from tests.virtual_engine import instant


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("orders")
    write(place)
    return place


@pytest.fixture
def events(
    folder: Path,
    public_data: Callable[[str], Path],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> list[Event]:
    """The orders, as they are stored."""
    file = public_data("onlineretail.csv.gz")
    monkeypatch.setenv(DATABASE, f"sqlite:///{folder}/orders.db")
    monkeypatch.chdir(folder)
    if not (folder / "orders.db").exists():
        said = command_line(capsys)("import", str(file), "--map", "imports/orders.yaml", "--history")
        assert said.code == 0, said.err
    return stored()


def test_weeks_that_are_played(folder: Path, events: list[Event]) -> None:
    # given the orders from their first day to the 20th of December
    end = instant("2010-12-20 00:00")

    # when they are played on rows, and by what columns say of the same occasions
    rows, columns, occasions, singly = both_ways(folder, lambda rules: backtest(rules, events, end=end))

    # then each condition of each occasion comes out alike, and so does all that follows, to the byte
    assert [each.by_row for each in occasions] == [each.answers for each in occasions]
    assert rows == columns
    # and it is columns that have judged: most of what they were asked, of enough for it to say something
    assert answers(occasions) > 50_000
    assert singly < answers(occasions) / 4


@pytest.mark.parametrize("day", ["2011-03-01", "2011-12-10"])
def test_everybody_at_one_instant(day: str, folder: Path, events: list[Event]) -> None:
    at: Micros = instant(f"{day} 00:00")

    rows, columns, occasions, singly = both_ways(folder, lambda rules: backtest(rules, events, at=at))

    assert [each.by_row for each in occasions] == [each.answers for each in occasions]
    assert rows == columns
    assert answers(occasions) > 10_000
    assert singly < answers(occasions) / 2
