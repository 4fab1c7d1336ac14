"""Shares and differences of shares, as people read them."""

from __future__ import annotations

import pytest

from api.console.words import NOTHING, points, share


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
