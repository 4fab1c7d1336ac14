"""Where releases stand: what holds for good, what goes back, and to what."""

from __future__ import annotations

from typing import Any

import pytest

from engine.model.values import HOUR
from engine.runtime.releases.standing import before, ends_at, same, sound
from engine.store.records import ReleaseRow


def release(number: int, hash: str, cause: str = "approved", **more: Any) -> ReleaseRow:
    row = {
        "number": number,
        "hash": hash,
        "at": number * HOUR,
        "files": {},
        "facts_hash": "f",
        "cause": cause,
    }
    return ReleaseRow(**{**row, **more})


START = release(1, "a", "start")


@pytest.mark.parametrize(
    ("one", "other", "alike"),
    [
        ("ann@example.com", "ann@example.com", True),
        ("ann@example.com", " Ann@Example.COM\t", True),
        ("ann@example.com", "\uff41nn@example.com", True),  # a full-width a
        ("strasse@example.com", "STRASSE@example.com", True),
        ("ann@example.com", "anne@example.com", False),
    ],
)
def test_two_names_are_one_humans(one: str, other: str, alike: bool) -> None:
    assert same(one, other) is alike


def test_only_an_emergency_that_nobody_approved_goes_back() -> None:
    assert ends_at([]) is None
    assert ends_at([START, release(2, "b")]) is None
    assert ends_at([START, release(2, "b", "emergency", approver="bob")]) is None
    assert ends_at([START, release(2, "b", "emergency")]) == 26 * HOUR
    assert ends_at([START, release(2, "b", "emergency"), release(3, "c")]) is None


def test_several_emergencies_in_a_row_have_the_time_of_the_first() -> None:
    releases = [START, release(2, "b", "emergency"), release(9, "c", "emergency")]
    assert ends_at(releases) == 26 * HOUR
    assert sound(releases) == START


def test_who_goes_back_gets_what_held_before() -> None:
    second, third = release(2, "b"), release(3, "c")
    assert before([START]) is None
    assert before([START, second]) == START
    assert before([START, second, third]) == second
    assert before([START, release(2, "b", "emergency"), third]) == START
    # the same files once more are no other ones
    assert before([START, second, release(3, "b", "start")]) == START


def test_going_back_again_goes_further_back() -> None:
    second, third = release(2, "b"), release(3, "c")
    back = release(4, "b", "rollback", of=2)
    assert before([START, second, third, back]) == START
    assert before([START, second, third, back, release(5, "a", "rollback", of=1)]) is None
    # after something new, what it took the place of
    assert before([START, second, third, back, release(5, "d")]) == back
