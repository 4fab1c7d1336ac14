"""For each type of a value, how what it settles is looked up: by equality, among thresholds, by its items."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from types import NoneType
from typing import Any

from engine.expressions import regex
from engine.expressions.clauses.form import ORDERS, Clause, Operator
from engine.expressions.clauses.settling import Answer, settle
from engine.expressions.index.masks import (
    Asked,
    Guarded,
    Look,
    Masks,
    Named,
    Together,
    Use,
    answered,
    settled,
    unsettled,
)
from engine.expressions.index.stairs import stairs
from engine.expressions.native.operations import TIMELESS
from engine.expressions.outcome import Outcome

_USUAL: Mapping[Operator, Answer] = {
    Operator.EQ: Answer.FAILS,
    Operator.NE: Answer.HOLDS,
    Operator.IN: Answer.FAILS,
    Operator.NOT_IN: Answer.HOLDS,
    Operator.TRUE: Answer.HOLDS,
    Operator.FALSE: Answer.FAILS,
}
"""What a clause answers for a value that it does not name, and that is neither null nor a boolean."""
USUALLY_FAILING = frozenset(
    (Operator.EQ, Operator.IN, Operator.FALSE, Operator.HAS, Operator.STARTS, Operator.FINDS)
)
"""The operators that hold only for what they name. In one table a term may have one of them.

