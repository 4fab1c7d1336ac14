"""What is refused before rule-engine parses, each with a sentence and a place."""

import pytest

from engine.errors import ExpressionError
from engine.expressions import check_limits
from engine.expressions.limits import DEEPEST, LONGEST_TEXT, MOST_TOKENS


def refusal(text: str) -> ExpressionError:
    with pytest.raises(ExpressionError) as caught:
        check_limits(text)
    return caught.value


@pytest.mark.parametrize(
    ("text", "code", "offset", "says"),
    [
        ("x > 1 << 3000000", "operator", 6, "multiply by a number"),
        ("x > 1 >> 3", "operator", 6, "divide by a number"),
        ("x > 2 ** 9999", "operator", 6, "x * x"),
        ("x in $range(3000000)", "function", 5, ">= and <="),
        ("$random(5) > 3", "function", 0, "split in a workflow"),
        ("x < $now", "function", 4, "write now"),
        ("x < $today", "function", 4, "write now.date"),
        ("$sleep(5)", "function", 0, "no function"),
        ("x > 9e999999", "number", 4, "too large"),
        ("x > 1" + "0" * 60, "number", 4, "too large"),
        ("x > 0x" + "f" * 60, "number", 4, "too large"),
        ("[[a for a in x] for b in y]", "comprehension", 16, "only one"),
        ("[a for a in [b for b in y]]", "comprehension", 15, "only one"),
        ("[a for a in x if a in [b for b in y]]", "comprehension", 25, "only one"),
        ("", "empty", 0, "is empty"),
        ("  # nothing", "empty", 0, "is empty"),
    ],
)
def test_a_heavy_form_is_refused_with_what_to_write_instead(
    text: str, code: str, offset: int, says: str
) -> None:
    error = refusal(text)
    assert (error.code, error.offset) == (code, offset)
    assert says in error.message


def test_a_text_may_have_4_kb() -> None:
    check_limits("x == '" + "a" * (LONGEST_TEXT - 7) + "'")
    assert refusal("x == '" + "a" * (LONGEST_TEXT - 6) + "'").code == "too_long"


def test_bytes_are_counted_and_not_characters() -> None:
    assert refusal("x == '" + "\u00e9" * (LONGEST_TEXT // 2) + "'").code == "too_long"


def test_a_text_may_have_500_tokens() -> None:
    check_limits("1" + "+1" * (MOST_TOKENS // 2 - 1))
    assert refusal("1" + "+1" * (MOST_TOKENS // 2)).code == "too_long"


@pytest.mark.parametrize(
    ("before", "after"), [("(", ")"), ("[", "]"), ("not ", ""), ("-", ""), ("x ?? ", ""), ("x ? 1 : ", "")]
)
def test_nesting_may_be_50_deep(before: str, after: str) -> None:
    check_limits(before * DEEPEST + "x" + after * DEEPEST)
    assert refusal(before * (DEEPEST + 1) + "x" + after * (DEEPEST + 1)).code == "too_deep"


@pytest.mark.parametrize(
    "text", ["x - 1" + " - 1" * 60, "not x and " * 60 + "x", "[a for a in x] == [b for b in y]", "x * 2"]
)
def test_what_is_long_but_not_deep_is_taken(text: str) -> None:
    check_limits(text)


def test_what_stands_in_a_text_is_no_operator() -> None:
    check_limits("x == '1 << 3 ** $now $range [a for a in [b for b in c]]'")
