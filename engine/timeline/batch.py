"""Batch: one thing that gives many rules cause to look; the index settles most of them together."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from engine.decisions.candidates import Candidates, Round
from engine.decisions.decide import Occasion
from engine.decisions.rules import Pair
from engine.expressions import Env, Outcome
from engine.expressions.index import bits, positions
from engine.model.reasons import DecisionOutcome
from engine.timeline.moment import Moment


class Batch:
    """The occasions of many rules, in the order of the rules' ids.

    Rules that are not met or unknown are counted without an occasion being made. What the index has settled
    holds as long as the moment's facts do; once a rule that fired has changed them, those after it are
    settled anew. All before `at` are done with.
    """

    def __init__(
        self,
        candidates: Candidates,
        concerned: int,
        event: Mapping[str, Any] | None,
        make: Callable[[Pair], Occasion],
    ) -> None:
        self.candidates = candidates
        self.at = 0
        self._concerned = concerned
        self._event = event
        self._make = make
        self._version: int | None = None
        self._waiting: list[int] = []
        self._not_met = 0
        self._unknown = 0

    def next(self, moment: Moment) -> str | None:
        """Give the id of the rule that is to be decided next, None where no more is."""
        if self._version != moment.version:
            self._settle(moment)
        return self.candidates.rules[self._waiting[-1]] if self._waiting else None

    def take(self, moment: Moment) -> Occasion:
        """Give the occasion of the rule that is next."""
        place = self._waiting.pop()
        self._pass(moment, place)
        self.at = place + 1
        return self._make(self.candidates.pairs[place])

    def pass_rules(self, moment: Moment, rule: str, *, with_it: bool) -> None:
        """Be done with what stands before a rule, as it was settled; and with that rule too, if so wanted."""
        bisect = bisect_right if with_it else bisect_left
        self._pass(moment, bisect(self.candidates.rules, rule, self.at))

    def finish(self, moment: Moment) -> None:
        """Be done with all that is left."""
        self._pass(moment, len(self.candidates.rules))

    def _settle(self, moment: Moment) -> None:
        ahead = self._concerned >> self.at << self.at
        settled = self.candidates.index.settle(moment.env(self._event), ahead)
        self._not_met = ahead & ~settled.remaining
        self._unknown = settled.unknown
        self._waiting = positions(settled.met | settled.open)[::-1]
        self._version = moment.version

    def _pass(self, moment: Moment, place: int) -> None:
        passed = (1 << place) - 1 >> self.at << self.at
        for places, outcome in (
            (self._not_met & passed, DecisionOutcome.NOT_MET),
            (self._unknown & passed, DecisionOutcome.UNKNOWN),
        ):
            if places:
                moment.changes.count_many(self.candidates.rules, places, moment.now, outcome.value)
        self.at = max(self.at, place)


def gather(
    moment: Moment,
    kind: str,
    name: str,
    by_name: Mapping[str, tuple[Pair, ...]],
    event: Mapping[str, Any],
    make: Callable[[Pair], Occasion],
) -> Iterator[Occasion | Batch]:
    """Give the occasions of the rules under a name whose `where` is met, or a batch where they are many.

    Where every look of a rule is to be witnessed there is no batch.
    """
    candidates = moment.desk.candidates.get((kind, name))
    if candidates is not None and moment.world.witness is None:
        yield Batch(candidates, candidates.concerned(event), event, make)
        return
    for pair in by_name.get(name, ()):
        where = pair[1].where
        if where is None or where.outcome(Env(event=event)) is Outcome.MET:
            yield make(pair)


def come_round(
    moment: Moment, round_: Round, *, together: bool = True, only: frozenset[str] = frozenset()
) -> Iterator[Occasion | Batch]:
    """Give the occasions of the rules that come round now, or a batch where they are many.

    `together` False, as a witness, wants each by itself. `only` names the rules that count, if not all do.
    """
    now = moment.now

    def make(pair: Pair) -> Occasion:
        rule, compiled = pair
        return Occasion(rule=rule, kind="schedule", cause=f"{compiled.index}/{now}", event=None, from_at=now)

    candidates = round_.candidates
    if candidates is not None and together and moment.world.witness is None:
        concerned = candidates.concerned(None)
        if only:
            concerned &= bits(place for place, rule in enumerate(candidates.rules) if rule in only)
        yield Batch(candidates, concerned, None, make)
        return
    for pair in round_.pairs:
        if not only or pair[0].id in only:
            yield make(pair)
