"""Thresholds: what fails below, at and above each, and what is left open where there are too many."""

from decimal import Decimal

import pytest

from engine.expressions import Kind, Scope, compile_expression
from engine.expressions.clauses import Answer, Clause, line_of, settle
from engine.expressions.index.masks import Masks, Use
from engine.expressions.index.stairs import stairs

SCOPE = Scope(customer={"spend": Kind.NUMBER}, event=None)
SIGNS = ("<", "<=", ">", ">=")
CLAUSES = [f"customer.spend {sign} {threshold}" for threshold in range(0, 100, 5) for sign in SIGNS]
EVERYTHING = (1 << len(CLAUSES)) - 1
VALUES = [Decimal(value) / 2 for value in range(-4, 220)]


def clause(text: str) -> Clause:
    form = line_of(compile_expression(text, SCOPE)).form
    assert isinstance(form, Clause)
    return form


def uses() -> list[Use]:
    """Each clause in a term of its own; every second one as a first clause."""
    made = []
    for place, text in enumerate(CLAUSES):
        bit = 1 << place
        made.append(Use(clause(text), *((bit, 0) if place % 2 else (0, bit))))
    return made


def failing(masks: Masks) -> int:
    return (EVERYTHING & ~masks.keep) | masks.fail


@pytest.mark.parametrize("value", VALUES)
def test_what_fails_is_what_the_clauses_answer(value: Decimal) -> None:
    look = stairs(uses(), EVERYTHING)

    expected = [settle(use.clause, value) is Answer.FAILS for use in uses()]
    assert failing(look(value)) == sum(1 << place for place, fails in enumerate(expected) if fails)
    assert look(value).unsure == 0


def test_where_masks_would_take_too_much_a_few_thresholds_are_left_open() -> None:
    look = stairs(uses(), EVERYTHING, most_bytes=200)

    for value in VALUES:
        masks = look(value)
        answers = [settle(use.clause, value) for use in uses()]
        fails = sum(1 << place for place, answer in enumerate(answers) if answer is Answer.FAILS)
        assert failing(masks) & ~fails == 0
        assert fails & ~failing(masks) & ~masks.unsure == 0
    assert 0 < max(look(value).unsure.bit_count() for value in VALUES) < len(CLAUSES) / 2
