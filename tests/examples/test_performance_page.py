"""What is said about speed: every figure was measured, and is kept with the machine that it is of."""

from __future__ import annotations

import re

import pytest

from api.room import MOST_BYTES, MOST_EVENTS
from benchmarks.aims import AIMS
from benchmarks.page import GROUPS, HEADLINE, PAGES, TABLES, measured, written
from engine.authoring.folder import MOST_FILES
from engine.runtime.members import MOST
from engine.runtime.writer import LARGEST_BATCH
from tests.examples.printed import REPOSITORY

PAGE = (REPOSITORY / "docs" / "performance.md").read_text(encoding="utf-8")
ROWS = (REPOSITORY / "benchmarks" / "README.md").read_text(encoding="utf-8")
BLOCK = re.compile(r"<!-- measured: ([\w-]+) -->\n(.*?)<!-- end -->", re.DOTALL)
FIGURE = re.compile(r"\b\d[\d.,]*\d*(?: ?(?:ns|us|µs|ms|MB|GB|KB|x|events/s|steps/s|/s)\b| times\b)")
BOUNDS = {f"{MOST_BYTES // 1024**2} MB"}
"""What is bounded by the code, and not measured."""


@pytest.mark.parametrize("name", PAGES)
def test_the_tables_are_what_was_measured(name: str) -> None:
    text = (REPOSITORY / name).read_text(encoding="utf-8")
    assert written(text) == text, "run python -m benchmarks.page"


@pytest.mark.parametrize("name", PAGES)
def test_no_figure_stands_outside_of_the_tables(name: str) -> None:
    prose = BLOCK.sub("", (REPOSITORY / name).read_text(encoding="utf-8"))
    assert set(FIGURE.findall(prose)) - BOUNDS == set()


def test_a_figure_outside_of_the_tables_is_seen() -> None:
    said = "It takes 12.5 us, 20,000 events/s, 3x less, 12 times, and 7 ms; 28 days and 90d are none."
    assert FIGURE.findall(said) == ["12.5 us", "20,000 events/s", "3x", "12 times", "7 ms"]


def test_all_that_was_measured_is_shown() -> None:
    # given the tables of the page, and what they show
    shown = [name for name, _ in BLOCK.findall(PAGE)]
    told = {name for group in shown for name in GROUPS.get(group, (group.replace("-", "_"),))}

    # then each is there once, and nothing that is kept is left out
    assert sorted(shown) == sorted(TABLES.keys() - {"headline"})
    assert set(measured()) - told == set()
    assert {name for name, _ in BLOCK.findall(PAGE) if not _.strip()} == set()


def test_each_row_says_what_it_is_and_each_aim_is_of_a_row() -> None:
    rows = {name for names in GROUPS.values() for name in names}
    assert AIMS.keys() - rows == set()
    assert set(HEADLINE) - rows == set()
    assert rows - set(re.findall(r"\w+", ROWS)) == set()


def test_each_figure_is_kept_with_its_machine() -> None:
    rows = [row for found in measured().values() for row in found]
    assert {row["name"] for row in rows if "Python" not in row["machine"]} == set()


def test_the_bounds_are_those_of_the_code() -> None:
    bounds = (MOST_EVENTS, MOST_FILES, MOST)
    assert [bound for bound in bounds if f"{bound:,}" not in PAGE] == []
    assert f"up to {LARGEST_BATCH}, so" in PAGE
