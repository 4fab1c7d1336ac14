from decimal import Decimal

import pytest

from engine.authoring import scalars
from engine.authoring.nodes import ScalarNode


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("on", "on"), ("NO", "NO"), ("yes", "yes"), ("1:30", "1:30"), ("010", "010"), ("0x1f", "0x1f"),
        ("2026-12-25", "2026-12-25"), (".inf", ".inf"), (".nan", ".nan"), ("1_000", "1_000"), ("+", "+"),
        ("", None), ("~", None), ("null", None), ("true", True), ("False", False),
        ("10", 10), ("-3", -3), ("2.50", Decimal("2.50")), ("1e3", Decimal("1e3")),
        ("1e999999999", "1e999999999"),
        ("9" * 38, "9" * 38),
    ],
)  # fmt: skip
def test_a_plain_scalar_is_what_it_reads_as(text: str, value: object) -> None:
    found = scalars.value(ScalarNode(text, 1, 1))
    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize("text", ["10", "true", "null", ""])
def test_a_quoted_scalar_is_a_text(text: str) -> None:
    assert scalars.value(ScalarNode(text, 1, 1, "double")) == text


@pytest.mark.parametrize(
    ("text", "truth"), [("yes", True), ("no", False), ("true", True), ("on", None), ("1", None)]
)
def test_yes_and_no_where_one_of_them_is_expected(text: str, truth: bool | None) -> None:
    assert scalars.truth(ScalarNode(text, 1, 1)) is truth
