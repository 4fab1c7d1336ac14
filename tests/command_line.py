"""The command line in a test's own process: its exit code, and what it said."""

import json
from collections.abc import Callable
from typing import Any, NamedTuple

import pytest

from api.cli.main import main


class Said(NamedTuple):
    """What a command answered."""

    code: int
    out: str
    err: str

    @property
    def answer(self) -> Any:
        """The one JSON object on standard output."""
        assert self.out.count("\n") == 1, self.out + self.err
        return json.loads(self.out)


Holdfast = Callable[..., Said]


def command_line(capsys: pytest.CaptureFixture[str]) -> Holdfast:
    """Give what runs a command line."""

    def run(*argv: str) -> Said:
        code = main(argv)
        said = capsys.readouterr()
        return Said(code, said.out, said.err)

    return run
