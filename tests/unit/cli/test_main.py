import argparse
from types import SimpleNamespace
from typing import Any, cast

import pytest

from api.cli import main as cli
from api.cli.terminal import Terminal
from engine.errors import AuthoringError, Finding, StoreError


def run_command(raised: BaseException, capsys: pytest.CaptureFixture[str]) -> tuple[int, str, str]:
    """Run a command that raises; gives its exit code and what it said on both streams."""

    def run(arguments: argparse.Namespace, terminal: Terminal) -> int:
        raise raised

    code = cli.run(cast(Any, SimpleNamespace(run=run)), argparse.Namespace(), Terminal())
    said = capsys.readouterr()
    return code, said.out, said.err


def test_an_expected_error_is_one_line_on_standard_error(capsys: pytest.CaptureFixture[str]) -> None:
    assert run_command(StoreError("the database is gone"), capsys) == (
        1,
        "",
        "holdfast: the database is gone\n",
    )


def test_findings_are_a_line_each(capsys: pytest.CaptureFixture[str]) -> None:
    findings = [Finding("a.yaml", 1, 2, "x", "one"), Finding("b.yaml", 3, 4, "y", "two", "write it")]

    code, _, said = run_command(AuthoringError(findings), capsys)

    assert (code, said) == (1, "a.yaml:1:2: one\nb.yaml:3:4: two; write it\n")


def test_a_file_that_cannot_be_written_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    code, _, said = run_command(PermissionError(13, "Permission denied", "out.xml"), capsys)

    assert (code, said) == (
        1,
        "holdfast: out.xml: Permission denied; give this user the right to it, or name another one\n",
    )


def test_an_interrupted_command_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    code, _, said = run_command(KeyboardInterrupt(), capsys)

    assert (code, said) == (130, "holdfast: interrupted\n")


def test_an_error_that_nobody_expected_is_not_hidden(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(ZeroDivisionError):
        run_command(ZeroDivisionError(), capsys)


@pytest.mark.parametrize("argv", [["nonsense"], ["check", "--nonsense"], ["why", "c1"], ["keys"]])
def test_a_wrong_command_line_exits_with_2(argv: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as exit:
        cli.main(argv)

    assert exit.value.code == 2
    assert capsys.readouterr().out == ""


def test_help_lists_every_command(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as exit:
        cli.main([])

    said = capsys.readouterr().out
    assert exit.value.code == 0
    assert [name for name in cli.COMMANDS if f"\n  {name} " not in said] == []


@pytest.mark.parametrize("name", list(cli.COMMANDS))
def test_every_command_has_its_help_and_says_its_exit_codes(
    name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as exit:
        cli.main([name, "--help"])

    assert exit.value.code == 0
    assert "Exit codes: 0 done" in " ".join(capsys.readouterr().out.split())
