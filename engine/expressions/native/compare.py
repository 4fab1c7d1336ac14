"""Comparisons as Python statements: with a constant guarded in place, of two values by a function."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

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


_SIGNS = {"lt": "<", "le": "<=", "gt": ">", "ge": ">="}
_MIRRORED = {"lt": "gt", "le": "ge", "gt": "lt", "ge": "le"}
_FUNCTIONS = {"lt": "less", "le": "at_most", "gt": "greater", "ge": "at_least"}
_TYPES = {str: "str", bool: "bool", timedelta: "timedelta"}


def equality(writer: Writer, operator: str, left: Operand, right: Operand) -> str:
    """Write `==` or `!=` and give the variable of its answer."""
    if left.constant and not right.constant:
        left, right = right, left
    answer = writer.name()
    negated = operator == "ne"
    if not right.constant or left.boolean or left.constant:
        writer.line(f"{answer} = {'not ' if negated else ''}same({left.code}, {right.code})")
        return answer
    sign = "!=" if negated else "=="
    value = left.code
    wanted = right.value
    others = "SCALARS"
    if wanted is None:
        writer.line(f"if {value} is None: {answer} = {not negated}")
    elif isinstance(wanted, Decimal):
        writer.line(f"if type({value}) is Decimal: {answer} = {value} {sign} {right.code}")
        writer.line(f"elif type({value}) is int: {answer} = {_with_integer(writer, value, sign, right)}")
        writer.line(f"elif type({value}) is float: {writer.exits.give_up}")
    elif isinstance(wanted, datetime):
        writer.line(f"if type({value}) is datetime and {value}.tzinfo is not None:")
        writer.line(f"    {answer} = {value} {sign} {right.code}")
        writer.line(f"elif type({value}) is datetime: {writer.exits.give_up}")
    else:
        writer.line(f"if type({value}) is {_TYPES[type(wanted)]}: {answer} = {value} {sign} {right.code}")
    writer.line(f"elif type({value}) in {others}: {answer} = {negated}")
    writer.line(f"else: {writer.exits.give_up}")
    return answer


def ordering(writer: Writer, operator: str, left: Operand, right: Operand) -> str:
    """Write `<`, `<=`, `>` or `>=` and give the variable of its answer."""
    if left.constant and not right.constant:
        return ordering(writer, _MIRRORED[operator], right, left)
    answer = writer.name()
    inline = (
        right.constant and not left.constant and isinstance(right.value, (Decimal, str, timedelta, datetime))
    )
    if not inline:
        _order_two(writer, answer, operator, left, right)
        return answer
    value, sign = left.code, _SIGNS[operator]
    if isinstance(right.value, Decimal):
        writer.line(f"if type({value}) is Decimal: {answer} = {value} {sign} {right.code}")
        writer.line(f"elif type({value}) is int: {answer} = {_with_integer(writer, value, sign, right)}")
    elif isinstance(right.value, datetime):
        # Python orders times of two zones by their instants, and asks both zones for them each time.
        instant = writer.outside(right.value.astimezone(UTC))
        writer.line(f"if type({value}) is datetime and {value}.tzinfo is UTC: {answer} = {value} {sign} {instant}")
        writer.line(f"elif type({value}) is datetime and {value}.tzinfo is not None:")
        writer.line(f"    {answer} = {value} {sign} {right.code}")
    else:
        writer.line(
            f"if type({value}) is {_TYPES[type(right.value)]}: {answer} = {value} {sign} {right.code}"
        )
    writer.line(f"elif {value} is None: {writer.exits.unknown if left.name else writer.exits.raises}")
    writer.line(f"else: {writer.exits.give_up}")
    return answer


def _order_two(writer: Writer, answer: str, operator: str, left: Operand, right: Operand) -> None:
    exit_for_null = writer.exits.unknown if left.name and right.name else writer.exits.raises
    writer.line(f"if {left.code} is None or {right.code} is None:")
    writer.line(f"    if {left.code} is not {right.code}: {exit_for_null}")
    # Two nulls are equal, says rule-engine.
    writer.line(f"    {answer} = {operator in ('le', 'ge')}")
    writer.line(f"else: {answer} = {_FUNCTIONS[operator]}({left.code}, {right.code})")


def _with_integer(writer: Writer, value: str, sign: str, right: Operand) -> str:
    # Two whole numbers compare several times faster than a whole and a Decimal one.
    number = right.value
    if number.is_finite() and number.adjusted() < 18 and number == number.to_integral_value():
        return f"{value} {sign} {writer.outside(int(number))}"
    return f"{value} {sign} {right.code}"


def pattern(writer: Writer, negated: bool, find: Any, left: Operand) -> str:
    """Write a match and give the variable of its answer; `find` is what `regex.finder` gives."""
    answer = writer.name()
    found = "is" if negated else "is not"
    writer.line(
        f"if type({left.code}) is str: {answer} = {writer.outside(find)}({left.code}.encode()) {found} None"
    )
    writer.line(f"elif {left.code} is None: {answer} = {negated}")
    writer.line(f"else: {writer.exits.give_up}")
    return answer


def membership(writer: Writer, choices: frozenset[Any], member: Operand) -> str:
    """Write `in` a list of constants and give the variable of its answer."""
    answer = writer.name()
    answered = f"{answer} = {member.code} in {writer.outside(choices)}"
    if all(type(choice) is str for choice in choices):
        # One comparison of types instead of a look in a set, for what the value mostly is.
        writer.line(f"if type({member.code}) is str: {answered}")
        writer.line(f"elif type({member.code}) in TIMELESS: {answered}")
    else:
        writer.line(f"if type({member.code}) in TIMELESS: {answered}")
    writer.line(f"else: {writer.exits.give_up}")
    return answer
