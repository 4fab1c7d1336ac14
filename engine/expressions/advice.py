"""Warnings for forms that mean something other than they seem to, above all while a fact is still unknown."""

from __future__ import annotations

from typing import Any

import msgspec
from rule_engine import ast as rule_ast

from engine.expressions import nodes
from engine.expressions.tree import children, walk


class Advice(msgspec.Struct, frozen=True):
    """One warning. `names` are the facts that it is about: none of it applies to one that is never null."""

    code: str
    message: str
    offset: int | None
    names: tuple[str, ...] = ()


def advise(root: Any) -> tuple[Advice, ...]:
    """Give the warnings for an expression, in the order of its text.

    true_when_unknown: a form that holds while the fact is null. equal_when_unknown: two facts that count as
    equal while both are null. loose_fallback: a `??` that takes in more than it seems to.
    """
    guarded = _guarded(root)
    found: list[Advice] = []
    _judge(root, True, found)
    kept = [each for each in found if not each.names or not guarded.issuperset(each.names)]
    kept.extend(_loose(node) for node in walk(root) if isinstance(node, nodes.Fallback) and node.loose)
    return tuple(sorted(kept, key=lambda each: each.offset or 0))


def _loose(node: Any) -> Advice:
    return Advice(
        "loose_fallback",
        "`??` comes after comparing and computing: x ?? 0 > 5 is x ?? (0 > 5); write (x ?? 0) > 5",
        node.offset,
    )


def _guarded(root: Any) -> set[str]:
    """The names that the expression compares with null itself."""
    names: set[str] = set()
    for node in walk(root):
        if isinstance(node, nodes.Equality):
            sides = (node.left, node.right)
            if any(isinstance(side, rule_ast.NullExpression) for side in sides):
                names.update(name for side in sides if (name := _name(side)) is not None)
    return names


def _name(node: Any) -> str | None:
    dotted: str | None = getattr(node, "dotted", None) if isinstance(node, nodes.Attribute) else None
    return dotted


def _judge(node: Any, wanted: bool, found: list[Advice]) -> None:
    """Look for forms that come out as `wanted` when a name in them is null."""
    if isinstance(node, nodes.Negation) and node.type == "not":
        _judge(node.right, not wanted, found)
    elif isinstance(node, rule_ast.LogicExpression):
        _judge(node.left, wanted, found)
        _judge(node.right, wanted, found)
    elif isinstance(node, (nodes.Equality, nodes.Ordering, nodes.Pattern, nodes.Membership)):
        advice = _of_comparison(node, wanted)
        if advice is not None:
            found.append(advice)
    elif _name(node) is not None and not wanted:
        found.append(_unknown(node, "not", (str(_name(node)),)))
    else:
        for below in children(node):
            _judge(below, True, found)


def _of_comparison(node: Any, wanted: bool) -> Advice | None:
    if isinstance(node, nodes.Membership):
        member = _name(node.member)
        return None if wanted or member is None else _unknown(node, "not in", (member,))
    left, right = _name(node.left), _name(node.right)
    names = tuple(name for name in (left, right) if name is not None)
    if not names:
        return None
    if isinstance(node, nodes.Pattern):
        negated = node.type.startswith("ne")
        return _unknown(node, "!~" if wanted else "not ... =~", names) if negated == wanted else None
    holds_for_null = node.type == "ne"
    if isinstance(node, nodes.Equality):
        if any(isinstance(side, rule_ast.NullExpression) for side in (node.left, node.right)):
            return None
        if len(names) == 2 and not holds_for_null and wanted:
            return _both(node, "==", names)
        return _unknown(node, "!=" if wanted else "not ... ==", names) if holds_for_null == wanted else None
    if len(names) == 2 and wanted and node.type in ("le", "ge"):
        return _both(node, "<=" if node.type == "le" else ">=", names)
    return None


def _unknown(node: Any, sign: str, names: tuple[str, ...]) -> Advice:
    name = names[0]
    return Advice(
        "true_when_unknown",
        f"`{sign}` holds while {name} is unknown; add {name} != null, or a default: ({name} ?? ...)",
        node.offset,
        names,
    )


def _both(node: Any, sign: str, names: tuple[str, ...]) -> Advice:
    return Advice(
        "equal_when_unknown",
        f"`{sign}` holds while both {names[0]} and {names[1]} are unknown; add {names[0]} != null",
        node.offset,
        names,
    )
