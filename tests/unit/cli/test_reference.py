import argparse
from collections.abc import Iterator
from pathlib import Path

import pytest

from api.cli.main import COMMANDS
from api.cli.reference import options, parser_of, table, under

REFERENCE = Path(__file__).resolve().parents[3] / "docs" / "reference" / "commands.md"


def all_of(parser: argparse.ArgumentParser) -> Iterator[argparse.Action]:
    yield from options(parser)
    for inner in under(parser).values():
        yield from all_of(inner)


def test_the_reference_is_current() -> None:
    command = "python -m api.cli.reference"
    assert REFERENCE.read_text(encoding="utf-8") == table(), f"write it anew with {command}"


@pytest.mark.parametrize("name", COMMANDS)
def test_every_argument_of_a_command_says_what_it_is(name: str) -> None:
    silent = [action.dest for action in all_of(parser_of(name)) if not (action.help or "").strip()]
    assert silent == []
