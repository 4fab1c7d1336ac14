"""rule-engine's grammar over checked tokens, with our nodes, each of which knows where it was written."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

from rule_engine import Rule
from rule_engine import ast as rule_ast
from rule_engine.errors import DatetimeSyntaxError, EngineError, RuleSyntaxError, TimedeltaSyntaxError
from rule_engine.parser import _DeferredAstNode

from engine.errors import ExpressionError
from engine.expressions.complaint import said
from engine.expressions.limits import limited
from engine.expressions.nodes import REPLACEMENTS
from engine.expressions.slips import slip_at
from engine.expressions.tokens import Replay

_COMPUTES = (
    rule_ast.BinaryExpressionBase,
    rule_ast.ContainsExpression,
)


class Placed(_DeferredAstNode):  # type: ignore[misc]
    """A node that is still to be built, and the place of its sign in the author's text."""

    __slots__ = ("grouped", "loose", "offset")

    def __init__(self, node: Any, offset: int | None) -> None:
        super().__init__(
            REPLACEMENTS.get(node.cls, node.cls),
            # `not in` puts together two nodes at once.
            args=tuple(
                Placed(each, offset) if type(each) is _DeferredAstNode else each for each in node.args
            ),
            kwargs=node.kwargs,
            method=node.method,
        )
        self.offset = offset
        self.grouped = False
        self.loose = False

    def build(self) -> Any:
        """Build the node and those below it; an error carries the innermost place."""
        try:
            node = getattr(self.cls, self.method)(*self.args, **self.kwargs)
        except ExpressionError as error:
            if error.offset is None:
                error.offset = self.offset
                if self.loose:
                    raise _unbracketed(error) from None
            raise
        except RecursionError:
            raise
        except Exception as error:
            raise _not_computable(error, self.offset) from None
        if not hasattr(node, "offset"):
            node.offset = self.offset
        if self.loose:
            node.loose = True
        return node


def _unbracketed(error: ExpressionError) -> ExpressionError:
    sides, _, _ = error.message.partition("; ")
    message = f"{sides}; put brackets, as in (x ?? 0) > 5"
    return ExpressionError(error.code, message, error.offset, error.suggestion)


def _not_computable(error: Exception, offset: int | None) -> ExpressionError:
    if isinstance(error, DatetimeSyntaxError):
        return ExpressionError("value", f'd"{error.value}" is no date; write d"2026-03-01"', offset)
    if isinstance(error, TimedeltaSyntaxError):
        return ExpressionError(
            "value", f't"{error.value}" is no length of time; write 30m, 12h, 3d or 2w', offset
        )
    words = said(error).removeprefix("arithmetic error: ")
    words = words.replace("data type mismatch", "a value has the wrong type")
    return ExpressionError("value", f"this cannot be computed: {words}; give it other values", offset)


def _production(grammar: Any, function: Callable[[Any, Any], None]) -> Callable[[Any], None]:
    def reduce(parsed: Any) -> None:
        function(grammar, parsed)
        node = parsed[0]
        if isinstance(node, Placed):
            # A production that only hands on what it has: brackets, or one name of the grammar for another.
            node.grouped = node.grouped or len(parsed) > 2
        elif isinstance(node, _DeferredAstNode):
            parsed[0] = _placed(node, parsed)

    return reduce


def _placed(node: Any, parsed: Any) -> Placed:
    # The parser gives a place to words only, not to what they were put together to.
    words = [symbol for symbol in parsed.slice[1:] if hasattr(symbol, "lexpos")]
    last = issubclass(node.cls, rule_ast.GetAttributeExpression)
    placed = Placed(node, words[-1 if last else 0].lexpos if words else None)
    if node.cls is rule_ast.CoalesceExpression:
        placed.loose = any(
            issubclass(side.cls, _COMPUTES) and not side.grouped
            for side in node.args[1:]
            if isinstance(side, Placed)
        )
    return placed


def _grammar() -> Any:
    # The tables take a third of a second to make, so those of rule-engine's own parser are shared.
    grammar = copy.copy(Rule.parser)
    tables = copy.copy(grammar._parser)
    productions = []
    for production in tables.productions:
        ours = copy.copy(production)
        if ours.callable is not None:
            ours.callable = _production(grammar, getattr(type(grammar), ours.func))
        productions.append(ours)
    tables.productions = productions
    grammar._parser = tables
    return grammar


_GRAMMAR = _grammar()


def parse(text: str, context: Any) -> Any:
    """Give rule-engine's statement of a text; raises ExpressionError for what is not in the language.

    One text is parsed at a time in a process: rule-engine's parser holds a lock.
    """
    tokens = limited(text)
    try:
        return _GRAMMAR.parse(text, context, lexer=Replay(tokens))
    except RuleSyntaxError as error:
        raise _misplaced(text, error) from None
    except EngineError as error:
        raise _not_computable(error, None) from None
    except RecursionError:
        raise ExpressionError(
            "too_deep", "the expression is nested too deep; split it into lines or named facts"
        ) from None


def _misplaced(text: str, error: RuleSyntaxError) -> ExpressionError:
    token = error.token
    if token is None:
        end = len(text.rstrip())
        percent = slip_at(text, end - 1) if text[end - 1] == "%" else None
        return percent or ExpressionError(
            "syntax", "the expression ends too early; write what is still missing", end
        )
    message = f"`{token.value}` is not expected here; take it out, or write what belongs before it"
    if token.type in ("LT", "LE", "GT", "GE", "EQ", "NE"):
        message = f"`{token.value}` follows another comparison; write a < b and b < c, or put brackets"
    return slip_at(text, token.lexpos) or ExpressionError("syntax", message, token.lexpos)
