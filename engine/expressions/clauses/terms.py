"""A condition as terms: it is met where every clause of one of them holds. How many there are is bounded."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator

import msgspec

from engine.expressions.clauses.form import (
    NEVER_RAISING,
    ORDERS,
    RAISING,
    Both,
    Clause,
    Either,
    Fixed,
    Form,
    Line,
    Lines,
    Opaque,
)

MOST_TERMS = 8
"""A list or a line that would make more counts as one part that is no clause."""


class Occurrence(msgspec.Struct, frozen=True, eq=False):
    """A clause in a term. `first`: whatever else there is, its line is not met where the clause fails."""

    clause: Clause
    first: bool


class Term(msgspec.Struct, frozen=True, eq=False):
    """Clauses that must all hold. Unless it is `whole`, parts that are no clauses must hold too."""

    occurrences: tuple[Occurrence, ...] = ()
    whole: bool = True


class Terms(msgspec.Struct, frozen=True, eq=False):
    """The terms of a condition, each line's parts from left to right.

    Where all values are known: not_met if in each term a clause fails, met if in one term all hold. Where a
    clause raises for null, its line is not met only by a `first` clause that fails, unless the rule is
    `tame`: no part comes after one that may raise for null, so nothing else is hidden by it.
    """

    terms: tuple[Term, ...]
    tame: bool


_UNSEEN = (Term(whole=False),)


def terms_of(lines: Lines) -> Terms:
    """Give the terms of a condition."""
    return Terms(tuple(_of_lines(lines)), all(_tame(line) for line in _each_line(lines)))


def _each_line(lines: Lines) -> Iterator[Line]:
    for entry in lines.entries:
        if isinstance(entry, Line):
            yield entry
        else:
            yield from _each_line(entry)


def _of_lines(lines: Lines) -> tuple[Term, ...]:
    each = [_of_line(entry) if isinstance(entry, Line) else _of_lines(entry) for entry in lines.entries]
    if not lines.every:
        return _bounded(tuple(itertools.chain.from_iterable(each)))
    while math.prod(map(len, each)) > MOST_TERMS:
        # What multiplies most is left to be evaluated; the other lines still tell when it need not be.
        each[max(range(len(each)), key=lambda place: len(each[place]))] = _UNSEEN
    return _product(each)


def _bounded(terms: tuple[Term, ...]) -> tuple[Term, ...]:
    return terms if len(terms) <= MOST_TERMS else _UNSEEN


def _product(each: list[tuple[Term, ...]]) -> tuple[Term, ...]:
    return tuple(
        Term(
            tuple(itertools.chain.from_iterable(term.occurrences for term in terms)),
            all(term.whole for term in terms),
        )
        for terms in itertools.product(*each)
    )


def _of_line(line: Line) -> tuple[Term, ...]:
    if isinstance(line.form, Fixed):
        return (Term(),) if line.form.holds else ()
    leaves = list(_leaves(line.form))
    if any(isinstance(leaf, Fixed) for leaf in leaves):
        # `customer.orders > 1 and false` still raises where orders is null.
        return _UNSEEN
    return _of_form(line.form, _firsts(leaves))


def _of_form(form: Form, firsts: frozenset[int]) -> tuple[Term, ...]:
    if isinstance(form, Clause):
        return (Term((Occurrence(form, id(form) in firsts),)),)
    if isinstance(form, Both):
        each = [_of_form(part, firsts) for part in form.parts]
        return _UNSEEN if math.prod(map(len, each)) > MOST_TERMS else _product(each)
    if isinstance(form, Either):
        return _bounded(tuple(itertools.chain.from_iterable(_of_form(part, firsts) for part in form.parts)))
    return _UNSEEN


def _leaves(form: Form) -> Iterator[Clause | Opaque | Fixed]:
    if isinstance(form, (Both, Either)):
        for part in form.parts:
            yield from _leaves(part)
    else:
        yield form


def _firsts(leaves: list[Clause | Opaque | Fixed]) -> frozenset[int]:
    """Give the clauses that nothing before them hides: the first, and those like it of the same subject."""
    found: set[int] = set()
    earlier: list[Clause] = []
    for leaf in leaves:
        if not isinstance(leaf, Clause) or not all(_answers_too(each, leaf) for each in earlier):
            break
        found.add(id(leaf))
        earlier.append(leaf)
    return frozenset(found)


def _answers_too(earlier: Clause, later: Clause) -> bool:
    """Tell whether the earlier clause never raises where the later one fails."""
    if earlier.subject.key != later.subject.key:
        return False
    alike = type(earlier.constant) is type(later.constant)
    return earlier.operator in NEVER_RAISING or (
        earlier.operator in ORDERS and later.operator in ORDERS and alike
    )


def may_raise(leaf: Clause | Opaque) -> bool:
    """Tell whether a part may raise where something is null."""
    if isinstance(leaf, Opaque) or leaf.subject.name is None:
        return True
    return leaf.operator in RAISING and leaf.subject.otherwise is None


def _tame(line: Line) -> bool:
    raised: Clause | Opaque | None = None
    for leaf in _leaves(line.form):
        if isinstance(leaf, Fixed):
            continue
        if raised is not None and not _raises_with(raised, leaf):
            return False
        if raised is None and may_raise(leaf):
            raised = leaf
    return True


def _raises_with(earlier: Clause | Opaque, later: Clause | Opaque) -> bool:
    return (
        isinstance(earlier, Clause)
        and isinstance(later, Clause)
        and later.subject.key == earlier.subject.key
        and later.operator in RAISING
        and later.subject.otherwise is None
    )
