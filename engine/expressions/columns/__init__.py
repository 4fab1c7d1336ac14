"""Conditions over many customers at once, in columns of Polars; what columns cannot say is left open."""

from engine.expressions.columns.column import Column, column_of
from engine.expressions.columns.sweep import Sweep

__all__ = ["Column", "Sweep", "column_of"]
