"""The page about erasing has a line for every table, so that no new one is forgotten."""

import re
from pathlib import Path

from engine.store import audit_tables, personal_tables
from engine.store.tables import METADATA

PAGE = Path(__file__).resolve().parents[2] / "docs" / "erasure.md"


def test_every_table_says_what_erasing_does_to_it() -> None:
    assert personal_tables.ACCESS.metadata is audit_tables.LEAF.metadata is METADATA
    described = re.findall(r"^\| `(\w+)` \| (?:[A-Z].+\.) \|$", PAGE.read_text(), re.MULTILINE)

    assert described == sorted(METADATA.tables)
