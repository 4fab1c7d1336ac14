"""Lengths of time, and words that are none."""

from datetime import timedelta

import pytest

from engine.errors import ExpressionError
from engine.expressions import Env, Kind, Scope, compile_expression
from engine.expressions.tokens import scan

SCOPE = Scope(customer={"quiet_for": Kind.DURATION, "d45": Kind.NUMBER, "name": Kind.TEXT}, event=None)


@pytest.mark.parametrize(
    ("text", "length"),
    [
        ("30m", timedelta(minutes=30)),
        ("12h", timedelta(hours=12)),
        ("45d", timedelta(days=45)),
        ("2w", timedelta(weeks=2)),
        ("0d", timedelta()),
        ("-45d", timedelta(days=-45)),
        ("1w + 1d", timedelta(days=8)),
        ('t"P45D"', timedelta(days=45)),
    ],
)
def test_a_length_of_time_is_written_as_elsewhere(text: str, length: timedelta) -> None:
    assert compile_expression(text, SCOPE).value(Env()) == length


@pytest.mark.parametrize(
    "text", ["customer.name == '45d'", "customer.name =~ '^45d 12h'", "customer.d45 > 45"]
)
def test_texts_names_and_numbers_are_left_alone(text: str) -> None:
    assert [token.type for token in scan(text)].count("TIMEDELTA") == 0


def test_a_length_of_time_has_attributes() -> None:
    assert compile_expression("45d.days == 45", SCOPE).value(Env()) is True


@pytest.mark.parametrize(
    ("text", "says", "suggestion"),
    [
        ("customer.quiet_for > 45days", "written 45d", "45d"),
        ("customer.quiet_for > 2hours", "written 2h", "2h"),
        ("customer.quiet_for > 3months", "months and years in days", None),
        ("customer.quiet_for > 90s", "write 30m", None),
        ("customer.quiet_for > 1.5d", "whole number", None),
        ("customer.quiet_for > 9999999d", "longer than any history", None),
        ("customer.quiet_for > 5apples", "no length of time", None),
    ],
)
def test_another_unit_is_refused_with_the_right_one(text: str, says: str, suggestion: str | None) -> None:
    with pytest.raises(ExpressionError) as caught:
        compile_expression(text, SCOPE)
    assert (caught.value.code, caught.value.offset) == ("duration", 21)
    assert says in caught.value.message
    assert caught.value.suggestion == suggestion


@pytest.mark.parametrize(
    ("text", "offset", "says"),
    [
        ("customer.name == 'gold", 17, "never closed"),
        ("customer.name ~ 'x'", 14, "no meaning"),
        ("customer.name == 'x' else 5", 21, "condition ? one : other"),
        ("while customer.name", 0, "not used here"),
    ],
)
def test_what_is_no_word_of_the_language_is_refused(text: str, offset: int, says: str) -> None:
    with pytest.raises(ExpressionError) as caught:
        scan(text)
    assert caught.value.offset == offset
    assert says in caught.value.message
