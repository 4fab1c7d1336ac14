"""What rule-engine's suite evaluates, written as expressions of Holdfast."""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from rule_engine import Context, Rule
from rule_engine import ast as rule_ast

_SIGNS = {
    **{"add": "+", "sub": "-", "mul": "*", "tdiv": "/", "fdiv": "//", "mod": "%", "pow": "**"},
    **{"bwand": "&", "bwor": "|", "bwxor": "^", "bwlsh": "<<", "bwrsh": ">>", "and": "and", "or": "or"},
    **{"eq": "==", "ne": "!=", "lt": "<", "le": "<=", "gt": ">", "ge": ">="},
    **{"eq_fzm": "=~", "eq_fzs": "=~~", "ne_fzm": "!~", "ne_fzs": "!~~"},
}


class Unwritable(Exception):
    """No text makes this node, or none that Holdfast could be given."""


def with_event(text: str) -> tuple[str, frozenset[str]]:
    """Give the text with each of its own names below `event`, and those names."""
    lexer = Rule.parser._lexer.clone()
    lexer.input(text)
    tokens = list(iter(lexer.token, None))
    pairs = list(zip([None, *tokens[:-1]], tokens, strict=True))
    bound = {token.value for before, token in pairs if before is not None and before.type == "FOR"}
    written, names, end = "", set(), 0
    for before, token in pairs:
        attribute = before is not None and before.type in ("ATTR", "ATTR_SAFE")
        own = token.type == "SYMBOL" and token.value not in bound and not token.value.startswith("$")
        if own and not attribute:
            written += f"{text[end : token.lexpos]}event."
            end = token.lexpos
            names.add(token.value)
    return written + text[end:], frozenset(names)


def text_of(node: Any) -> str:
    """Give a text that rule-engine parses to a node; raises Unwritable."""
    for kind, write in _WRITERS.items():
        if isinstance(node, kind):
            return write(node)
    raise Unwritable(type(node).__name__)


def written(value: Any) -> str:
    """Give a text of a value; raises Unwritable."""
    try:
        node = rule_ast.LiteralExpressionBase.from_value(Context(), value)
    except TypeError:
        raise Unwritable(type(value).__name__) from None
    return text_of(node)


def _literal(node: Any) -> str:
    value = node.value
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, Decimal):
        return f"({str(value).lower().replace('infinity', 'inf')})"
    if isinstance(value, datetime):
        return f'd"{value.isoformat()}"'
    if isinstance(value, timedelta):
        sign = "-" if value < timedelta(0) else ""
        return f'({sign}t"P{abs(value).days}DT{abs(value).seconds}S")'
    if isinstance(value, (str, bytes)):
        return repr(value)
    raise Unwritable(f"a literal {type(value).__name__}")


def _listed(node: Any) -> str:
    return ", ".join(map(text_of, node.value))


def _set(node: Any) -> str:
    if not node.value:
        raise Unwritable("an empty set")
    return f"{{{_listed(node)}}}"


def _symbol(node: Any) -> str:
    if node.scope not in (None, "built-in"):
        raise Unwritable("a scope of its own")
    return f"${node.name}" if node.scope else str(node.name)


def _slice(node: Any) -> str:
    ends = ["" if end is None else text_of(end) for end in (node.start, node.stop)]
    return f"({text_of(node.container)}){'&' if node.safe else ''}[{ends[0]}:{ends[1]}]"


def _comprehension(node: Any) -> str:
    condition = "" if node.condition is None else f" if {text_of(node.condition)}"
    return f"[{text_of(node.result)} for {node.variable} in {text_of(node.iterable)}{condition}]"


def _binary(node: Any) -> str:
    return f"({text_of(node.left)} {_SIGNS[node.type]} {text_of(node.right)})"


_WRITERS: Mapping[type, Callable[[Any], str]] = {
    rule_ast.ArrayExpression: lambda node: f"[{_listed(node)}]",
    rule_ast.SetExpression: _set,
    rule_ast.MappingExpression: lambda node: (
        f"{{{', '.join(f'{text_of(key)}: {text_of(value)}' for key, value in node.value)}}}"
    ),
    rule_ast.LiteralExpressionBase: _literal,
    rule_ast.SymbolExpression: _symbol,
    rule_ast.BinaryExpressionBase: _binary,
    rule_ast.CoalesceExpression: lambda node: f"({text_of(node.left)} ?? {text_of(node.right)})",
    rule_ast.ContainsExpression: lambda node: f"({text_of(node.member)} in {text_of(node.container)})",
    rule_ast.GetAttributeExpression: lambda node: (
        f"({text_of(node.object)}){'&' if node.safe else ''}.{node.name}"
    ),
    rule_ast.GetItemExpression: lambda node: (
        f"({text_of(node.container)}){'&' if node.safe else ''}[{text_of(node.item)}]"
    ),
    rule_ast.GetSliceExpression: _slice,
    rule_ast.UnaryExpression: lambda node: (
        f"({'-' if node.type == 'uminus' else 'not '}{text_of(node.right)})"
    ),
    rule_ast.TernaryExpression: lambda node: (
        f"({text_of(node.condition)} ? {text_of(node.case_true)} : {text_of(node.case_false)})"
    ),
    rule_ast.ComprehensionExpression: _comprehension,
    rule_ast.FunctionCallExpression: lambda node: (
        f"{text_of(node.function)}({', '.join(map(text_of, node.arguments))})"
    ),
}
