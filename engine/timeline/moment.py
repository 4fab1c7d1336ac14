"""A moment: one customer at one instant, with the facts as they are then."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from decimal import Decimal
from functools import partial
from typing import Any

from engine.customers.facts import Facts
from engine.customers.zones import moment_of
from engine.expressions import Env
from engine.loyalty.ledger import balance
from engine.model.values import Day, Micros
from engine.runs.changes import Changes
from engine.runs.stage import Emitted, Member, Stage
from engine.scores.band import ScoreState
from engine.scores.reasons import reasons
from engine.scores.trend import slope
from engine.timeline.ruleset import Desk
from engine.timeline.scores import CompiledScore
from engine.timeline.world import World


class Moment:
    """One customer at one instant: the facts, computed once and again after each change.

    `at_event` tells whether an event at that very instant counts, as it does at an event and does not
    at a timer or schedule; `hops` is how many runs and rules led to what is decided here, `because` the rule
    that is acting; `version` counts how often the facts have changed.
    """

    def __init__(
        self,
        world: World,
        member: Member,
        changes: Changes,
        now: Micros,
        queue: list[Emitted],
        *,
        at_event: bool,
    ) -> None:
        self.world = world
        self.member = member
        self.queue = queue
        self.changes = changes
        self.now = now
        self.at_event = at_event
        self.desk: Desk = world.ruleset.desk(member.id, member.kind)
        self.day = world.ruleset.zone.day_of(now)
        self.hops = 0
        self.version = 0
        self.because: Mapping[str, Any] = {}
        self._facts: Facts | None = None
        self._env: Env | None = None

    @property
    def stage(self) -> Stage:
        """What a step may see and change here.

        Not kept: the two would hold each other, and wait for the collector of cycles.
        """
        plans, budgets = self.world.plans, self.world.budgets
        stage = Stage(
            plans, self.member, self.changes, budgets, self.now, self.facts, self.queue, self.forget
        )
        stage.hops, stage.because = self.hops, self.because
        return stage

    def facts(self) -> Facts:
        """Give the customer's facts at this instant."""
        if self._facts is None:
            world = self.world
            self._facts = Facts(
                world.ruleset.facts,
                self.member.facts,
                self.now,
                self.at_event,
                world.base(self.now),
                self.extra(),
            )
            if world.given is not None:
                self._facts.update(world.given(self.member.id))
        return self._facts

    def forget(self) -> None:
        """Drop the computed facts: something has changed."""
        self._facts = self._env = None
        self.version += 1
        self.changes.customers[self.member.id] = None

    def restate(self) -> None:
        """Drop the facts that come from the standing: it alone has changed."""
        if self._facts is None or self.world.given is not None:
            self.forget()
            return
        self._facts.restate(self.extra())
        self.version += 1
        self.changes.customers[self.member.id] = None

    def env(self, event: Mapping[str, Any] | None = None) -> Env:
        """Give what a rule's expressions see."""
        if self._env is None:
            self._env = Env(customer=self.facts(), now=moment_of(self.now))
        plain = self._env
        return plain if event is None else Env(customer=plain.customer, event=event, now=plain.now)

    def extra(self) -> dict[str, Any]:
        """Give the facts that come from the standing: segments, scores, points and tiers."""
        standing = self.member.standing
        found: dict[str, Any] = {"segments": standing.segments}
        for score in self.desk.scores:
            state = standing.scores.get(score.score.id)
            found[score.name] = state.value if state else None
            band = state.band if state else None
            found[score.band_name] = None if band == "unknown" else band
            # Seldom asked for, and so worked out only then.
            found[score.trend_name] = partial(_trend, state, self.day)
            found[score.reasons_name] = partial(_reasons, score, state)
        for lifecycle in self.desk.lifecycles:
            stage = standing.stages.get(lifecycle.id)
            found[lifecycle.stage_name] = stage.stage if stage else None
            since = None if stage is None else timedelta(microseconds=max(0, self.now - stage.since))
            found[lifecycle.for_name] = since
        for club in self.desk.clubs:
            book = standing.ledger.books.get(club.program)
            found[club.tier_name] = (book.tier if book else None) or club.lowest
            found[club.points_name] = balance(standing.ledger, club.program).available
        return found


def _trend(state: ScoreState | None, day: Day) -> Decimal | None:
    return slope(state.daily, day) if state is not None else None


def _reasons(score: CompiledScore, state: ScoreState | None) -> tuple[str, ...]:
    return tuple(reasons(score.score, state.parts)) if state is not None else ()
