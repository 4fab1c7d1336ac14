"""Lines put together: all, any, nested."""

import itertools
from collections.abc import Callable

import pytest

from engine.expressions import (
    Condition,
    Env,
    Expression,
    Kind,
    Outcome,
    Scope,
    all_of,
    any_of,
    compile_expression,
)

SCOPE = Scope(customer={"a": Kind.NUMBER, "b": Kind.NUMBER, "c": Kind.NUMBER}, event=None)
MET, NOT_MET, UNKNOWN, ERROR = Outcome.MET, Outcome.NOT_MET, Outcome.UNKNOWN, Outcome.ERROR
VALUES = {MET: 2, NOT_MET: 0, UNKNOWN: None, ERROR: "high"}
ALL = (NOT_MET, ERROR, UNKNOWN, MET)
ANY = (MET, ERROR, UNKNOWN, NOT_MET)
A, B, C = (compile_expression(f"customer.{name} > 1", SCOPE) for name in "abc")


def env(a: Outcome, b: Outcome, c: Outcome = MET) -> Env:
    return Env(customer={"a": VALUES[a], "b": VALUES[b], "c": VALUES[c]})


@pytest.mark.parametrize(("a", "b", "c"), list(itertools.product(Outcome, repeat=3)))
def test_the_first_of_the_order_that_occurs_is_the_outcome(a: Outcome, b: Outcome, c: Outcome) -> None:
    assert all_of([A, B, C]).outcome(env(a, b, c)) is min((a, b, c), key=ALL.index)
    assert any_of([A, B, C]).outcome(env(a, b, c)) is min((a, b, c), key=ANY.index)


@pytest.mark.parametrize(("a", "b", "c"), list(itertools.product(Outcome, repeat=3)))
def test_an_any_inside_a_list_counts_as_one_line(a: Outcome, b: Outcome, c: Outcome) -> None:
    nested = all_of([A, any_of([B, C])])
    assert nested.outcome(env(a, b, c)) is min((a, min((b, c), key=ANY.index)), key=ALL.index)


def test_an_empty_list_of_all_is_met_and_of_any_is_not() -> None:
    assert all_of([]).outcome(Env()) is MET
    assert any_of([]).outcome(Env()) is NOT_MET


def test_the_names_are_those_of_all_lines() -> None:
    assert all_of([B, any_of([A, B])]).names == ("customer.a", "customer.b")


def test_the_trace_has_every_line_with_its_own_outcome_and_place() -> None:
    condition = all_of([A, any_of([B, C])])
    traces = condition.trace(env(NOT_MET, UNKNOWN, ERROR))
    assert [(each.path, each.text, each.outcome) for each in traces] == [
        ((0,), "customer.a > 1", NOT_MET),
        ((1, 0), "customer.b > 1", UNKNOWN),
        ((1, 1), "customer.c > 1", ERROR),
    ]


@pytest.mark.parametrize("put", [all_of, any_of])
def test_a_line_that_cannot_be_taken_apart_is_evaluated_by_itself(
    put: Callable[[list[Expression]], Condition],
) -> None:
    line = compile_expression("event.code =~ '(a)(b)' and $re_groups[1] == 'b'", Scope(customer={}, event={}))
    condition = put([line])
    assert condition.outcome(Env(event={"code": "abc"})) is MET
    assert condition.outcome(Env(event={"code": "b"})) is NOT_MET


def test_a_hundred_lines_are_taken() -> None:
    lines = [compile_expression(f"customer.a > {number}", SCOPE) for number in range(100)]
    assert all_of(lines).outcome(Env(customer={"a": 100})) is MET
    assert all_of(lines).outcome(Env(customer={"a": 99})) is NOT_MET
