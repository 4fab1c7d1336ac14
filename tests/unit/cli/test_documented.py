from pathlib import Path

from api.cli.main import COMMANDS

DOCS = Path(__file__).resolve().parents[3] / "docs" / "commands.md"


def test_every_command_is_documented() -> None:
    text = DOCS.read_text()

    assert [name for name in COMMANDS if f"| `holdfast {name}" not in text] == []
