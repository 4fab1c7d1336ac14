"""Words for the sentences of findings: suggestions, lists, what a type is called."""

from __future__ import annotations

import datetime as dt
import difflib
import types
from collections.abc import Iterable
from decimal import Decimal
from typing import Any, Literal, get_args, get_origin

import msgspec

from engine.model.facts import FactType
from engine.model.values import Formula, Written

LIKENESS = 0.66
SHOWN = 40
"""A text in a sentence is cut after so many characters."""
FEW = 12
"""So many names are told beside another remedy; where there is none, all are told."""


def suggestion(word: str, known: Iterable[str]) -> str:
    """Give `did you mean x?` where a known word is close, else nothing."""
    close = nearest(word, known)
    return f"did you mean {close}?" if close else ""


def nearest(word: str, known: Iterable[str], likeness: float = LIKENESS) -> str | None:
    """Give the known word that is most like this one, if any is like it at all (1 is the same)."""
    words = sorted(set(known))
    if len(word) > 100:
        return None
    plain = word.lower().replace("-", "_")
    for candidate in words:
        if candidate.lower().replace("-", "_") == plain:
            return candidate
    found = difflib.get_close_matches(word, words, 1, likeness)
    return found[0] if found else None


def known_or(word: str, known: Iterable[str], otherwise: str = "") -> str:
    """Say what to write for an unknown word: the close one, one of those there are, or what to do instead."""
    words = sorted(set(known))
    close = suggestion(word, words)
    if close:
        return close
    if not words or (otherwise and len(words) > FEW):
        return otherwise or "take it out"
    return f"write {either(words)}" + (f", or {otherwise}" if otherwise else "")


def either(words: Iterable[str], last: str = "or") -> str:
    """Give `a, b or c`."""
    several = list(words)
    if len(several) < 2:
        return "".join(several)
    return f"{', '.join(several[:-1])} {last} {several[-1]}"


def with_article(noun: str) -> str:
    """Give `a person`, `an account`."""
    return f"an {noun}" if noun[:1] in "aeiou" else f"a {noun}"


def quoted(text: str) -> str:
    """Show a text in a sentence, cut where it is long."""
    shown = text if len(text) <= SHOWN else f"{text[:SHOWN]}..."
    return repr(shown)


def called(kind: Any) -> str:
    """Say what a type is called, with its article."""
    if isinstance(kind, type):
        if issubclass(kind, Written):
            return kind.NAME
        if issubclass(kind, FactType):
            return "a type"
        if issubclass(kind, msgspec.Struct):
            return "a map"
        return {
            bool: "yes or no",
            int: "a whole number",
            Decimal: "a number",
            str: "a text",
            dt.date: "a day",
        }.get(kind, "a value")
    if get_args(kind) and all(isinstance(choice, str) for choice in get_args(kind)):
        return either(get_args(kind))
    return "a value"


def example(kind: Any) -> str:
    """Say what to write for a type, nothing where its name says it already."""
    if isinstance(kind, type):
        if issubclass(kind, Formula):
            return f"an expression, such as {Formula.EXAMPLE}"
        if issubclass(kind, Written):
            return kind.EXAMPLE
        if issubclass(kind, FactType):
            return either(choice.value for choice in FactType)
        if issubclass(kind, msgspec.Struct):
            return "a map"
        return {
            int: "a whole number",
            Decimal: "a number",
            str: "a text",
            dt.date: "a day, as 2026-12-25",
            bool: "yes or no",
        }.get(kind, "")
    parts = [part for part in get_args(kind) if part is not types.NoneType]
    if get_origin(kind) is Literal:
        return either(str(part) for part in parts)
    if get_origin(kind) in (tuple, dict):
        return "a list" if get_origin(kind) is tuple else "a map"
    marks = dict.fromkeys(mark[0] for part in parts for mark in getattr(part, "MARKS", ()))
    return either(marks or [shown for part in parts if (shown := example(part))])
