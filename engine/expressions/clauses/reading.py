"""From rule-engine's tree to the clause form."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any

from rule_engine import ast as rule_ast

from engine.expressions import nodes
from engine.expressions.clauses.form import (
    OPPOSITES,
    Both,
    Clause,
    Either,
    Fixed,
    Form,
    Line,
    Lines,
    Opaque,
    Operator,
    Part,
    Subject,
)
from engine.expressions.condition import Condition
from engine.expressions.expression import Expression
from engine.expressions.native.lower import ARITHMETIC, SCALAR_LITERALS, choices_of
from engine.expressions.tree import children, walk

_EQUAL = {"eq": Operator.EQ, "ne": Operator.NE}
_ORDER = {"lt": Operator.LT, "le": Operator.LE, "gt": Operator.GT, "ge": Operator.GE}
_MIRRORED = {
    Operator.LT: Operator.GT,
    Operator.LE: Operator.GE,
    Operator.GT: Operator.LT,
    Operator.GE: Operator.LE,
}
_PATTERNS = {
    "eq_fzm": Operator.STARTS,
    "eq_fzs": Operator.FINDS,
    "ne_fzm": Operator.STARTS_NOT,
    "ne_fzs": Operator.FINDS_NOT,
}


def clauses_of(condition: Condition) -> Lines:
    """Give a condition's clause form."""
    return Lines(
        condition.every,
        tuple(
            line_of(line) if isinstance(line, Expression) else clauses_of(line) for line in condition.lines
        ),
    )


def line_of(expression: Expression) -> Line:
    """Give the clause form of one line."""
    root, part = expression.oracle.root, expression.oracle.part
    # The groups of a match go from one part of a text to another, so such a line is one part.
    form = _form(root, part, False) if expression.divisible else _opaque(root, part, False)
    return Line(expression.text, expression.names, form)


def _form(node: Any, part: Part, negated: bool) -> Form:
    if isinstance(node, nodes.Negation) and node.type == "not":
        return _form(node.right, part, not negated)
    if isinstance(node, rule_ast.LogicExpression):
        return _joined(node, part, negated)
    if isinstance(node, rule_ast.BooleanExpression):
        return Fixed(bool(node.value) is not negated)
    found = _clause(node, part)
    if found is None:
        return _opaque(node, part, negated)
    subject, operator, constant = found
    operator = OPPOSITES[operator] if negated else operator
    return Clause(f"{subject.key} {operator.value} {_written(constant)}", subject, operator, constant)


def _joined(node: Any, part: Part, negated: bool) -> Form:
    operator, below = node.type, []
    while isinstance(node, rule_ast.LogicExpression) and node.type == operator:
        below.append(node.right)
        node = node.left
    below.append(node)
    parts = tuple(_form(each, part, negated) for each in reversed(below))
    # not (a and b) is (not a) or (not b), from left to right as before.
    return Both(parts) if (operator == "and") is not negated else Either(parts)


def _clause(node: Any, part: Part) -> tuple[Subject, Operator, Any] | None:
    if isinstance(node, nodes.Pattern):
        subject = _subject(node.left, part)
        return None if subject is None else (subject, _PATTERNS[node.type], node.text)
    if isinstance(node, rule_ast.ContainsExpression):
        return _membership(node, part)
    if isinstance(node, nodes.Ordering):
        return _comparison(node.left, _ORDER[node.type], node.right, part)
    if isinstance(node, rule_ast.ComparisonExpression):
        operator = _EQUAL.get(node.type)
        return None if operator is None else _comparison(node.left, operator, node.right, part)
    subject = _subject(node, part)
    return None if subject is None else (subject, Operator.TRUE, None)


