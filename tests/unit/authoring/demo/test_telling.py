from functools import cache
from pathlib import Path

import pytest

from engine.authoring.demo import generate
from engine.authoring.demo.people import SMALLEST
from engine.authoring.demo.telling import Told, tell
from engine.authoring.loader import load_folder, require
from engine.errors import NotFoundError
from engine.timeline.ruleset import Ruleset, compile_ruleset

REPOSITORY = Path(__file__).resolve().parents[4]
DAYS = 70


@cache
def policy() -> Ruleset:
    return compile_ruleset(require(load_folder(REPOSITORY)))


@cache
def year(customer: str) -> Told:
    return tell(policy(), generate(1, SMALLEST, DAYS), customer)


def test_it_is_told_in_the_order_of_time_from_what_happened_to_what_came_of_it() -> None:
    entries = year("cleo").entries
    assert [entry.at for entry in entries] == sorted(entry.at for entry in entries)
    left = next(place for place, one in enumerate(entries) if one.name == "cart_updated")
    names = [(entry.kind, entry.name) for entry in entries[left:]]
    assert names[:3] == [
        ("happened", "cart_updated"),
        ("decided", "cart-abandoned"),
        ("sent", "cart-reminder"),
    ]


def test_what_was_decided_comes_with_its_lines_and_what_they_saw() -> None:
    decided = next(entry for entry in year("cleo").entries if entry.name == "cart-abandoned")
    assert decided.outcome == "fired"
    assert [line.outcome for line in decided.lines] == ["met", "met"]
    assert decided.lines[0].values["event.total"] == 80


def test_who_is_held_out_is_sent_nothing_and_that_is_told() -> None:
    entries = year("ada").entries
    assert "sent" not in {entry.kind for entry in entries}
    assert "held_out" in {entry.outcome for entry in entries}


def test_nobody_of_that_name_is_no_story() -> None:
    with pytest.raises(NotFoundError, match="no customer nobody"):
        tell(policy(), generate(1, SMALLEST, 14), "nobody")
