"""Erasing from a terminal, alone and beside a server."""

import io
import sys
from pathlib import Path

import pytest

from tests.command_line import Holdfast
from tests.integration.cli.test_running import server

__all__ = ["server"]


class Typed(io.StringIO):
    """A terminal at which somebody has typed something."""

    def isatty(self) -> bool:
        return True


@pytest.fixture
def imported(workspace: Path, holdfast: Holdfast) -> Path:
    assert holdfast("import", "orders.csv", "--yes").code == 0
    return workspace


def test_erase_takes_a_customer_away(imported: Path, holdfast: Holdfast) -> None:
    # given
    assert b"c1" in (imported / "holdfast.db").read_bytes()

    # when
    found = holdfast("erase", "c1", "--yes", "--json").answer

    # then
    assert found["customer"].startswith("erased:") and found["rows"]["event"] >= 2
    assert holdfast("erase", "c1", "--yes").out == "c1 was erased before\n"
    doctor = holdfast("doctor", "--json").answer
    assert doctor["balanced"] and doctor["erased"] == 2


def test_erase_asks_for_the_id_again(
    imported: Path, holdfast: Holdfast, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdin", Typed("c2\n"))
    assert holdfast("erase", "c1").err == "holdfast: nothing was erased\n"

    monkeypatch.setattr(sys, "stdin", io.StringIO())
    assert "say --yes" in holdfast("erase", "c1").err

    monkeypatch.setattr(sys, "stdin", Typed("c1\n"))
    assert "c1 is erased; skeletons stay under erased:" in holdfast("erase", "c1").out


def test_erasing_somebody_nobody_knows_is_an_error(imported: Path, holdfast: Holdfast) -> None:
    said = holdfast("erase", "c99", "--yes")

    assert (said.code, said.err) == (1, "holdfast: there is no customer c99\n")


def test_erase_goes_through_a_server_that_runs(server: str, holdfast: Holdfast) -> None:
    # given
    holdfast("import", "orders.csv", "--yes")

    # when
    found = holdfast("erase", "c1", "--yes", "--json").answer

    # then
    assert found["rows"]["event"] >= 2 and not found["already"]
