"""Patterns in columns: what Polars finds is what RE2 finds."""

import polars as pl
import pytest

from engine.expressions import regex
from engine.expressions.columns.patterns import matched, portable

TEXTS = [
    *("", "a", "ab", "ba", "a.b", "axb", "a\rb", "a b", "A", "[", "$", "a$", "1", "42"),
    *("x@example.com", "x@example.com\n", "x\ny@example.com", "@example.com", "p", "pro", "spro", "pro\n"),
    *("\u00e4", "\u00e4b", "\u0663", "\U0001f600a"),
]


@pytest.mark.parametrize(
    "pattern",
    [
        *("a", "^a", "a$", "^a$", "a[.]b", "a\\.b", "a.b", ".*@example[.]com$", "^.*@example[.]com$", "pro"),
        *("@example", "[0-9]+", "^[a-z]+$", "[^a]", "(a|p)", "a|b", "(?:pr)?o", "x{1,2}", ".", "^.$", "a+?b"),
        *("[$]", "\\$", ".*", ".*a", ".*a.*", "[a-z]+@[a-z]+[.]com", "", "^", "$", "a*$", "[ab.-]+", "a|^b$"),
    ],
)
@pytest.mark.parametrize("at_start", [True, False], ids=["at the start", "anywhere"])
def test_a_pattern_finds_the_same_as_re2(pattern: str, at_start: bool) -> None:
    compiled = regex.compiled(pattern)
    find = compiled.match if at_start else compiled.search

    found = matched(pl.col("texts"), pattern, at_start=at_start)

    assert found is not None
    answers = pl.DataFrame({"texts": TEXTS}).select(found)["texts"].to_list()
    assert answers == [find(text) is not None for text in TEXTS]


@pytest.mark.parametrize(
    "pattern", ["\\d+", "\\w", "(?i)pro", "\\bpro", "[[:alpha:]]", "\\pL", "[\\d]", "\u00e4"]
)
def test_what_the_two_may_read_otherwise_is_not_left_to_polars(pattern: str) -> None:
    assert not portable(pattern)
    assert matched(pl.col("texts"), pattern, at_start=False) is None
