"""The exit codes that commands end with are those that are told."""

import ast
import importlib
import re
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

from api.cli import main
from api.cli.main import COMMANDS
from api.cli.reference import table

DOCS = Path(__file__).resolve().parents[3] / "docs"


def ends(node: ast.expr | None, module: ModuleType) -> Iterator[int]:
    """Give the numbers that a returned expression may be, constants of the module among them."""
    match node:
        case ast.IfExp(body=body, orelse=otherwise):
            yield from ends(body, module)
            yield from ends(otherwise, module)
        case ast.Constant(value=int(code)) if not isinstance(code, bool):
            yield code
        case ast.Name(id=name) if name.isupper() and isinstance(getattr(module, name, None), int):
            yield getattr(module, name)


def codes() -> set[int]:
    """Give every exit code: what functions of the commands' modules return that give an int."""
    found: set[int] = set()
    for module in [main, *(importlib.import_module(f"api.cli.{one.module}") for one in COMMANDS.values())]:
        for function in ast.walk(ast.parse(Path(str(module.__file__)).read_text(encoding="utf-8"))):
            if isinstance(function, ast.FunctionDef) and getattr(function.returns, "id", "") == "int":
                for inner in ast.walk(function):
                    if isinstance(inner, ast.Return):
                        found.update(ends(inner.value, module))
    return found


def sentence(text: str) -> set[int]:
    """Give the codes that a sentence lists: `Exit codes: 0 done, 1 an error, ...`."""
    listed = re.search(r"Exit codes[^:]*: (.*?)\.", text, re.DOTALL)
    return (
        {int(code) for code in re.findall(r"(?:^|, )(\d+)\s", " ".join(listed[1].split()))}
        if listed
        else set()
    )


def test_the_table_tells_every_code_and_no_other() -> None:
    section = (DOCS / "commands.md").read_text(encoding="utf-8").partition("## Exit codes")[2]
    rows = re.findall(r"^\| (\d+) \|", section.partition("\n## ")[0], re.MULTILINE)
    assert len(codes()) > 3
    assert {int(row) for row in rows} == codes()


def test_every_list_of_codes_is_the_same() -> None:
    running = (DOCS / "running.md").read_text(encoding="utf-8").replace("**", "")
    for told in (running, table(), str(main.__doc__)):
        assert sentence(told) == codes()
