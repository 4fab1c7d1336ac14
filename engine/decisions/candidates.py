"""Candidates: the rules that something gives cause to look, with an index of their conditions."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from engine.decisions.rules import Pair
from engine.expressions import Env, all_of
from engine.expressions.index import Index, bits
from engine.model.rule import OnSchedule

INDEXED_FROM = 8
"""So many candidates are worth an index: below it, one after the other costs as little (measured)."""


class Candidates(msgspec.Struct, frozen=True, eq=False):
    """Pairs in the order of the rules' ids, and an index of their conditions, each at its pair's place.

    rules: the rules' ids. where: an index of the triggers' `where`, at the places in `asking`; None where no
    trigger has one. unasked: the places of those that have none.
    """

    pairs: tuple[Pair, ...]
    rules: tuple[str, ...]
    index: Index
    where: Index | None
    asking: tuple[int, ...]
    unasked: int

    def concerned(self, event: Mapping[str, Any] | None) -> int:
        """Give the places of those whose trigger's `where` is met by the event, or that have none."""
        if self.where is None:
            return self.unasked
        return self.unasked | bits(self.asking[place] for place in self.where.matching(Env(event=event)))


def candidates_of(pairs: Sequence[Pair]) -> Candidates:
    """Make the index of some rules and triggers."""
    asking = [place for place, (_, compiled) in enumerate(pairs) if compiled.where is not None]
    wheres = [all_of([where]) for _, compiled in pairs if (where := compiled.where) is not None]
    return Candidates(
        pairs=tuple(pairs),
        rules=tuple(rule.id for rule, _ in pairs),
        index=Index([rule.condition for rule, _ in pairs]),
        where=Index(wheres) if wheres else None,
        asking=tuple(asking),
        unasked=((1 << len(pairs)) - 1) & ~bits(asking),
    )


class Round(msgspec.Struct, frozen=True):
    """Rules that come round by the same schedule, in the order of their ids.

    A rule with several schedules has a round of its own for each. `candidates` is there where the rules are
    many enough for an index of their conditions.
    """

    trigger: OnSchedule
    pairs: tuple[Pair, ...]
    candidates: Candidates | None = None


def rounds_of(pairs: Sequence[Pair], indexed_from: int) -> tuple[Round, ...]:
    """Group the pairs that come round by schedules; of `indexed_from` rules and more with an index."""
    rounds: dict[object, tuple[OnSchedule, list[Pair]]] = {}
    times = Counter(rule.id for rule, compiled in pairs if isinstance(compiled.trigger, OnSchedule))
    for rule, compiled in pairs:
        trigger = compiled.trigger
        if isinstance(trigger, OnSchedule):
            # The looks of one rule keep their order: those with others of their round they would not.
            key = trigger if times[rule.id] == 1 else (rule.id, compiled.index)
            rounds.setdefault(key, (trigger, []))[1].append((rule, compiled))
    return tuple(
        Round(trigger, tuple(some), candidates_of(some) if len(some) >= indexed_from else None)
        for trigger, some in rounds.values()
    )
