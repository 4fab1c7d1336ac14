"""What a value settles: sets of terms, each the bits of one whole number."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple, TypeAlias

import msgspec

from engine.expressions.clauses.form import Clause
from engine.expressions.clauses.settling import Answer, settle


class Masks(NamedTuple):
    """What a value settles of the terms that look at it.

    keep: all terms but those that fail by a first clause. fail: those that fail by another one. null: those
    that raise because the value is null. unsure: those that are left to be evaluated.
    """

    keep: int
    fail: int = 0
    null: int = 0
    unsure: int = 0

    def beside(self, other: Masks) -> Masks:
        """Give what both settle."""
        return Masks(
            self.keep & other.keep, self.fail | other.fail, self.null | other.null, self.unsure | other.unsure
        )


Look: TypeAlias = Callable[[Any], Masks]
"""Gives what a value settles; it is asked for values of one type only."""


class Named(msgspec.Struct, frozen=True, eq=False):
    """A look by equality: what is settled by each value that is named, and by every other one."""

    found: Mapping[Any, Masks]
    usual: Masks

    def __call__(self, value: Any) -> Masks:
        """Give what the value settles."""
        return self.found.get(value, self.usual)


class Stepped(msgspec.Struct, frozen=True, eq=False):
    """A look by order: `landing` tells between which of the thresholds the value comes, which mask it has."""

    thresholds: Sequence[Any]
    masks: Sequence[Masks]
    landing: Callable[[Sequence[Any], Any], int]

    def __call__(self, value: Any) -> Masks:
        """Give what the value settles."""
        return self.masks[self.landing(self.thresholds, value)]


class Asked(msgspec.Struct, frozen=True, eq=False):
    """A look by what is there, such as the items of a list: each thing that is asked for spares some terms.

    usual: what is settled where nothing is there. things: gives what is there of a value, None where the
    value itself holds it.
    """

    usual: Masks
    sparing: Mapping[Any, int]
    things: Callable[[Any], Iterable[Any]] | None = None

    def __call__(self, value: Any) -> Masks:
        """Give what the value settles."""
        keep = self.usual.keep
        for thing in value if self.things is None else self.things(value):
            if thing in self.sparing:
                keep |= self.sparing[thing]
        return Masks(keep, 0, 0, self.usual.unsure)


class Together(msgspec.Struct, frozen=True, eq=False):
    """Looks of which each settles something: what all of them do."""

    looks: tuple[Look, ...]

    def __call__(self, value: Any) -> Masks:
        """Give what the value settles."""
        first, *others = (look(value) for look in self.looks)
        for each in others:
            first = first.beside(each)
        return first


class Guarded(msgspec.Struct, frozen=True, eq=False):
    """A look for the values of a type that pass a test, such as numbers but NaN, and one for others."""

    passes: Callable[[Any], bool]
    look: Look
    otherwise: Look

    def __call__(self, value: Any) -> Masks:
        """Give what the value settles."""
        return self.look(value) if self.passes(value) else self.otherwise(value)


class Use(msgspec.Struct, eq=False):
    """A clause, and the terms in which it is a first clause, or another one."""

    clause: Clause
    first: int = 0
    later: int = 0

    @property
    def terms(self) -> int:
        """All terms that it occurs in."""
        return self.first | self.later


def answered(answers: Iterable[tuple[Use, Answer]], everything: int, *, null: bool = False) -> Masks:
    """Give what is settled where clauses answer so; `null` tells that the value is null."""
    first = later = raising = unsure = 0
    for use, answer in answers:
        if answer is Answer.FAILS:
            first |= use.first
            later |= use.later
        elif answer is Answer.RAISES and null and use.clause.subject.otherwise is None:
            raising |= use.terms
        elif answer is not Answer.HOLDS:
            unsure |= use.terms
    return Masks(everything & ~first, later, raising, unsure)


def settled(uses: Iterable[Use], everything: int, value: Any) -> Masks:
    """Give what a value settles by asking every clause."""
    return answered(((use, settle(use.clause, value)) for use in uses), everything, null=value is None)


def unsettled(uses: Iterable[Use], everything: int) -> Masks:
    """Give what is settled where only rule-engine can judge the value: nothing."""
    return answered(((use, Answer.UNSURE) for use in uses), everything)
