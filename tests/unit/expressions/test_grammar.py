"""Slips and syntax errors are found at the author's own place."""

import pytest

from engine.errors import ExpressionError
from engine.expressions import Kind, Scope, compile_expression

SCOPE = Scope(customer={"plan": Kind.TEXT, "orders": Kind.NUMBER, "quiet_for": Kind.DURATION}, event={})


def refusal(text: str) -> ExpressionError:
    with pytest.raises(ExpressionError) as caught:
        compile_expression(text, SCOPE)
    return caught.value


@pytest.mark.parametrize(
    ("text", "offset", "suggestion"),
    [
        ("customer.plan = 'free'", 14, "=="),
        ("customer.orders > 1 && event.x", 20, "and"),
        ("customer.orders > 1 || event.x", 20, "or"),
        ("customer.plan <> 'free'", 14, "!="),
        ("customer.orders => 3", 16, ">="),
        ("! event.x", 0, "not "),
        ("customer.plan is null", 14, "== null"),
        ("customer.plan is not null", 14, "!= null"),
        ("customer.orders > 1 AND event.x", 20, "and"),
        ("customer.plan == \u201cfree\u201d", 17, "'"),
    ],
)
def test_a_slip_from_another_language_is_named(text: str, offset: int, suggestion: str) -> None:
    error = refusal(text)
    assert (error.code, error.offset, error.suggestion) == ("syntax", offset, suggestion)


@pytest.mark.parametrize(
    ("text", "offset", "says"),
    [
        ("customer.orders > 40%", 20, "0.4 instead of 40%"),
        ("1 < customer.orders < 5", 20, "a < b and b < c"),
        ("customer.plan ==", 16, "ends too early"),
        ("(customer.orders > 1", 20, "ends too early"),
        ("customer.plan == 'a' 'b'", 21, "not expected"),
        ("customer.orders > 1)", 19, "not expected"),
    ],
)
def test_a_syntax_error_tells_its_place(text: str, offset: int, says: str) -> None:
    error = refusal(text)
    assert (error.code, error.offset) == ("syntax", offset)
    assert says in error.message


def test_a_length_of_time_before_it_does_not_shift_the_place() -> None:
    # Given an expression whose first word is longer for rule-engine than for the author
    text = "customer.quiet_for > 45d and customer.plann == 'free'"
    # Then the place is counted in the author's text
    assert refusal(text).offset == text.index("plann")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("1 / 0 == 2", "division by zero"),
        ('d"2026-13-01" < now', 'write d"2026-03-01"'),
        ('t"45 days" < customer.quiet_for', "write 30m, 12h, 3d or 2w"),
        ('d"9999-12-31" + 400d > now', "out of range"),
        ("nan > 1", "no number"),
        (
            "'abc'[9e300 * 9e300 * 9e300 * 9e300 * 9e300 * 9e300 * 9e300 * 9e300 * 9e300 * 9e300 * 9e300]",
            "too large",
        ),
    ],
)
def test_a_constant_that_cannot_be_computed_is_refused(text: str, says: str) -> None:
    error = refusal(text)
    assert error.code == "value"
    assert error.offset is not None
    assert says in error.message


def test_a_hostile_pattern_on_a_constant_is_harmless() -> None:
    # Given a pattern that takes Python's own module ages, and both sides constant, so that the parser matches
    text = "'" + "a" * 60 + "!' =~ '(a+)+$'"
    # Then it is computed in linear time
    assert compile_expression(text, SCOPE).text == text
