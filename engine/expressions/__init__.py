"""The expression language: rule-engine's, checked, compiled and explained. Only it imports rule_engine."""

from engine.expressions.advice import Advice
from engine.expressions.condition import Condition, all_of, any_of
from engine.expressions.environment import Env
from engine.expressions.expression import Expression, compile_expression
from engine.expressions.limits import check_limits
from engine.expressions.outcome import Outcome
from engine.expressions.scope import Kind, Scope
from engine.expressions.trace import LineTrace, plain

__all__ = [
    "Advice",
    "Condition",
    "Env",
    "Expression",
    "Kind",
    "LineTrace",
    "Outcome",
    "Scope",
    "all_of",
    "any_of",
    "check_limits",
    "compile_expression",
    "plain",
]
