from pathlib import Path

from api.roles import table

PAGE = Path(__file__).resolve().parents[3] / "docs" / "reference" / "roles.md"


def test_the_page_is_current() -> None:
    assert PAGE.read_text(encoding="utf-8") == table(), "write it anew with python -m api.roles"
