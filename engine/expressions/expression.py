"""One expression, compiled: its value, its outcome as a line of a condition, and the trace of it."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import msgspec
from rule_engine import ast as rule_ast

from engine.errors import ExpressionError
from engine.expressions.advice import Advice, advise
from engine.expressions.complaint import said
from engine.expressions.environment import Env, Reader, reader
from engine.expressions.native import lower
from engine.expressions.oracle import Oracle
from engine.expressions.outcome import Outcome
from engine.expressions.scope import Kind, Scope, ScopeKey
from engine.expressions.trace import LineTrace
from engine.expressions.tree import static_kind, walk

GROUPS = "re_groups"
"""The function of rule-engine that gives what the groups of the last pattern matched."""

TOO_DEEP_FOR_PYTHON = (SyntaxError, RecursionError, MemoryError)
"""What Python raises when it is to compile what is nested too deep."""


class Expression:
    """A compiled expression; made by `compile_expression`, unchanging, and safe to share between threads.

    text: as the author wrote it. names: the dotted names that it mentions, sorted. kind: of its value, ANY
    where that depends on the values. advice: what a check should warn of.

    outcome(env): met or not_met by the truth of the value. Where evaluation raises, unknown if any name
    that the text mentions is null, else error. Never raises.

    value(env): the value as rule-engine gives it, numbers as Decimal. Raises what rule-engine raises.

    value_or_null(env): the same, but None where evaluation raises, which costs no evaluation by
    rule-engine where that is certain (as for arithmetic with null).
    """

    __slots__ = ("_named", "advice", "kind", "names", "oracle", "outcome", "text", "value", "value_or_null")

    outcome: Callable[[Env], Outcome]
    value: Callable[[Env], Any]
    value_or_null: Callable[[Env], Any]

    def __init__(self, text: str, oracle: Oracle, scope: Scope) -> None:
        self.text = text
        self.names = oracle.names
        self.kind: Kind = static_kind(oracle.root, scope)
        self.advice: tuple[Advice, ...] = advise(oracle.root)
        self.oracle = oracle
        self._named: tuple[tuple[str, Reader], ...] = tuple((name, reader(name)) for name in self.names)
        # Compiled when first asked for: a condition compiles its lines together, few are asked for values.
        self.outcome = self._first_outcome
        self.value = self._first_value
        self.value_or_null = self._first_value_or_null

    def __repr__(self) -> str:
        return f"Expression({self.text!r})"

    def trace(self, env: Env, path: tuple[int, ...] = ()) -> LineTrace:
        """Give the outcome with the value of each name, and what was wrong if it is unknown or an error."""
        outcome = self.outcome(env)
        values = self.values(env)
        error = None
        if outcome is Outcome.UNKNOWN:
            error = "not known: " + ", ".join(name for name, value in values.items() if value is None)
        elif outcome is Outcome.ERROR:
            error = self._complaint(env)
        return LineTrace(self.text, outcome, values, error, path)

    def values(self, env: Env) -> dict[str, Any]:
        """Give the value of each name; of one that cannot be read, what was wrong."""
        # Hardly ever does a name raise; to be ready for it at each one costs more than to read all again.
        values: dict[str, Any] = {}
        try:
            for name, read in self._named:
                values[name] = read(env)
            return values
        except Exception:
            return {name: _quietly(read, env) for name, read in self._named}

    def _complaint(self, env: Env) -> str | None:
        try:
            bool(self.oracle.evaluate(env))
        except Exception as raised:
            return said(raised)
        return None

    @property
    def divisible(self) -> bool:
        """Whether parts of the expression mean the same by themselves."""
        # The groups of a match are handed from one part of the text to another, inside rule-engine only. Most
        # texts do not write the name, and need no walk through what they were parsed to.
        return GROUPS not in self.text or not any(
            isinstance(node, rule_ast.SymbolExpression) and node.scope is not None and node.name == GROUPS
            for node in walk(self.oracle.root)
        )

    def _first_outcome(self, env: Env) -> Outcome:
        # Whoever kept this method itself must not have the line compiled again and again.
        if self.outcome == self._first_outcome:
            self.outcome = self._compiled_outcome()
        return self.outcome(env)

    def _compiled_outcome(self) -> Callable[[Env], Outcome]:
        if not self.divisible:
            return self._oracle_outcome
        try:
            return lower.condition(
                self.oracle.root, self.oracle.part, self._raised_outcome, self._oracle_outcome
            )
        except TOO_DEEP_FOR_PYTHON:
            return self._oracle_outcome

    def _first_value(self, env: Env) -> Any:
        if self.value == self._first_value:
            self.value = self._compiled_value()
        return self.value(env)

    def _compiled_value(self) -> Callable[[Env], Any]:
        if not self.divisible:
            return self.oracle.evaluate
        try:
            return lower.value(self.oracle.root, self.oracle.part, self.oracle.evaluate)
        except TOO_DEEP_FOR_PYTHON:
            return self.oracle.evaluate

    def _first_value_or_null(self, env: Env) -> Any:
        if self.value_or_null == self._first_value_or_null:
            self.value_or_null = self._compiled_value_or_null()
        return self.value_or_null(env)

    def _compiled_value_or_null(self) -> Callable[[Env], Any]:
        if not self.divisible:
            return self._oracle_value_or_null
        try:
            return lower.value_or_null(self.oracle.root, self.oracle.part, self._oracle_value_or_null)
        except TOO_DEEP_FOR_PYTHON:
            return self._oracle_value_or_null

    def _oracle_value_or_null(self, env: Env) -> Any:
        try:
            return self.oracle.evaluate(env)
        except Exception:
            return None

    def _oracle_outcome(self, env: Env) -> Outcome:
        try:
            return Outcome.MET if self.oracle.evaluate(env) else Outcome.NOT_MET
        except Exception:
            return self._raised_outcome(env)

    def _raised_outcome(self, env: Env) -> Outcome:
        for _, read in self._named:
            if _quietly(read, env) is None:
                return Outcome.UNKNOWN
        return Outcome.ERROR


class Unreadable(msgspec.Struct, frozen=True):
    """Stands for the value of a name whose computation raised."""

    error: str


def _quietly(read: Reader, env: Env) -> Any:
    try:
        return read(env)
    except Exception as error:
        return Unreadable(said(error))


def compile_expression(text: str, scope: Scope) -> Expression:
    """Compile an expression; raises ExpressionError, with the offset in `text`, for what is refused.

    The same text in an equal scope gives the same object again, as long as it is among the last few thousand.
    """
    return _compiled(text, ScopeKey(scope))


@functools.lru_cache(maxsize=4096)
def _compiled(text: str, key: ScopeKey) -> Expression:
    oracle = Oracle(text, key)
    try:
        return Expression(text, oracle, key.scope)
    except RecursionError:
        raise ExpressionError(
            "too_deep", "the expression is nested too deep; split it into lines or named facts"
        ) from None
