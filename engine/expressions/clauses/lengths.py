"""Lengths of time that a condition compares names with, by order and by nothing else."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import timedelta

from engine.expressions.clauses.form import ORDERS, Both, Clause, Either, Fixed, Form, Lines, Opaque
from engine.expressions.clauses.reading import clauses_of
from engine.expressions.condition import Condition
from engine.model.values import Micros

_MICROSECOND = timedelta(microseconds=1)


def lengths_of(condition: Condition) -> Mapping[str, tuple[Micros, ...]]:
    """Give the lengths by the names that a condition compares with them: `customer.quiet_for > 90d`.

    A name that stands anywhere else too, as in an equation or inside a computation, is left out.
    """
    found: dict[str, tuple[Micros, ...]] = {}
    otherwise: set[str] = set()
    for part in _parts(clauses_of(condition)):
        name = _compared(part)
        if name is not None and isinstance(part, Clause):
            found[name] = (*found.get(name, ()), part.constant // _MICROSECOND)
        else:
            otherwise.update(part.names if isinstance(part, Opaque) else part.subject.names)
    return {name: lengths for name, lengths in found.items() if name not in otherwise}


def _compared(part: Clause | Opaque) -> str | None:
    if isinstance(part, Clause) and part.operator in ORDERS and isinstance(part.constant, timedelta):
        return part.subject.name
    return None


def _parts(form: Lines | Form) -> Iterator[Clause | Opaque]:
    if isinstance(form, Lines):
        for entry in form.entries:
            yield from _parts(entry if isinstance(entry, Lines) else entry.form)
    elif isinstance(form, (Both, Either)):
        for part in form.parts:
            yield from _parts(part)
    elif not isinstance(form, Fixed):
        yield form
