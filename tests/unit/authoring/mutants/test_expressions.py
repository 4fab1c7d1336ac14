"""Expressions changed in one word, by their tokens."""

import pytest

from engine.authoring.mutants.expressions import turns


def changed(text: str) -> list[str]:
    return [turn.text for turn in turns(text)]


@pytest.mark.parametrize(
    ("sign", "turned"), [(">=", ">"), (">", ">="), ("<=", "<"), ("<", "<="), ("==", "!="), ("!=", "==")]
)
def test_a_comparison_is_turned(sign: str, turned: str) -> None:
    assert changed(f"customer.a {sign} customer.b") == [f"customer.a {turned} customer.b"]


def test_a_number_and_a_length_of_time_are_moved_where_they_stand() -> None:
    found = changed("customer.seats > 4 and customer.last_order_ago < 45d")

    assert "customer.seats > 5 and customer.last_order_ago < 45d" in found
    assert "customer.seats > 4 and customer.last_order_ago < 44d" in found
    assert len(found) == 2 + 2 + 4


def test_a_day_is_moved() -> None:
    assert 'customer.renewal_date < d"2026-03-02"' in changed('customer.renewal_date < d"2026-03-01"')


def test_what_stands_between_quotes_is_left_alone() -> None:
    assert changed("customer.name in ['a >= 4', \"45d == 1\"]") == []


def test_a_change_knows_its_place() -> None:
    text = "customer.plan == '>= 3' and customer.seats >= 3"
    last = list(turns(text))[-1]

    assert (text[last.offset], last.text) == ("3", "customer.plan == '>= 3' and customer.seats >= 2")


def test_what_is_no_expression_has_no_changes() -> None:
    assert changed("customer.seats >") == ["customer.seats >="]
    assert changed("'never closed") == []
