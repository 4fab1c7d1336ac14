"""The expression language: rule-engine's, checked, compiled and explained. Nothing else imports rule_engine."""

from engine.expressions.environment import Env
from engine.expressions.scope import Kind, Scope

__all__ = ["Env", "Kind", "Scope"]
