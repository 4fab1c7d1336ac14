"""Lines put together: all, any, nested."""

import itertools
import sys
from collections.abc import Callable
from types import FrameType

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


@pytest.mark.parametrize(("a", "b", "c"), list(itertools.product(Outcome, repeat=3)))
def test_a_trace_has_the_outcome_of_each_line_by_itself(a: Outcome, b: Outcome, c: Outcome) -> None:
    # given lists in which a line, or a list, is met or not
    values = env(a, b, c)
    for condition, lines in (
        (all_of([A, B, C]), (A, B, C)),
        (any_of([A, B, C]), (A, B, C)),
        (all_of([A, any_of([B, C])]), (A, B, C)),
        (any_of([all_of([A, B]), C]), (A, B, C)),
    ):
        # then each line is told as it is told by itself, but for the place
        told = [(line.text, line.outcome, line.values, line.error) for line in condition.trace(values)]
        alone = [line.trace(values) for line in lines]
        assert told == [(line.text, line.outcome, line.values, line.error) for line in alone]


def test_where_all_is_met_no_line_is_evaluated_by_itself() -> None:
    # given lines that nothing else uses, and how many functions made for them are called
    lines = [compile_expression(f"customer.{name} > 1.0625", SCOPE) for name in "abc"]
    condition = all_of(lines)
    evaluated: list[str] = []

    def called(frame: FrameType, event: str, _: object) -> None:
        if event == "call" and frame.f_code.co_filename == "<expression>":
            evaluated.append(frame.f_code.co_name)

    def evaluations(values: Env, known: Outcome | None = None) -> int:
        condition.trace(values)  # whatever is compiled once is compiled here
        evaluated.clear()
        sys.setprofile(called)
        try:
            condition.trace(values, known=known)
        finally:
            sys.setprofile(None)
        return len(evaluated)

    # then one evaluation, or none where it is known, tells that all are met; no line is even compiled
    assert evaluations(env(MET, MET, MET)) == 1
    assert evaluations(env(MET, MET, MET), known=MET) == 0
    assert all(line.outcome == line._first_outcome for line in lines)
    # and where not all are met, each line is evaluated
    assert evaluations(env(MET, MET, NOT_MET), known=NOT_MET) == 3
