"""The table of rule-engine's grammar is the same, symbol for symbol, as rule-engine works it out itself."""

import subprocess
import sys

import pytest

TABLE = """
import rule_engine
from rule_engine._vendor.ply.yacc import LRGeneratedTable
parser = rule_engine.Rule.parser._parser
print(LRGeneratedTable.add_lookaheads.__module__)
print([list(each.items()) for each in (parser.action, parser.goto)])
"""


def table(*before: str) -> tuple[str, str]:
    """Give who worked the table out in a new process, and the table."""
    program = "\n".join((*before, TABLE))
    by, _, found = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    ).stdout.partition("\n")
    return by, found


@pytest.fixture(scope="module")
def own() -> str:
    by, found = table()
    assert by == "rule_engine._vendor.ply.yacc"
    return found


def test_the_table_is_rule_engines_own(own: str) -> None:
    # given a process that imports the language first, when it imports rule-engine, then
    assert table("import engine.expressions") == ("engine.expressions.lookaheads", own)


def test_who_has_imported_rule_engine_before_is_left_alone(own: str) -> None:
    assert table("import rule_engine", "import engine.expressions") == ("rule_engine._vendor.ply.yacc", own)
