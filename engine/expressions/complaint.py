"""What an evaluation raised, in words for the author."""

from __future__ import annotations

import re

from rule_engine.errors import EngineError


def said(error: Exception) -> str:
    """Give the sentence for what an evaluation raised."""
    if isinstance(error, EngineError):
        words = str(error.message)
        return words if words != "data type mismatch" else "the values do not fit the operator"
    if isinstance(error, RecursionError):
        return "the expression is nested too deep"
    if isinstance(error, ArithmeticError):
        return "the result is no number, or out of range"
    words = re.sub(r"NoneType", "null", str(error))
    return f"{type(error).__name__}: {words}" if words else type(error).__name__
