import ast
from pathlib import Path

import pytest

from engine.model.spreadsheet import bare, shielded


@pytest.mark.parametrize("first", ["=", "+", "-", "@", "\t", "\r", "\n", "'", "''"])
def test_what_a_spreadsheet_would_compute_is_text_and_comes_back(first: str) -> None:
    cell = f"{first}HYPERLINK(1)"
    assert shielded(cell) == f"'{cell}"
    assert bare(shielded(cell)) == cell


@pytest.mark.parametrize("cell", ["", "ann@example.com", "1-2", " =1", "O'Neil"])
def test_what_is_harmless_stays_as_it_is(cell: str) -> None:
    assert shielded(cell) == bare(cell) == cell


def test_a_quote_that_shields_nothing_stays() -> None:
    assert bare("'tis") == "'tis"


REPOSITORY = Path(__file__).resolve().parents[3]
# Tables for DuckDB alone, in a temporary folder that nobody opens.
WITHIN = {"engine/authoring/importing/query.py", "engine/authoring/importing/text.py"}


def test_whoever_writes_csv_shields_its_cells() -> None:
    # given every module that makes a writer of CSV, by whatever name it calls it
    writers = {}
    for path in [path for folder in ("engine", "api") for path in (REPOSITORY / folder).rglob("*.py")]:
        tree = ast.parse(path.read_text())
        named = {
            node.attr if isinstance(node, ast.Attribute) else getattr(node, "id", "")
            for node in ast.walk(tree)
        }
        asked = ("csv" in named and named & {"writer", "DictWriter"}) or "writer" in _from_csv(tree)
        if asked:
            writers[path.relative_to(REPOSITORY).as_posix()] = "shielded" in named
    # then each shields what it writes, but for those that write for a program
    assert {name for name, shields in writers.items() if not shields} == WITHIN
    assert len(writers) >= 5


def _from_csv(tree: ast.AST) -> set[str]:
    """What a module takes out of csv by name."""
    imports = [node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and node.module == "csv"]
    return {"writer" for node in imports for each in node.names if each.name in ("writer", "DictWriter")}
