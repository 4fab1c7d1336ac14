"""Masks: which customers something holds for, as an expression of Polars, or the same for all of them."""

from __future__ import annotations

from typing import TypeAlias

import polars as pl

Mask: TypeAlias = "pl.Expr | bool"
"""An expression that is true or false for each customer and never null; a bool for all of them."""


def both(left: Mask, right: Mask) -> Mask:
    """Give where both hold."""
    if isinstance(left, bool):
        return right if left else False
    if isinstance(right, bool):
        return left if right else False
    return left & right


def either(left: Mask, right: Mask) -> Mask:
    """Give where one holds."""
    if isinstance(left, bool):
        return True if left else right
    if isinstance(right, bool):
        return True if right else left
    return left | right


def opposite(mask: Mask) -> Mask:
    """Give where it does not hold."""
    return not mask if isinstance(mask, bool) else ~mask
