"""The page of the environment names what is read from it, and nothing else."""

import re

from tests.examples.printed import REPOSITORY

PAGE = REPOSITORY / "docs" / "reference" / "environment.md"


def test_every_variable_that_is_read_is_told() -> None:
    sources = [
        path.read_text(encoding="utf-8")
        for top in ("engine", "api")
        for path in (REPOSITORY / top).rglob("*.py")
    ]
    read = {
        name
        for source in sources
        for name in re.findall(r'^[A-Z]+ = "(HOLDFAST_[A-Z]+)"', source, re.MULTILINE)
    }
    told = set(re.findall(r"^\| `([A-Z_]+)` \|", PAGE.read_text(encoding="utf-8"), re.MULTILINE))
    assert len(read) >= 4
    # rich reads this one by itself
    assert told == read | {"NO_COLOR"}
