"""A moment: one customer at one instant, with the facts as they are then."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from engine.customers.facts import Facts
from engine.customers.zones import moment_of
from engine.expressions import Env
from engine.loyalty.ledger import balance
from engine.model.values import Micros
from engine.runs.changes import Changes
from engine.runs.stage import Emitted, Member, Stage
from engine.timeline.ruleset import Desk
from engine.timeline.world import World


class Moment:
    """One customer at one instant: the facts, computed once and again after each change.

    `at_event` tells whether an event at that very instant counts, as it does at an event and does not
    at a timer or schedule.
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
        self.changes = changes
        self.now = now
        self.at_event = at_event
        self.desk: Desk = world.ruleset.desk(member.id, member.kind)
        self.day = world.ruleset.zone.day_of(now)
        self.clock = moment_of(now)
        self._facts: Facts | None = None
        self.stage = Stage(world.plans, member, changes, world.budgets, now, self.facts, queue, self.forget)

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
        self._facts = None
        self.changes.customers[self.member.id] = None

    def env(self, event: Mapping[str, Any] | None = None) -> Env:
        """Give what a rule's expressions see."""
        return Env(customer=self.facts(), event=event, now=self.clock)

    def extra(self) -> dict[str, Any]:
        """Give the facts that come from the standing: segments, scores, points and tiers."""
        standing = self.member.standing
        found: dict[str, Any] = {"segments": standing.segments}
        for score in self.desk.scores:
            state = standing.scores.get(score.score.id)
            found[score.name] = state.value if state else None
            band = state.band if state else None
            found[f"{score.name}_band"] = None if band == "unknown" else band
        programs = self.world.ruleset.workspace.programs
        for name, program in programs.items():
            if program.on != self.member.kind:
                continue
            prefix = "" if len(programs) == 1 else f"{name.replace('-', '_')}_"
            book = standing.ledger.books.get(name)
            lowest = min(program.tiers, key=lambda tier: program.tiers[tier].from_)
            found[f"{prefix}tier"] = (book.tier if book else None) or lowest
            found[f"{prefix}points"] = balance(standing.ledger, name).available
        return found
