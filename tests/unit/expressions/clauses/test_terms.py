"""A condition as terms: how many there are, which clauses count first, and what is left out of them."""

import pytest

from engine.expressions import Condition, Kind, Scope, all_of, any_of, compile_expression
from engine.expressions.clauses import clauses_of
from engine.expressions.clauses.terms import MOST_TERMS, Terms, terms_of

SCOPE = Scope(customer={"plan": Kind.TEXT, "orders": Kind.NUMBER, "spend": Kind.NUMBER}, event={})


def terms(*lines: str | list[str]) -> Terms:
    """The terms of a list of all; a list in it is an any."""
    return terms_of(clauses_of(condition(*lines)))


def condition(*lines: str | list[str]) -> Condition:
    return all_of(
        [
            any_of([compile_expression(each, SCOPE) for each in line])
            if isinstance(line, list)
            else compile_expression(line, SCOPE)
            for line in lines
        ]
    )


def shown(found: Terms) -> list[list[str]]:
    return [
        [("" if each.first else "later ") + each.clause.key for each in term.occurrences]
        for term in found.terms
    ]


def test_lines_of_all_make_one_term_in_which_each_line_begins_anew() -> None:
    found = terms("customer.plan == 'pro' and event.a == 1", "event.b == 2")

    assert shown(found) == [
        ["customer.plan == 'pro'", "later event.a == Decimal('1')", "event.b == Decimal('2')"]
    ]


def test_any_and_or_make_a_term_each_and_combine_with_the_others() -> None:
    found = terms(["event.a", "event.b"], "event.c or event.d")

    assert shown(found) == [
        ["event.a true None", "event.c true None"],
        ["event.a true None", "later event.d true None"],
        ["event.b true None", "event.c true None"],
        ["event.b true None", "later event.d true None"],
    ]
    assert all(term.whole for term in found.terms)


def test_what_is_no_clause_leaves_the_term_incomplete() -> None:
    found = terms("customer.spend > customer.orders", "event.a == 1")

    assert shown(found) == [["event.a == Decimal('1')"]]
    assert not found.terms[0].whole


def test_what_would_make_too_many_terms_is_left_to_be_evaluated() -> None:
    many = " or ".join(f"event.a == {number}" for number in range(MOST_TERMS + 1))

    found = terms(many, "event.b == 2")

    assert shown(found) == [["event.b == Decimal('2')"]]
    assert not found.terms[0].whole


@pytest.mark.parametrize(
    ("line", "tame"),
    [
        ("customer.plan == 'pro' and customer.orders > 1", True),
        ("customer.orders > 1 and customer.orders < 5", True),
        ("customer.orders > 1 and customer.plan == 'pro'", False),
        ("customer.orders > 1 and customer.spend < 5", False),
        ("(customer.orders ?? 0) > 1 and customer.plan == 'pro'", True),
        ("customer.orders > customer.spend and customer.plan == 'pro'", False),
    ],
)
def test_a_line_is_tame_where_nothing_follows_what_may_raise_for_null(line: str, tame: bool) -> None:
    assert terms(line, "event.a == 1").tame is tame


def test_a_clause_of_the_same_subject_counts_as_first_where_it_cannot_be_hidden() -> None:
    assert shown(terms("customer.orders > 1 and customer.orders < 5")) == [
        ["customer.orders > Decimal('1')", "customer.orders < Decimal('5')"]
    ]
    assert shown(terms("customer.orders > 1 and customer.orders == 5")) == [
        ["customer.orders > Decimal('1')", "later customer.orders == Decimal('5')"]
    ]


def test_a_condition_that_is_always_met_has_an_empty_term_and_one_that_never_is_has_none() -> None:
    assert shown(terms_of(clauses_of(all_of([])))) == [[]]
    assert shown(terms_of(clauses_of(any_of([])))) == []
    assert shown(terms("true")) == [[]]
    assert shown(terms("false")) == []
