"""Walking rule-engine's tree."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import time
from typing import Any

from rule_engine import DataType
from rule_engine import ast as rule_ast

from engine.errors import ExpressionError
from engine.expressions.mismatch import not_a_value
from engine.expressions.scope import Kind, Scope, kind_of

_BELOW = (
    "left",
    "right",
    "container",
    "member",
    "item",
    "start",
    "stop",
    "object",
    "inner",
    "condition",
    "case_true",
    "case_false",
    "function",
    "iterable",
    "result",
)


def children(node: Any) -> Iterator[Any]:
    """Give the nodes right below a node."""
    for name in _BELOW:
        below = getattr(node, name, None)
        if isinstance(below, rule_ast.ExpressionBase):
            yield below
    yield from getattr(node, "arguments", ())
    if isinstance(node, rule_ast.MappingExpression):
        for pair in node.value:
            yield from pair
    elif isinstance(node, (rule_ast.ArrayExpression, rule_ast.SetExpression)):
        yield from node.value


def walk(node: Any) -> Iterator[Any]:
    """Give a node and all below it."""
    waiting = [node]
    while waiting:
        current = waiting.pop()
        yield current
        waiting.extend(children(current))


def check_roots(root: Any) -> None:
    """Raise ExpressionError where a root such as `customer` is used as if it were a value."""
    owned = {id(node.object) for node in walk(root) if isinstance(node, rule_ast.GetAttributeExpression)}
    for node in walk(root):
        if DataType.is_type(node.result_type, DataType.OBJECT) and id(node) not in owned:
            raise ExpressionError("name", not_a_value(node.result_type), node.offset)


def static_kind(node: Any, scope: Scope) -> Kind:
    """Give the kind of a node's value, as far as the text tells; a date moved by some days is a date."""
    kind = kind_of(node.result_type)
    return Kind.DATE if kind is Kind.TIME and _is_date(node, scope) else kind


def _is_date(node: Any, scope: Scope) -> bool:
    dotted = getattr(node, "dotted", None)
    if dotted is not None:
        return declared_kind(dotted, scope) is Kind.DATE
    if isinstance(node, rule_ast.DatetimeExpression):
        local = node.value.astimezone(node.context.default_timezone)
        return bool(local.time() == time(0))
    if isinstance(node, (rule_ast.AddExpression, rule_ast.SubtractExpression)):
        return any(_is_date(side, scope) for side in (node.left, node.right))
    return False


def declared_kind(dotted: str, scope: Scope) -> Kind:
    """Give the kind that a scope declares for a dotted name, ANY where it declares none."""
    root, _, rest = dotted.partition(".")
    if root == "run":
        step, _, rest = rest.partition(".")
        names = (scope.run or {}).get(step)
    else:
        names = {"customer": scope.customer, "event": scope.event, "input": scope.input}.get(root)
    return (names or {}).get(rest, Kind.ANY)
