"""A table for each subject: which terms look at it, and what its values settle of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, NamedTuple

import msgspec

from engine.expressions import regex
from engine.expressions.clauses.form import Clause, Operator, Subject
from engine.expressions.clauses.terms import Term
from engine.expressions.environment import Env, Reader, reader
from engine.expressions.expression import TOO_DEEP_FOR_PYTHON
from engine.expressions.index.looks import AT_START, SEARCHING, USUALLY_FAILING, looks_of
from engine.expressions.index.masks import Look, Use
from engine.expressions.native import lower
from engine.expressions.outcome import Outcome

ROOTS = ("customer", "event", "input")
"""Where a subject's value is found, by `Table.root`."""


class Placed(msgspec.Struct, frozen=True):
    """A term and the place of its bit; `tame` as its condition is."""

    place: int
    term: Term
    tame: bool


class Table(NamedTuple):
    """The terms that look at one subject, and for each type of a value what tells what it settles of them.

    root, name: where the value is found: 0 the customer, 1 the event, 2 the input; or else `read` gives it.
    kinds: the types that its constants are of, which its values will mostly have.
    """

    uses: int
    looks: dict[type, Look]
    root: int
    name: str
    read: Callable[[Env], Any] | None
    kinds: tuple[type, ...]


def tables_of(placed: Sequence[Placed], everything: int) -> tuple[Table, ...]:
    """Give the tables in the order in which they are best asked: what costs least and tells most first."""
    grouped: dict[tuple[str, int], dict[str, Use]] = {}
    keys = _Keys()
    for each in placed:
        # Per subject, how many of the clauses that usually fail the term has had.
        had: dict[str, int] = {}
        bit = 1 << each.place
        for occurrence in each.term.occurrences:
            clause = occurrence.clause
            key = keys.of(clause)
            layer = had.get(key, 0)
            if clause.operator in USUALLY_FAILING:
                had[key] = layer + 1
            use = grouped.setdefault((key, layer), {}).setdefault(clause.key, Use(clause))
            if occurrence.first:
                use.first |= bit
            else:
                use.later |= bit
    tables = [_table(list(uses.values()), everything) for uses in grouped.values()]
    return tuple(table for _, table in sorted(tables, key=lambda found: found[0]))


class _Keys:
    """Tells clauses apart that share no table: patterns have others, each no larger than one may be."""

    def __init__(self) -> None:
        self._known: dict[str, str] = {}
        self._sizes: dict[str, int] = {}
        self._full: dict[str, int] = {}

    def of(self, clause: Clause) -> str:
        """Give a text that is the same for clauses of one table."""
        if clause.operator not in SEARCHING:
            return clause.subject.name or clause.subject.key
        if clause.key not in self._known:
            self._known[clause.key] = self._of_pattern(clause)
        return self._known[clause.key]

    def _of_pattern(self, clause: Clause) -> str:
        sign = "=~" if clause.operator in AT_START else "=~~"
        searched = f"{clause.subject.key} {sign}"
        size = regex.compiled(clause.constant).programsize
        number = self._full.get(searched, 0)
        if self._sizes.get(searched, 0) + size > regex.LARGEST_PROGRAM:
            number = self._full[searched] = number + 1
            self._sizes[searched] = 0
        self._sizes[searched] = self._sizes.get(searched, 0) + size
        return f"{searched} {number}"


def _table(uses: list[Use], everything: int) -> tuple[tuple[int, int], Table]:
    subject = uses[0].clause.subject
    terms = 0
    for use in uses:
        terms |= use.terms
    root, _, name = (subject.name or "").partition(".")
    looks = looks_of(uses, everything, computed=subject.name is None)
    searching = uses[0].clause.operator in SEARCHING
    cost = 2 if searching or subject.name is None else 1 if root == "customer" else 0
    kinds = _kinds(uses)
    if root in ROOTS:
        table = Table(terms, looks, ROOTS.index(root), name, None, kinds)
    else:
        read = _computing(subject) if subject.name is None else reader(subject.name)
        table = Table(terms, looks, 0, "", read, kinds)
    return (cost, -terms.bit_count()), table


def _kinds(uses: list[Use]) -> tuple[type, ...]:
    found: dict[type, None] = {}
    for use in uses:
        constant = use.clause.constant
        for each in constant if isinstance(constant, frozenset) else (constant,):
            found[type(each)] = None
        if use.clause.operator is Operator.HAS:
            found[list] = None
    # What computes a subject gives a Decimal; a count, where it is a fact, is a whole number.
    if Decimal in found:
        found[int] = None
    return tuple(kind for kind in (list, str, int, Decimal, datetime, timedelta) if kind in found)


def _computing(subject: Subject) -> Reader:
    """Give what computes a subject: its value, or an outcome where that raises."""
    evaluate = subject.part(subject.node)
    readers = tuple(reader(name) for name in subject.names)

    def raised(env: Env) -> Outcome:
        return Outcome.UNKNOWN if any(_is_null(read, env) for read in readers) else Outcome.ERROR

    def oracle(env: Env) -> Any:
        try:
            return evaluate(env)
        except Exception:
            return raised(env)

    try:
        return lower.value_or_outcome(subject.node, subject.part, raised, oracle)
    except TOO_DEEP_FOR_PYTHON:
        return oracle


def _is_null(read: Reader, env: Env) -> bool:
    try:
        return read(env) is None
    except Exception:
        return False
