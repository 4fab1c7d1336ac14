"""The index: what a customer and an event settle of many conditions at once.

Each condition is taken as terms, each term as one bit. For every subject (a fact, a property, something
computed of them) a table knows which terms fail by each of its values; what is left after all tables is
met, unknown, or open: open ones are evaluated one by one. What the index settles is what `Condition.outcome`
gives.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from engine.expressions.clauses.reading import clauses_of
from engine.expressions.clauses.terms import terms_of
from engine.expressions.condition import Condition
from engine.expressions.environment import Env
from engine.expressions.index.positions import bits, positions
from engine.expressions.index.straight import steps_of
from engine.expressions.index.tables import Placed, tables_of
from engine.expressions.outcome import Outcome


class Settled(msgspec.Struct, frozen=True):
    """Places of conditions, as bits: `met`, `unknown`, and `open` for those that are to be evaluated.

    All others are not met.
    """

    met: int
    unknown: int
    open: int

    @property
    def remaining(self) -> int:
        """The places of all that are not settled as not met."""
        return self.met | self.unknown | self.open


class Index:
    """The index of some conditions; unchanging, and safe to share between threads.

    conditions: in the order of their places.
    """

    def __init__(self, conditions: Sequence[Condition]) -> None:
        self.conditions = tuple(conditions)
        placed, owners = _placed(self.conditions)
        self._owners = owners
        self._count = len(self.conditions)
        self._everyone = (1 << self._count) - 1
        # A condition that has no term, such as an empty `any`, is never met.
        self._possible = bits(each.place for each in placed)
        several = {owners[each.place - self._count] for each in placed if each.place >= self._count}
        self._partly = bits(each.place for each in placed if not each.term.whole)
        self._single = self._possible & self._everyone & ~self._partly & ~bits(several)
        self._untame = bits(each.place for each in placed if not each.tame)
        self._shaky = self._untame & self._partly
        everything = (1 << self._count + len(owners)) - 1
        self._steps = steps_of(tables_of(placed, everything))

    def settle(self, env: Env, among: int | None = None) -> Settled:
        """Settle the conditions at the places in `among`, by default all. Never raises."""
        standing = self._possible
        if among is not None:
            # Terms of others are left out at the end, where there are few.
            standing &= among | ~self._everyone
        failing = null = unsure = 0
        for step in self._steps:
            standing, failing, null, unsure = step(env, standing, failing, null, unsure)
        return self._sorted(standing, failing, null, unsure, among)

    def _sorted(self, standing: int, failing: int, null: int, unsure: int, among: int | None) -> Settled:
        left = standing & ~failing
        if null or unsure or self._shaky:
            # A clause that is not a first one tells nothing where something before it may have raised.
            left |= standing & failing & (unsure | (self._untame & (null | self._partly)))
        sure = left & self._single & ~(failing | unsure)
        met, unknown = sure & ~null, sure & null
        rest = left & ~sure
        if not rest:
            return Settled(met, unknown, 0)
        open_ = rest & self._everyone
        for place in positions(rest >> self._count):
            open_ |= 1 << self._owners[place]
        return Settled(met, unknown, open_ if among is None else open_ & among)

    def outcomes(self, env: Env) -> list[Outcome]:
        """Give the outcome of every condition, evaluating those that are not settled."""
        settled = self.settle(env)
        outcomes = [Outcome.NOT_MET] * self._count
        for place in positions(settled.met):
            outcomes[place] = Outcome.MET
        for place in positions(settled.unknown):
            outcomes[place] = Outcome.UNKNOWN
        for place in positions(settled.open):
            outcomes[place] = self.conditions[place].outcome(env)
        return outcomes

    def matching(self, env: Env) -> list[int]:
        """Give the places of the conditions that are met."""
        settled = self.settle(env)
        if not settled.open:
            return positions(settled.met)
        met = settled.met
        for place in positions(settled.open):
            if self.conditions[place].outcome(env) is Outcome.MET:
                met |= 1 << place
        return positions(met)


def _placed(conditions: Sequence[Condition]) -> tuple[list[Placed], tuple[int, ...]]:
    """Give each term its bit: the first one of a condition that of its place, further ones come after all.

    Gives with it which condition each of the further bits belongs to.
    """
    placed: list[Placed] = []
    owners: list[int] = []
    for place, condition in enumerate(conditions):
        found = terms_of(clauses_of(condition))
        for number, term in enumerate(found.terms):
            bit = place if number == 0 else len(conditions) + len(owners)
            if number:
                owners.append(place)
            placed.append(Placed(bit, term, found.tame))
    return placed, tuple(owners)