def _comparison(
    left: Any, operator: Operator, right: Any, part: Part
) -> tuple[Subject, Operator, Any] | None:
    if isinstance(left, SCALAR_LITERALS):
        left, right, operator = right, left, _MIRRORED.get(operator, operator)
    if not isinstance(right, SCALAR_LITERALS) or not _fits(right.value, operator):
        return None
    subject = _subject(left, part)
    return None if subject is None else (subject, operator, right.value)


def _fits(constant: Any, operator: Operator) -> bool:
    """Tell whether a constant can stand in a clause: never an infinity or a time without a zone."""
    if isinstance(constant, Decimal):
        return constant.is_finite()
    if isinstance(constant, datetime):
        return constant.tzinfo is not None
    return operator in _EQUAL.values() or not (constant is None or isinstance(constant, bool))


def _membership(node: Any, part: Part) -> tuple[Subject, Operator, Any] | None:
    choices = choices_of(node.container)
    if choices is not None:
        subject = _subject(node.member, part)
        return None if subject is None else (subject, Operator.IN, choices)
    member = node.member
    if not isinstance(member, SCALAR_LITERALS) or not _fits(member.value, Operator.EQ):
        return None
    if isinstance(member, rule_ast.DatetimeExpression):
        return None
    subject = _subject(node.container, part)
    return None if subject is None else (subject, Operator.HAS, member.value)


def _subject(node: Any, part: Part) -> Subject | None:
    """Give the subject that a node is; None where it is a literal, or nothing that can be told apart."""
    if isinstance(node, SCALAR_LITERALS):
        return None
    name = _name(node)
    if name is not None:
        return Subject(name, name, (name,), node, part)
    if isinstance(node, nodes.Fallback) and isinstance(node.right, SCALAR_LITERALS):
        name = _name(node.left)
        if name is not None and node.right.value is not None and _fits(node.right.value, Operator.EQ):
            return Subject(spelt(node) or "", name, (name,), node, part, node.right.value)
    key = spelt(node)
    return None if key is None else Subject(key, None, _names(node), node, part)


def _opaque(node: Any, part: Part, negated: bool) -> Opaque:
    return Opaque(spelt(node), _names(node), node, part, negated)


def _name(node: Any) -> str | None:
    if isinstance(node, rule_ast.SymbolExpression):
        return "now" if node.name == "now" and node.scope is None else None
    return node.dotted if isinstance(node, nodes.Attribute) else None


def _names(node: Any) -> tuple[str, ...]:
    return tuple(sorted({name for each in walk(node) if (name := _name(each)) is not None}))


def spelt(node: Any) -> str | None:
    """Give a text that is the same for nodes that compute the same, None where that cannot be told.

    It is no text of the language: it tells apart what evaluates otherwise, such as true and 'true'.
    """
    name = _name(node)
    if name is not None:
        return name
    if isinstance(node, SCALAR_LITERALS):
        return _written(node.value)
    if isinstance(node, nodes.Bounded):
        return spelt(node.inner)
    sign = _sign(node)
    below = [spelt(each) for each in children(node)]
    if sign is None or None in below:
        return None
    return f"{sign}({', '.join(str(each) for each in below)})"


def _sign(node: Any) -> str | None:
    if isinstance(node, nodes.Fallback):
        return "??"
    if isinstance(node, nodes.Attribute):
        return f"{'&' if node.safe else ''}.{node.name}"
    if isinstance(node, nodes.Negation):
        return str(node.type)
    if isinstance(node, rule_ast.TernaryExpression):
        return "?:"
    if isinstance(node, (nodes.Equality, nodes.Ordering, rule_ast.LogicExpression)):
        return str(node.type)
    if isinstance(node, rule_ast.BinaryExpressionBase) and node.type in ARITHMETIC:
        return str(node.type)
    return None


def _written(constant: Any) -> str:
    if isinstance(constant, frozenset):
        return f"[{', '.join(sorted(map(_written, constant)))}]"
    if isinstance(constant, datetime):
        return f"{constant.isoformat()} {constant.tzinfo}"
    return repr(constant)
