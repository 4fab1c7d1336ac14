import json
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from api.cli.terminal import Terminal, clean, shown


def test_an_answer_is_one_line_of_json_with_exact_numbers(capsys: pytest.CaptureFixture[str]) -> None:
    Terminal(json=True).answer({"sum": Decimal("8911407.90"), "at": datetime(2026, 1, 5, tzinfo=UTC)})

    said = capsys.readouterr().out
    assert said == '{"sum":8911407.90,"at":"2026-01-05T00:00:00Z"}\n'
    assert json.loads(said, parse_float=Decimal)["sum"] == Decimal("8911407.90")


def test_what_customers_sent_cannot_steer_the_terminal() -> None:
    assert clean("a\x1b[2Jb\x07\x9bc\nd") == "a\ufffd[2Jb\ufffd\ufffdc\nd"


def test_a_table_in_a_file_is_plain_and_not_cut(capsys: pytest.CaptureFixture[str]) -> None:
    # given a long cell, and one that looks like markup
    rows = [("x" * 120, 1234567), ("[red]y[/red] \x1b[0m", None)]

    # when nobody watches
    Terminal().table(("name", "number#"), rows)

    # then there are no colours, no borders, and everything is there
    said = capsys.readouterr().out
    assert "\x1b" not in said
    assert "x" * 120 in said and "1,234,567" in said
    assert "[red]y[/red] \ufffd[0m" in said


def test_a_long_line_is_not_broken(capsys: pytest.CaptureFixture[str]) -> None:
    Terminal().say("word " * 100)

    assert len(capsys.readouterr().out.splitlines()) == 1


def test_notes_and_complaints_leave_the_answer_alone(capsys: pytest.CaptureFixture[str]) -> None:
    terminal = Terminal()
    terminal.note("working")
    terminal.complain("wrong")

    said = capsys.readouterr()
    assert (said.out, said.err) == ("", "working\nwrong\n")


def test_progress_is_silent_where_nobody_watches(capsys: pytest.CaptureFixture[str]) -> None:
    with Terminal().progress() as tell:
        tell("working", 1, 2)

    assert capsys.readouterr() == ("", "")


def test_steps_are_a_line_for_each_tenth(capsys: pytest.CaptureFixture[str]) -> None:
    tell = Terminal().steps()
    for done in range(101):
        tell("working", done, 100)

    said = capsys.readouterr().err.splitlines()
    assert len(said) == 11
    assert (said[0], said[-1]) == ("working: 0 of 100", "working: 100 of 100")


@pytest.mark.parametrize(
    ("value", "text"),
    [(None, ""), (True, "yes"), (False, "no"), (1234, "1,234"), (Decimal("1.50"), "1.50")],
)
def test_cells(value: object, text: str) -> None:
    assert shown(value) == text
