"""Comparisons as Python statements: with a constant guarded in place, of two values by a function."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, TypeAlias

import msgspec

from engine.expressions.native.writer import Writer


class Operand(msgspec.Struct, frozen=True):
    """One side of an operator: code that gives it and can be repeated, and what is known of it.

    constant: its value is `value`. name: it is a name's value as it was given, so null means unknown.
    """

    code: str
    constant: bool = False
    value: Any = None
    name: bool = False
    boolean: bool = False


Tell: TypeAlias = Callable[[str], str]
"""Gives the statement by which an answer, given as code, is used: it is kept, or the function ends by it."""

_SIGNS = {"lt": "<", "le": "<=", "gt": ">", "ge": ">="}
_MIRRORED = {"lt": "gt", "le": "ge", "gt": "lt", "ge": "le"}
_FUNCTIONS = {"lt": "less", "le": "at_most", "gt": "greater", "ge": "at_least"}
_TYPES = {str: "str", bool: "bool", timedelta: "timedelta"}


def equality(writer: Writer, operator: str, left: Operand, right: Operand, tell: Tell) -> None:
    """Write `==` or `!=`."""
    if left.constant and not right.constant:
        left, right = right, left
    negated = operator == "ne"
    if not right.constant or left.boolean or left.constant:
        writer.line(tell(f"{'not ' if negated else ''}same({left.code}, {right.code})"))
        return
    sign = "!=" if negated else "=="
    value = left.code
    wanted = right.value
    others = "SCALARS"
    if wanted is None:
        writer.case(f"if {value} is None", tell(str(not negated)))
    elif isinstance(wanted, Decimal):
        writer.case(f"if type({value}) is Decimal", tell(f"{value} {sign} {right.code}"))
        writer.case(f"elif type({value}) is int", tell(_with_integer(writer, value, sign, right)))
        writer.line(f"elif type({value}) is float: {writer.exits.give_up}")
    elif isinstance(wanted, datetime):
        zoned = f"type({value}) is datetime and {value}.tzinfo is not None"
        writer.case(f"if {zoned}", tell(f"{value} {sign} {right.code}"))
        writer.line(f"elif type({value}) is datetime: {writer.exits.give_up}")
    else:
        writer.case(f"if type({value}) is {_TYPES[type(wanted)]}", tell(f"{value} {sign} {right.code}"))
    writer.case(f"elif type({value}) in {others}", tell(str(negated)))
    writer.line(f"else: {writer.exits.give_up}")


def ordering(writer: Writer, operator: str, left: Operand, right: Operand, tell: Tell) -> None:
    """Write `<`, `<=`, `>` or `>=`."""
    if left.constant and not right.constant:
        left, right, operator = right, left, _MIRRORED[operator]
    inline = (
        right.constant and not left.constant and isinstance(right.value, (Decimal, str, timedelta, datetime))
    )
    if not inline:
        _order_two(writer, operator, left, right, tell)
        return
    value, sign = left.code, _SIGNS[operator]
    if isinstance(right.value, Decimal):
        writer.case(f"if type({value}) is Decimal", tell(f"{value} {sign} {right.code}"))
        writer.case(f"elif type({value}) is int", tell(_with_integer(writer, value, sign, right)))
    elif isinstance(right.value, datetime):
        # Python orders times of two zones by their instants, and asks both zones for them each time.
        instant = writer.outside(right.value.astimezone(UTC))
        zoned = f"type({value}) is datetime and {value}.tzinfo is"
        writer.case(f"if {zoned} UTC", tell(f"{value} {sign} {instant}"))
        writer.case(f"elif {zoned} not None", tell(f"{value} {sign} {right.code}"))
    else:
        writer.case(f"if type({value}) is {_TYPES[type(right.value)]}", tell(f"{value} {sign} {right.code}"))
    writer.line(f"elif {value} is None: {writer.exits.unknown if left.name else writer.exits.raises}")
    writer.line(f"else: {writer.exits.give_up}")


def _order_two(writer: Writer, operator: str, left: Operand, right: Operand, tell: Tell) -> None:
    exit_for_null = writer.exits.unknown if left.name and right.name else writer.exits.raises
    writer.line(f"if {left.code} is None or {right.code} is None:")
    writer.line(f"    if {left.code} is not {right.code}: {exit_for_null}")
    # Two nulls are equal, says rule-engine.
    writer.line(f"    {tell(str(operator in ('le', 'ge')))}")
    writer.case("else", tell(f"{_FUNCTIONS[operator]}({left.code}, {right.code})"))


def _with_integer(writer: Writer, value: str, sign: str, right: Operand) -> str:
    # Two whole numbers compare several times faster than a whole and a Decimal one.
    number = right.value
    if number.is_finite() and number.adjusted() < 18 and number == number.to_integral_value():
        return f"{value} {sign} {writer.outside(int(number))}"
    return f"{value} {sign} {right.code}"


def pattern(writer: Writer, negated: bool, find: Any, left: Operand, tell: Tell) -> None:
    """Write a match; `find` is what `regex.finder` gives."""
    found = f"{writer.outside(find)}({left.code}.encode()) {'is' if negated else 'is not'} None"
    writer.case(f"if type({left.code}) is str", tell(found))
    writer.case(f"elif {left.code} is None", tell(str(negated)))
    writer.line(f"else: {writer.exits.give_up}")


def membership(writer: Writer, choices: frozenset[Any], member: Operand, tell: Tell) -> None:
    """Write `in` a list of constants."""
    answered = tell(f"{member.code} in {writer.outside(choices)}")
    test = "if"
    if all(type(choice) is str for choice in choices):
        # One comparison of types instead of a look in a set, for what the value mostly is.
        writer.case(f"if type({member.code}) is str", answered)
        test = "elif"
    writer.case(f"{test} type({member.code}) in TIMELESS", answered)
    writer.line(f"else: {writer.exits.give_up}")
