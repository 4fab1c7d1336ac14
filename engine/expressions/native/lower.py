"""From rule-engine's tree to a Python function.

A function has the same value as rule-engine for values of plain types, checks every type before it relies on
it, and otherwise hands the line to rule-engine. A node that has no Python form here is evaluated by
rule-engine where it stands.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
from rule_engine import ast as rule_ast

from engine.expressions import nodes, regex
from engine.expressions.native import compare
from engine.expressions.native.compare import Operand
from engine.expressions.native.operations import TIMELESS
from engine.expressions.native.writer import (
    OUTCOME,
    TOGETHER,
    VALUE,
    VALUE_OR_NULL,
    VALUE_OR_OUTCOME,
    Exits,
    Function,
    Writer,
)

Part = Callable[[Any], Function]
"""Gives the function by which rule-engine evaluates one node."""


class Lines(msgspec.Struct, frozen=True):
    """Roots of lines, each with its part, or further lines; `every` tells whether all must hold or one."""

    every: bool
    entries: tuple[tuple[Any, Part] | Lines, ...]


ARITHMETIC = {
    "add": "add",
    "sub": "subtract",
    "mul": "multiply",
    "tdiv": "divide",
    "fdiv": "divide_whole",
    "mod": "remainder",
}
_OF_VALUES = frozenset(("as_lower", "as_upper", "is_empty", "length"))
_CONDITIONS = (
    rule_ast.ComparisonExpression,
    rule_ast.ContainsExpression,
    rule_ast.LogicExpression,
)
SCALAR_LITERALS = (
    rule_ast.BooleanExpression,
    rule_ast.DatetimeExpression,
    rule_ast.FloatExpression,
    rule_ast.NullExpression,
    rule_ast.StringExpression,
    rule_ast.TimedeltaExpression,
)


def condition(root: Any, part: Part, raised: Function, oracle: Function) -> Function:
    """Give the function that tells the outcome of a line."""
    lowering = Lowering(Writer(OUTCOME), part)
    lowering.decide(root)
    return lowering.writer.function(raised, oracle)


def value(root: Any, part: Part, oracle: Function) -> Function:
    """Give the function that computes the value of an expression, as rule-engine gives it."""
    return _value(root, part, oracle, VALUE)


def value_or_null(root: Any, part: Part, oracle: Function) -> Function:
    """Give the function that computes the value, or None where it is certain that rule-engine would raise."""
    return _value(root, part, oracle, VALUE_OR_NULL)


def value_or_outcome(root: Any, part: Part, raised: Function, oracle: Function) -> Function:
    """Give the function that computes the value, or what `raised` and `oracle` give where it would raise."""
    return _value(root, part, oracle, VALUE_OR_OUTCOME, raised)


def _value(root: Any, part: Part, oracle: Function, exits: Exits, raised: Function | None = None) -> Function:
    lowering = Lowering(Writer(exits), part)
    operand = lowering.operand(root)
    lowering.writer.line(f"return {operand.code}" if operand.boolean else f"return result({operand.code})")
    return lowering.writer.function(raised or oracle, oracle)


def together(lines: Lines, slowly: Function) -> Function:
    """Give the function that tells the outcome of several lines at once.

    It settles what plain values settle: a line that is not met among all, one that is met among any, or every
    line decided. For anything else it calls `slowly`, which looks at one line after the other.
    """
    writer = Writer(TOGETHER)
    test, end = ("if not", writer.exits.false) if lines.every else ("if", writer.exits.true)
    for entry in lines.entries:
        if isinstance(entry, Lines):
            writer.line(f"{test} {_entry(writer, entry)}: {end}")
        else:
            root, part = entry
            Lowering(writer, part).leave(test, root, str(end))
    writer.line(f"{writer.exits.true if lines.every else writer.exits.false}")
    return writer.function(slowly, slowly)


def _entry(writer: Writer, entry: tuple[Any, Part] | Lines) -> str:
    if not isinstance(entry, Lines):
        root, part = entry
        return Lowering(writer, part).test(root)
    answer = writer.name()
    writer.line(f"{answer} = {entry.every}")
    before = dict(writer.read)
    for each in entry.entries:
        with writer.indented(f"if {'' if entry.every else 'not '}{answer}:"):
            writer.line(f"{answer} = {_entry(writer, each)}")
    writer.read = before
    return answer


class Lowering:
    """One function being written."""

    def __init__(self, writer: Writer, part: Part) -> None:
        self.writer = writer
        self.part = part

    def decide(self, node: Any) -> None:
        """Write the end of a condition: it returns as soon as the answer is certain."""
        exits = self.writer.exits
        chain, operator = _chain(node)
        if operator == "or":
            for each in chain:
                self.leave("if", each, str(exits.true))
            self.writer.line(f"{exits.false}")
            return
        for each in chain:
            self.leave("if not", each, str(exits.false))
        self.writer.line(f"{exits.true}")

    def leave(self, test: str, node: Any, end: str) -> None:
        """Write that the function ends `if` a node is true, or `if not`."""
        # Python compares and jumps in one step where the answer of a comparison is kept nowhere.
        if not self._compared(node, lambda answer: f"{test} {answer}: {end}"):
            self.writer.line(f"{test} {self.test(node)}: {end}")

    def test(self, node: Any) -> str:
        """Write a node of which only the truth is wanted; gives code that is true or false."""
        operand = self.operand(node)
        if operand.boolean:
            return operand.code
        answer = self.writer.name()
        self.writer.line(
            f"{answer} = {operand.code} if type({operand.code}) is bool else truth({operand.code})"
        )
        return answer

    def operand(self, node: Any) -> Operand:
        """Write a node of which the value is wanted."""
        if isinstance(node, SCALAR_LITERALS):
            return Operand(self.writer.outside(node.value), constant=True, value=node.value)
        if isinstance(node, rule_ast.SymbolExpression) and node.name == "now" and node.scope is None:
            return Operand(self.writer.attribute("now"), name=True)
        if isinstance(node, nodes.Attribute) and node.dotted is not None:
            return Operand(self.writer.attribute(node.dotted), name=True)
        if isinstance(node, _CONDITIONS):
            return self._condition(node)
        if isinstance(node, nodes.Negation):
            return self._negation(node)
        if isinstance(node, rule_ast.BinaryExpressionBase) and node.type in ARITHMETIC:
            return self._arithmetic(node)
        if isinstance(node, rule_ast.TernaryExpression):
            return self._ternary(node)
        if isinstance(node, nodes.Fallback):
            return self._fallback(node)
        if isinstance(node, nodes.Attribute) and node.name in _OF_VALUES and not node.safe:
            return self._of_value(node)
        return self._elsewhere(node)

    def _of_value(self, node: nodes.Attribute) -> Operand:
        owner = self.operand(node.object)
        self._leave_if_unknown(owner)
        variable = self.writer.name()
        self.writer.line(f"{variable} = {node.name}({owner.code})")
        return Operand(variable)

    def _elsewhere(self, node: Any) -> Operand:
        variable = self.writer.name()
        self.writer.line(f"{variable} = {self.writer.outside(self.part(node))}(env)")
        return Operand(variable)

    def _condition(self, node: Any) -> Operand:
        if isinstance(node, rule_ast.LogicExpression):
            return Operand(self._logic(node), boolean=True)
        variable = self.writer.name()
        self._compared(node, lambda answer: f"{variable} = {answer}")
        return Operand(variable, boolean=True)

    def _compared(self, node: Any, tell: compare.Tell) -> bool:
        """Write a comparison and what is done with its answer; gives whether the node is one."""
        if isinstance(node, rule_ast.ContainsExpression):
            self._contains(node, tell)
        elif isinstance(node, nodes.Pattern):
            find = regex.finder((node.text,), at_start=node.type.endswith("fzm"))
            negated = node.type.startswith("ne")
            compare.pattern(self.writer, negated, find, self.operand(node.left), tell)
        elif isinstance(node, rule_ast.ComparisonExpression):
            write = compare.ordering if isinstance(node, nodes.Ordering) else compare.equality
            write(self.writer, node.type, self.operand(node.left), self.operand(node.right), tell)
        else:
            return False
        return True

    def _logic(self, node: Any) -> str:
        chain, operator = _chain(node)
        answer = self.writer.name()
        self.writer.line(f"{answer} = {self.test(chain[0])}")
        before = dict(self.writer.read)
        for each in chain[1:]:
            # What an earlier part has read is there in a later one, for that is reached through the earlier.
            with self.writer.indented(f"if {'not ' if operator == 'or' else ''}{answer}:"):
                self.writer.line(f"{answer} = {self.test(each)}")
        self.writer.read = before
        return answer

    def _contains(self, node: Any, tell: compare.Tell) -> None:
        choices = choices_of(node.container)
        if choices is not None:
            compare.membership(self.writer, choices, self.operand(node.member), tell)
            return
        container, member = self.operand(node.container), self.operand(node.member)
        if container.name:
            self.writer.line(f"if {container.code} is None: {self.writer.exits.unknown}")
        self.writer.line(tell(f"contains({container.code}, {member.code})"))

    def _negation(self, node: Any) -> Operand:
        variable = self.writer.name()
        if node.type == "not":
            self.writer.line(f"{variable} = not {self.test(node.right)}")
            return Operand(variable, boolean=True)
        right = self.operand(node.right)
        self._leave_if_unknown(right)
        self.writer.line(f"{variable} = negate({right.code})")
        return Operand(variable)

    def _arithmetic(self, node: Any) -> Operand:
        left, right = self.operand(node.left), self.operand(node.right)
        self._leave_if_unknown(left, right)
        variable = self.writer.name()
        self.writer.line(f"{variable} = {ARITHMETIC[node.type]}({left.code}, {right.code})")
        return Operand(variable)

    def _leave_if_unknown(self, *operands: Operand) -> None:
        nulls = " or ".join(f"{operand.code} is None" for operand in operands if operand.name)
        if nulls:
            self.writer.line(f"if {nulls}: {self.writer.exits.unknown}")

    def _ternary(self, node: Any) -> Operand:
        variable = self.writer.name()
        with self.writer.block(f"if {self.test(node.condition)}:"):
            self.writer.line(f"{variable} = {self.operand(node.case_true).code}")
        with self.writer.block("else:"):
            self.writer.line(f"{variable} = {self.operand(node.case_false).code}")
        return Operand(variable)

    def _fallback(self, node: Any) -> Operand:
        variable = self.writer.name()
        self.writer.line(f"{variable} = {self.operand(node.left).code}")
        with self.writer.block(f"if {variable} is None:"):
            self.writer.line(f"{variable} = {self.operand(node.right).code}")
        return Operand(variable)


def _chain(node: Any) -> tuple[list[Any], str | None]:
    """Give the parts of `a and b and c`, or of the same with `or`, in their order."""
    if not isinstance(node, rule_ast.LogicExpression):
        return [node], None
    operator: str = node.type
    parts = []
    while isinstance(node, rule_ast.LogicExpression) and node.type == operator:
        parts.append(node.right)
        node = node.left
    parts.append(node)
    return parts[::-1], operator


def choices_of(container: Any) -> frozenset[Any] | None:
    """Give the members of a literal list, None where one of them is not a constant of a plain type."""
    if not isinstance(container, (rule_ast.ArrayExpression, rule_ast.SetExpression)):
        return None
    members = list(container.value)
    if not all(isinstance(member, SCALAR_LITERALS) and type(member.value) in TIMELESS for member in members):
        return None
    if any(isinstance(member, rule_ast.FloatExpression) and member.value.is_nan() for member in members):
        return None
    return frozenset(member.value for member in members)
