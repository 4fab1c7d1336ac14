"""The reference of the command line, written from the commands themselves.

`python -m api.cli.reference > docs/reference/commands.md` writes it anew.
"""

from __future__ import annotations

import argparse
import importlib
import inspect
import sys
from collections.abc import Iterator

from api.cli.main import COMMANDS

_INTRODUCTION = """\
# Every command and option

Made from the commands by `api/cli/reference.py`; a test fails when it is out of date. What the commands are
for, and which of them work beside a server, is told in [commands.md](../commands.md).

Exit codes: 0 done, 1 an error or a finding, 2 a wrong command line, 3 an import waits for a
yes, 130 interrupted.
"""


def table() -> str:
    """Give the reference as Markdown: every command with its arguments and options."""
    parts = [_INTRODUCTION]
    for name, command in COMMANDS.items():
        parser = parser_of(name)
        parts += [f"## holdfast {name}", "", command.summary[0].upper() + command.summary[1:] + ".", ""]
        parts += _rows(parser, f"holdfast {name}")
    return "\n".join(parts)


def parser_of(name: str) -> argparse.ArgumentParser:
    """Give the parser of a command."""
    module = importlib.import_module(f"api.cli.{COMMANDS[name].module}")
    parser = argparse.ArgumentParser(prog=f"holdfast {name}", exit_on_error=False)
    module.arrange(parser)
    return parser


def options(parser: argparse.ArgumentParser) -> Iterator[argparse.Action]:
    """Give what a parser takes, but `--help` and the commands under it."""
    for action in parser._actions:
        if not isinstance(action, (argparse._HelpAction, argparse._SubParsersAction)):
            yield action


def under(parser: argparse.ArgumentParser) -> dict[str, argparse.ArgumentParser]:
    """Give the commands under a command."""
    found: dict[str, argparse.ArgumentParser] = {}
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            found.update(action.choices)
    return found


def _rows(parser: argparse.ArgumentParser, called: str) -> Iterator[str]:
    taken = list(options(parser))
    if taken:
        yield "| takes | says |"
        yield "|---|---|"
        for action in taken:
            yield f"| `{_written(action)}` | {_says(action)} |"
        yield ""
    for name, inner in under(parser).items():
        yield f"### {called.removeprefix('holdfast ')} {name}"
        yield ""
        yield from _rows(inner, f"{called} {name}")


def _written(action: argparse.Action) -> str:
    value = _value(action)
    if not action.option_strings:
        return value + ("..." if action.nargs in ("*", "+") else "")
    return " ".join([", ".join(action.option_strings), *([] if action.nargs == 0 else [value])])


def _value(action: argparse.Action) -> str:
    if isinstance(action.metavar, str):
        return action.metavar
    return "|".join(map(str, action.choices)).replace("|", " or ") if action.choices else action.dest.upper()


def _says(action: argparse.Action) -> str:
    says = inspect.cleandoc(action.help or "").replace("%(default)s", str(action.default)).replace("%%", "%")
    says = " ".join(says.split()).replace("|", "\\|")
    return f"{says}; must be given" if action.required and action.option_strings else says


if __name__ == "__main__":
    sys.stdout.write(table())
