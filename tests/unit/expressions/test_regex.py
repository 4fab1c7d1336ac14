"""Patterns mean what RE2 says, and only what Python reads the same way."""

import random

import pytest

from engine.errors import ExpressionError
from engine.expressions import Env, Kind, Outcome, Scope, compile_expression
from engine.expressions.regex import compiled, finder

SCOPE = Scope(customer={"email": Kind.TEXT}, event={})


@pytest.mark.parametrize(
    "pattern",
    [
        "a(?=b)",
        "a(?!b)",
        "(?<=a)b",
        "(?<!a)b",
        r"(a)\1",
        "(?P<n>a)(?P=n)",
        "a{,3}",
        r"a\Z",
        r"a\z",
        r"\C",
        r"\pN",
        r"\Qa\E",
        r"\u0041",
        "(?#comment)a",
        "(?x)a b",
        "(?a)a",
        "(?<n>a)",
        "a++",
        "(?>a)",
        "[[:alpha:]]",
        "[a--b]",
        "[a&&b]",
        "(",
        "a**",
        "(a{1000}){1000}",
        ".{1,1000}" * 100,
        "(" * 2000 + ")" * 2000,
    ],
)
def test_what_one_of_the_two_lacks_is_refused(pattern: str) -> None:
    with pytest.raises(ExpressionError) as caught:
        compiled(pattern)
    assert caught.value.code == "regex"
    assert len(caught.value.message) < 300


@pytest.mark.parametrize(
    "pattern",
    ["a{0,3}", "[]a]", "[^]a]", r"[\[]", r"\{,", "[{,]", "(?i)a", "(?P<n>a)", "(?i:a)b", r"\d+\s\w\b", "$"],
)
def test_what_both_have_is_taken(pattern: str) -> None:
    assert compiled(pattern).pattern == pattern


@pytest.mark.parametrize(
    ("operator", "met"),
    [("=~ 'ob'", False), ("=~ 'bo'", True), ("=~~ 'ob'", True), ("!~ 'ob'", True), ("!~~ 'ob'", False)],
)
def test_one_wave_matches_from_the_start_and_two_anywhere(operator: str, met: bool) -> None:
    expression = compile_expression(f"customer.email {operator}", SCOPE)
    assert expression.outcome(Env(customer={"email": "bob"})) is (Outcome.MET if met else Outcome.NOT_MET)


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        # Python would find each of these.
        ("b$", "ab\n"),
        (r"\d", "\u0663"),
        (r"\w", "\u00fc"),
    ],
)
def test_the_meaning_is_re2s(pattern: str, text: str) -> None:
    literal = pattern.replace("\\", "\\\\")
    expression = compile_expression(f"customer.email =~~ '{literal}'", SCOPE)
    assert expression.value(Env(customer={"email": text})) is False
    assert expression.outcome(Env(customer={"email": text})) is Outcome.NOT_MET


def test_rule_engine_uses_re2_too() -> None:
    # Given a value that compiled code hands to rule-engine
    class Text(str):
        pass

    expression = compile_expression("customer.email =~~ 'b$'", SCOPE)
    # Then it means the same there
    assert expression.value(Env(customer={"email": Text("ab\n")})) is False
    assert expression.value(Env(customer={"email": Text("ab")})) is True


def test_a_pattern_is_a_literal() -> None:
    with pytest.raises(ExpressionError, match="written out"):
        compile_expression("customer.email =~ customer.email", SCOPE)


def test_a_refused_pattern_is_refused_at_its_place() -> None:
    with pytest.raises(ExpressionError) as caught:
        compile_expression("customer.email =~ '(?=a)'", SCOPE)
    assert (caught.value.code, caught.value.offset) == ("regex", 15)
    assert "two conditions" in caught.value.message


@pytest.mark.parametrize("pattern", ["(a?){1000}b", r"(\w*\s*){500}z!", "(é?){500}z", "(x+x+)+" * 500 + "y"])
def test_a_pattern_that_would_take_seconds_is_refused(pattern: str) -> None:
    with pytest.raises(ExpressionError, match="are allowed; repeat less, or write two"):
        compiled(pattern)


def test_a_pattern_as_large_as_it_may_be_is_taken() -> None:
    assert compiled("(a?){370}b").search("a" * 400 + "b")


PIECES = (
    "a",
    "b",
    ".",
    "[ab]",
    "[^a]",
    "a*",
    "b+?",
    "(a|b)",
    "(?i:A)",
    r"\b",
    "^",
    "$",
    r"\d",
    "a{2}",
    "",
    "é",
)


def test_many_patterns_at_once_are_found_where_each_by_itself_is() -> None:
    chance = random.Random(20260301)
    texts = ["".join(chance.choices("abAé1 \n", k=chance.randrange(8))) for _ in range(100)]

    for _ in range(60):
        patterns = tuple("".join(chance.choices(PIECES, k=4)) for _ in range(chance.randint(1, 12)))
        at_start, anywhere = finder(patterns, at_start=True), finder(patterns, at_start=False)
        each = [compiled(pattern) for pattern in patterns]
        for text in texts:
            found = {place for place, pattern in enumerate(each) if pattern.match(text)}
            assert set(at_start(text.encode()) or ()) == found
            found = {place for place, pattern in enumerate(each) if pattern.search(text)}
            assert set(anywhere(text.encode()) or ()) == found


@pytest.mark.parametrize(
    "patterns",
    [
        ("(?:a|b)*a(?:a|b){300}c", "(?:a|b)*a(?:a|b){300}"),
        tuple(f"(?:a|b)*a(?:a|b){{{number}}}c" for number in range(20, 90, 10)),
        (".*a.{100}c",),
        ("(a?){200}a{200}", "[ab]{900}c?"),
    ],
)
def test_patterns_with_very_many_states_are_found_all_the_same(patterns: tuple[str, ...]) -> None:
    text = "".join(random.Random(1).choices("ab", k=20_000)) + "c"
    find = finder(patterns, at_start=True)

    found = set(find(text.encode()) or ())
    assert found == {place for place, pattern in enumerate(patterns) if compiled(pattern).match(text)}
