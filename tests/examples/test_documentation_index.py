"""The index of the documentation: four parts, and every page in one of them."""

import re
from collections import Counter

from tests.examples.printed import REPOSITORY

DOCS = REPOSITORY / "docs"
INDEX = DOCS / "README.md"
ROW = re.compile(r"^\| \[[^]]+\]\((?P<page>[^)]+)\) \| (?P<says>.*) \|$", re.MULTILINE)
PARTS = ["Your first day", "How to", "Reference", "Why it is built so"]


def test_there_are_four_parts() -> None:
    assert re.findall(r"^## (.+)$", INDEX.read_text(encoding="utf-8"), re.MULTILINE) == PARTS


def test_every_page_stands_once_with_what_it_is_for() -> None:
    # given every page, and the project's own
    pages = {path.relative_to(DOCS).as_posix() for path in DOCS.rglob("*.md")} - {"README.md"}
    rows = list(ROW.finditer(INDEX.read_text(encoding="utf-8")))
    # then each is listed once, and says what it is for
    assert Counter(row["page"] for row in rows) == Counter([*pages, "../README.md"])
    assert [row["page"] for row in rows if len(row["says"].split()) < 4] == []


def test_no_page_that_is_read_through_is_too_long() -> None:
    looked_up = {"api.md", "language.md", "running.md"}
    lengths = {
        path.name: len(path.read_text(encoding="utf-8").splitlines())
        for path in DOCS.glob("*.md")
        if path.name not in looked_up
    }
    assert {name: length for name, length in lengths.items() if length > 300} == {}
