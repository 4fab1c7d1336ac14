"""Formatting changes the place of things, never what they say, and loses no comment."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.authoring.formatting import format_yaml
from engine.errors import AuthoringError

REPOSITORY = Path(__file__).resolve().parents[3]
SHIPPED = [
    REPOSITORY / "holdfast.yaml",
    *sorted(
        path
        for room in ("rules", "workflows", "engine/authoring/templates")
        for path in (REPOSITORY / room).rglob("*.yaml")
    ),
]


def formatted(text: str) -> str:
    return format_yaml("rules/r.yaml", text.encode()).decode()


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.relative_to(REPOSITORY).as_posix())
def test_what_ships_is_in_form_already(path: Path) -> None:
    assert format_yaml(path.name, path.read_bytes()) == path.read_bytes()


def test_the_kind_comes_first_and_the_tests_last() -> None:
    text = "# top\n\nowner: a\ntests:\n  - it: x   # why\n# of the rule\nrule: r\nwhen: {event: e}\n"
    assert formatted(text) == (
        "# top\n\n# of the rule\nrule: r\nowner: a\nwhen: {event: e}\ntests:\n  - it: x   # why\n"
    )


def test_spaces_and_empty_lines_that_say_nothing_go() -> None:
    assert formatted("rule: r  \n\n\n\nowner: a\r\n\n\n") == "rule: r\n\nowner: a\n"


def test_spaces_inside_a_text_stay() -> None:
    text = "rule: r\ndescription: |\n  two  \n\n\n  lines\nowner: a\n"
    assert formatted(text) == text


def test_a_quoted_text_over_lines_stays() -> None:
    text = 'rule: r\ndescription: "a \n\n\n  b"\nowner: a\n'
    assert formatted(text) == text


def test_a_broken_file_is_left_alone() -> None:
    with pytest.raises(AuthoringError):
        formatted("rule: [\n")


KEYS = st.permutations(
    ["rule: r", "owner: a", "# a word\nwhen: {event: e}", "tests:\n  - it: x", "at_most: 1"]
)


@given(KEYS, st.lists(st.sampled_from(["", "  ", "# c"]), min_size=5, max_size=5))
def test_form_is_reached_at_once(blocks: list[str], between: list[str]) -> None:
    text = "\n".join(part for pair in zip(blocks, between, strict=True) for part in pair) + "\n"

    once = formatted(text)

    assert formatted(once) == once
    assert once.count("#") == text.count("#")
    assert next(line for line in once.splitlines() if line and not line.startswith(("#", " "))) == "rule: r"