So what a value settles is what most values settle, less the terms that name it.
"""
SEARCHING = frozenset((Operator.STARTS, Operator.STARTS_NOT, Operator.FINDS, Operator.FINDS_NOT))
"""The operators that search for a pattern. They share no table with others."""
AT_START = frozenset((Operator.STARTS, Operator.STARTS_NOT))
_NO_TERMS = (0, 0, 0, 0)
_WHOLE_BELOW = 18
"""Numbers below ten to this power are compared as whole ones, which is several times faster."""


def looks_of(uses: Sequence[Use], everything: int, *, computed: bool) -> dict[type, Look]:
    """Give for each plain type how a value of it is looked up. A value of another type settles nothing.

    computed: a null is a value by itself then, and tells nothing of the names that it came of. That the value
    could not be computed is an Outcome: unknown where one of those names is null.
    """
    fixed = {value: settled(uses, everything, value) for value in (None, True, False)}
    nothing = unsettled(uses, everything)
    if computed and fixed[None].null:
        fixed[None] = nothing
    failed = {Outcome.UNKNOWN: Masks(everything, null=nothing.unsure), Outcome.ERROR: nothing}
    items = _of_items(uses, everything)
    whole, exact = _of_numbers(uses, everything)
    return {
        Outcome: failed.__getitem__,
        NoneType: fixed.__getitem__,
        bool: Named(fixed, nothing),
        str: _of_texts(uses, everything),
        int: whole,
        Decimal: exact,
        # As rule-engine reads a float: by its digits.
        float: lambda value: exact(Decimal(repr(value))) if math.isfinite(value) else nothing,
        timedelta: _of_kind(uses, everything, timedelta, timedelta(0)),
        datetime: _of_times(uses, everything),
        list: items,
        tuple: items,
    }


def _ordered(uses: Iterable[Use], kind: type) -> tuple[list[Use], list[Use]]:
    """Give the uses that compare by order with a constant of a type, and the others."""
    ordered: list[Use] = []
    others: list[Use] = []
    for use in uses:
        by_order = use.clause.operator in ORDERS and type(use.clause.constant) is kind
        (ordered if by_order else others).append(use)
    return ordered, others


def _together(looks: Iterable[Look | None], everything: int) -> Look:
    """Give the look that settles what all of these do."""
    found = [look for look in looks if look is not None]
    if not found:
        nothing = Masks(everything)
        return Named({}, nothing)
    if len(found) == 1:
        return found[0]
    return Together(tuple(found))


def _of_kind(uses: Sequence[Use], everything: int, kind: type, empty: Any) -> Look:
    """Look up a value of a type among thresholds and by equality; `empty` is that which counts as false."""
    ordered, others = _ordered(uses, kind)
    by_order = stairs(ordered, everything) if ordered else None
    return _together((by_order, _by_equality(others, everything, (kind,), empty)), everything)


def _of_numbers(uses: Sequence[Use], everything: int) -> tuple[Look, Look]:
    """Give the look of whole numbers and that of decimal ones."""
    ordered, others = _ordered(uses, Decimal)
    named = _by_equality(others, everything, (int, Decimal, bool), Decimal(0))
    by_order = stairs(ordered, everything) if ordered else None
    exact = _together((by_order, named), everything)
    nothing = unsettled(uses, everything)
    by_whole = by_order
    if ordered and all(abs(use.clause.constant) < 10**_WHOLE_BELOW for use in ordered):
        by_whole = _of_whole(ordered, everything)
    number = Guarded(lambda value: not value.is_nan(), exact, lambda _: nothing)
    return _together((by_whole, named), everything), number


def _of_whole(ordered: Sequence[Use], everything: int) -> Look:
    if all(use.clause.constant == int(use.clause.constant) for use in ordered):
        return stairs(ordered, everything, key=int)
    doubled = stairs(ordered, everything, key=_doubled)
    return lambda value: doubled(2 * value)


def _doubled(threshold: Decimal) -> int:
    """Give the whole number that stands to twice a whole value as the threshold stands to the value."""
    floor = math.floor(threshold)
    return 2 * floor + (floor != threshold)


def _of_texts(uses: Sequence[Use], everything: int) -> Look:
    if uses[0].clause.operator in SEARCHING:
        return _of_patterns(uses, everything)
    if any(use.clause.operator not in ORDERS and use.clause.operator not in _USUAL for use in uses):
        # Parts of a text are searched for one by one.
        return lambda value: settled(uses, everything, value)
    return _of_kind(uses, everything, str, "")


def _of_patterns(uses: Sequence[Use], everything: int) -> Look:
    """Look up a text by which of the patterns of one set are found in it."""
    patterns = tuple(use.clause.constant for use in uses)
    find = regex.finder(patterns, at_start=uses[0].clause.operator in AT_START)
    asking = [(place, use) for place, use in enumerate(uses) if use.clause.operator in USUALLY_FAILING]
    denying = [(place, use) for place, use in enumerate(uses) if use.clause.operator not in USUALLY_FAILING]
    return _by_what_is_there(asking, denying, everything, things=lambda value: find(value.encode()) or ())


def _of_times(uses: Sequence[Use], everything: int) -> Look:
    """Look up a time in UTC among instants, one of another zone among times of that zone.

    Python, and so rule-engine, compares times of one zone by the clock on the wall, others by their instants.
    """
    ordered, others = _ordered(uses, datetime)
    named = _by_equality(others, everything, (datetime,), None)
    nothing = unsettled(uses, everything)
    if not ordered:
        by_name = _together((named,), everything)
        return Guarded(lambda value: value.tzinfo is not None, by_name, lambda _: nothing)
    instants = stairs(ordered, everything, key=lambda moment: moment.astimezone(UTC))
    by_instant = _together((instants, named), everything)
    by_wall: dict[int, Look] = {}
    for zone in {id(use.clause.constant.tzinfo): use.clause.constant.tzinfo for use in ordered}.values():
        own = [use for use in ordered if use.clause.constant.tzinfo is zone]
        rest = unsettled([use for use in ordered if use.clause.constant.tzinfo is not zone], everything)
        at_zone = _together((stairs(own, everything), named), everything)
        by_wall[id(zone)] = at_zone if not rest.unsure else Together((at_zone, Named({}, rest)))

    def by_zone(value: datetime) -> Masks:
        found = by_wall.get(id(value.tzinfo))
        return nothing if found is None else found(value)

    return Guarded(lambda value: value.tzinfo is UTC, by_instant, by_zone)


def _by_equality(
    uses: Sequence[Use],
    everything: int,
    kinds: tuple[type, ...],
    empty: Any,
) -> Look | None:
    """Look up a value of one of `kinds` by what clauses name it; None where there is no clause.

    empty: the value of the type that counts as false, None where there is none.
    """
    if not uses:
        return None
    usual = answered(((use, _USUAL.get(use.clause.operator, Answer.UNSURE)) for use in uses), everything)
    named: dict[Any, list[Use]] = {}
    for use in uses:
        for value in _named(use.clause, kinds, empty):
            named.setdefault(value, []).append(use)
    if not named:
        return Named({}, usual)
    found = {
        value: _changed(usual, [(use, settle(use.clause, value)) for use in using], everything)
        for value, using in named.items()
    }
    return Named(found, usual)


def _named(clause: Clause, kinds: tuple[type, ...], empty: Any) -> Iterable[Any]:
    """Give the values of these types for which a clause answers otherwise than it usually does."""
    if clause.operator in (Operator.TRUE, Operator.FALSE):
        return () if empty is None else (empty,)
    if clause.operator in (Operator.IN, Operator.NOT_IN):
        # In a list, true is the number 1.
        return {int(each) if type(each) is bool else each for each in clause.constant if type(each) in kinds}
    if clause.operator in (Operator.EQ, Operator.NE) and type(clause.constant) in kinds:
        return () if type(clause.constant) is bool else (clause.constant,)
    return ()


def _changed(usual: Masks, answers: Sequence[tuple[Use, Answer]], everything: int) -> Masks:
    """Give what is settled where these clauses answer so and all others as usual."""
    usually = [use for use, _ in answers if use.clause.operator in USUALLY_FAILING]
    first = later = 0
    for use in usually:
        first |= use.first
        later |= use.later
    return Masks(usual.keep | first, usual.fail & ~later, usual.null, usual.unsure).beside(
        answered(answers, everything)
    )


def _of_items(uses: Sequence[Use], everything: int) -> Look:
    """Look up each item of a list among those that clauses ask for."""
    asking = [(use.clause.constant, use) for use in uses if use.clause.operator is Operator.HAS]
    denying = [(use.clause.constant, use) for use in uses if use.clause.operator is Operator.HAS_NOT]
    others = [use for use in uses if use.clause.operator not in (Operator.HAS, Operator.HAS_NOT)]
    by_item = _by_what_is_there(asking, denying, everything, unsettled(others, everything))
    nothing = unsettled(uses, everything)
    return Guarded(lambda value: TIMELESS.issuperset(map(type, value)), by_item, lambda _: nothing)


def _by_what_is_there(
    asking: Sequence[tuple[Any, Use]],
    denying: Sequence[tuple[Any, Use]],
    everything: int,
    others: Masks | None = None,
    things: Callable[[Any], Iterable[Any]] | None = None,
) -> Look:
    """Look up a value by the things that are there: `asking` fails unless its thing is, `denying` if.

    things: gives them, None where the value itself holds them.
    """
    usual = answered(((use, Answer.FAILS) for _, use in asking), everything)
    if others is not None:
        usual = usual.beside(others)
    # For each thing the terms that it spares, by a first clause and another one, and those that it fails.
    found: dict[Any, tuple[int, int, int, int]] = {}
    for thing, use in asking:
        spared = found.get(thing, _NO_TERMS)
        found[thing] = spared[0] | use.first, spared[1] | use.later, *spared[2:]
    for thing, use in denying:
        failed = found.get(thing, _NO_TERMS)
        found[thing] = *failed[:2], failed[2] | use.first, failed[3] | use.later
    if not denying and not usual.fail:
        # Things only spare, and only by first clauses: that is the rule, and is faster.
        return Asked(usual, {thing: spared[0] for thing, spared in found.items()}, things)

    def look(value: Any) -> Masks:
        keep, fail = usual.keep, usual.fail
        held = value if things is None else things(value)
        there = [found[thing] for thing in held if thing in found]
        for spared_first, spared, _, _ in there:
            keep |= spared_first
            fail &= ~spared
        for _, _, failing_first, failing in there:
            keep &= ~failing_first
            fail |= failing
        return Masks(keep, fail, 0, usual.unsure)

    return look
