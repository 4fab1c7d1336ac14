"""Shares, attempts and addresses, as people and browsers read them."""

from __future__ import annotations

import pytest

from api.console.pages import _ENVIRONMENT
from api.console.words import NOTHING, argument, points, segment, share


@pytest.mark.parametrize(
    ("value", "said"), [(None, NOTHING), (0.1234, "12.3%"), ("0.5", "50.0%"), (0, "0.0%")]
)
def test_a_share_is_a_percentage(value: object, said: str) -> None:
    assert share(value) == said


@pytest.mark.parametrize(
    ("value", "said"), [(None, NOTHING), (0.01, "+1.0 points"), ("-0.025", "\N{MINUS SIGN}2.5 points")]
)
def test_a_difference_of_shares_has_its_sign(value: object, said: str) -> None:
    assert points(value) == said


@pytest.mark.parametrize(
    ("number", "of", "said"),
    [
        (2, 3, "attempt 2 of 3"),
        (3, 3, "attempt 3 of 3"),
        (1, 1, "attempt 1"),
        (2, 1, "attempt 2"),
        (2, 0, "attempt 2"),
    ],
)
def test_an_attempt_is_told_of_how_many_it_was_where_that_is_known(number: int, of: int, said: str) -> None:
    text = '{% from "parts.html" import attempt %}{{ attempt(number, of) }}'
    assert _ENVIRONMENT.render_str(text, number=number, of=of) == said


def test_dots_are_a_part_of_an_address_that_is_not_folded_and_what_they_are_in_a_query() -> None:
    assert (segment(".."), argument("..")) == (":..", "..")
    assert segment("a/b") == argument("a/b") == "a%2Fb"
