from pathlib import Path

from engine.authoring.keys import table

REFERENCE = Path(__file__).resolve().parents[3] / "docs" / "reference" / "keys.md"


def test_the_reference_is_current() -> None:
    assert REFERENCE.read_text() == table(), "write it anew with python -m engine.authoring.keys"


def test_it_tells_expressions_from_literals() -> None:
    lines = [line.rpartition(" | ")[0] + " |" for line in table().splitlines()]
    assert "| **`is`** | expression | an expression, such as customer.plan != 'free' |" in lines
    assert "| `with` | literal or = | values |" in lines
    assert "| **`reentry`** | literal | never, always or after 7d |" in lines
