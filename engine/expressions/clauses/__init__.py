"""Conditions as clauses: the form that the index of many rules and columns of many customers stand on."""

from engine.expressions.clauses.form import (
    Both,
    Clause,
    Either,
    Fixed,
    Form,
    Line,
    Lines,
    Opaque,
    Operator,
    Subject,
)
from engine.expressions.clauses.reading import clauses_of, line_of
from engine.expressions.clauses.settling import Answer, settle

__all__ = [
    "Answer",
    "Both",
    "Clause",
    "Either",
    "Fixed",
    "Form",
    "Line",
    "Lines",
    "Opaque",
    "Operator",
    "Subject",
    "clauses_of",
    "line_of",
    "settle",
]
