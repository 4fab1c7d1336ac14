"""Simulate: a virtual clock over the core, on which tester, backtest, demo and why all stand.

Nothing here decides: it orders instants, computes the base's figures at midnights, and lets every
effect be delivered at once by a stand-in for the outside world.
"""

from __future__ import annotations

import heapq
from bisect import bisect_right
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from engine.customers.census import Census
from engine.customers.event import Event
from engine.customers.figures import NO_FIGURES, BaseFigures
from engine.decisions.decide import ROWS
from engine.model.reasons import DecisionOutcome
from engine.model.values import Micros
from engine.runs.changes import Changes
from engine.runs.run import Effect
from engine.runs.stage import Member
from engine.timeline import deliver, fleet, play, rest
from engine.timeline.cast import Cast
from engine.timeline.due import next_due
from engine.timeline.ruleset import Ruleset
from engine.timeline.world import Outage, Witness, World

Send = Callable[[Effect, deliver.Attempt], deliver.Result]


def sends(effect: Effect, attempt: deliver.Attempt) -> deliver.Result:
    """Stand in for the outside world: everything arrives."""
    return deliver.Result("executed")


class Figures:
    """The base's figures by midnight; before the first one nothing is known."""

    def __init__(self) -> None:
        self._at: list[Micros] = []
        self._figures: list[BaseFigures] = []

    def add(self, figures: BaseFigures) -> None:
        """Take the figures of a later midnight in."""
        self._at.append(figures.as_of)
        self._figures.append(figures)

    def until(self, instant: Micros) -> list[str]:
        """Give the hashes of all figures that are not later than an instant."""
        return [one.hash for one in self._figures[: bisect_right(self._at, instant)]]

    def at(self, instant: Micros) -> BaseFigures:
        """Give the figures as of the latest midnight that is not after an instant."""
        if not self._at:
            return NO_FIGURES
        if instant >= self._at[-1]:
            return self._figures[-1]
        place = bisect_right(self._at, instant)
        return self._figures[place - 1] if place else NO_FIGURES


class Simulation:
    """Customers on a virtual clock. `changes` gathers everything that came about.

    Feed events in the order (received, seq); `figures` given from outside are not computed anew. `rows` are
    the outcomes that are recorded, others are only counted. With `resting`, rounds that come to the same as
    the last time are counted without being played: what was counted is then known after `advance`. `played`
    counts events and instants; `stirred` are those whose state has changed, until somebody clears it.
    """

    def __init__(
        self,
        ruleset: Ruleset,
        *,
        send: Send = sends,
        figures: Figures | None = None,
        outages: Sequence[Outage] = (),
        starts_runs: bool = True,
        given: Callable[[str], Any] | None = None,
        witness: Witness | None = None,
        cast: Cast | None = None,
        rows: frozenset[DecisionOutcome] = ROWS,
        resting: bool = False,
    ) -> None:
        self.ruleset = ruleset
        self.send = send
        self.figures = figures or Figures()
        self.needs_figures = figures is None and needs_figures(ruleset)
        self.cast = cast or Cast()
        self.changes = Changes()
        self.world = World(
            ruleset,
            self.figures.at,
            outages=outages,
            starts_runs=starts_runs,
            given=given,
            witness=witness,
            rows=rows,
        )
        self.resting = resting and not self.needs_figures and figures is None and rest.may_rest(self.world)
        self.now: Micros = 0
        self.played = 0
        self.stirred: set[str] = set()
        self._census = Census(ruleset.facts)
        self._midnight: Micros | None = None
        self._heap: list[tuple[Micros, str]] = []
        self._due_at: dict[str, Micros] = {}
        self._delivered = 0
        self._made: set[str] = set()
        self._counted = 0

    def feed(self, event: Event) -> None:
        """Let an event be received, after everything that was due before it; a run's own is part of that."""
        done = self._before(event)
        play.play_event(self.world, self.cast, self.changes, event)
        _let_be_over(done, event.received_at)
        self.now = max(self.now, event.received_at)
        self.deliver(self.now)
        self.touched()

    def pass_by(self, event: Event) -> None:
        """Let what was due before an event happen as if it were fed, and the event change nothing."""
        if event.cause != "engine":
            _let_be_over(self._before(event), event.received_at)

    def follow(self, event: Event) -> bool:
        """Let a recorded event be received where no run runs: tell whether it was news.

        What the engine derived is derived anew. What its runs did comes from the record, but for what an
        act of a person or a rule has brought about anew.
        """
        if event.cause == "engine" or (event.cause == "run" and event.message_id in self.made()):
            return False
        self.feed(event)
        return True

    def made(self) -> set[str]:
        """Give the ids of the events that have come about; those that are added to it count as such."""
        events = self.changes.events
        self._made.update(each.message_id for each in events[self._counted :])
        self._counted = len(events)
        return self._made

    def learn(self, event: Event) -> None:
        """Take an event into the facts alone, its account's too."""
        person = self.cast.subject(event)
        play.learn(self.world, person, event)
        account = event.account or person.account
        if account is not None and account != person.id:
            play.learn(self.world, self.cast.get(account, "account"), event)
            self.changes.customers[account] = None
        self.changes.customers[person.id] = None
        self.touched()

    def settle_in(self, customer: str, now: Micros) -> None:
        """Go on from facts that were learnt: nothing of the past fires, what is to come is planned."""
        play.adopt(self.world, self.cast, self.changes, customer, now, "import")
        self.touched()

    def merge(self, into: str, other: str, history: Sequence[Event], now: Micros) -> None:
        """Make two customers one, after everything that was due for either before it."""
        self._midnights(now)
        for name in (into, other):
            member = self.cast.find(name)
            if member is not None:
                self._catch_up(member, now - 1)
        play.merge(self.world, self.cast, self.changes, into, other, history, now)
        del self.cast.members[other]
        self.changes.customers.pop(other, None)
        self.deliver(now)
        self.touched()

    def advance(self, until: Micros) -> None:
        """Play everything that is due at or before an instant, for everybody, in the order of time."""
        self._midnights(until)
        self._play_until(until)
        if self.resting:
            for member in self.cast.members.values():
                rest.pass_over(self.world, member, self.changes, until)
        self.now = max(self.now, until)

    def deliver(self, now: Micros) -> None:
        """Deliver every effect that is on its way, and those that follow from it."""
        effects = self.changes.effects
        while self._delivered < len(effects):
            effect = effects[self._delivered]
            self._delivered += 1
            at = max(effect.due, now)
            attempt = deliver.attempt(self.world, self.cast, self.changes, effect, at)
            if attempt.kind == "go":
                result = self.send(effect, attempt)
                deliver.settle(self.world, self.cast, self.changes, effect, result, at)

    def _midnights(self, until: Micros) -> None:
        """Compute the base's figures at each midnight up to an instant, and decide about the base."""
        if not self.needs_figures:
            return
        zone = self.ruleset.zone
        if self._midnight is None:
            self._midnight = zone.start_of_day(zone.day_of(until) + 1)
        while self._midnight <= until:
            midnight = self._midnight
            self._play_until(midnight - 1)
            figures = self._tally(midnight)
            fleet.at_midnight(self.world, self.cast, self.changes, figures, midnight)
            self.deliver(midnight)
            self.touched()
            self._midnight = zone.start_of_day(zone.day_of(midnight) + 1)

    def _before(self, event: Event) -> list[Member]:
        """Play what was due before an event; give those for whom its very instant was part of that."""
        before = event.received_at if event.cause == "run" else event.received_at - 1
        self._midnights(event.received_at)
        person = self.cast.subject(event)
        account = event.account or person.account
        names = [event.customer] if account is None else [event.customer, account]
        done: list[Member] = []
        for name in names:
            member = self.cast.find(name)
            if member is not None:
                self._catch_up(member, before)
                if event.cause == "run" and member.standing.played_to == event.received_at + 1:
                    # What a run has caused at an instant is taken at that very instant, as it was then.
                    member.standing.played_to = event.received_at
                    done.append(member)
        return done

    def compute_figures(self, at: Micros) -> None:
        """Compute the base's figures as of the latest midnight that is not after an instant."""
        if self.needs_figures:
            zone = self.ruleset.zone
            self._tally(zone.start_of_day(zone.day_of(at)))

    def _tally(self, midnight: Micros) -> BaseFigures:
        members = self.cast.members.values()
        figures = self._census.figures((member.facts for member in members), midnight)
        self.figures.add(figures)
        return figures

    def _play_until(self, until: Micros) -> None:
        heap = self._heap
        while heap and heap[0][0] <= until:
            due, name = heapq.heappop(heap)
            member = self.cast.members.get(name)
            if member is None or self._due_at.get(name) != due:
                continue  # the customer is gone, or has been put elsewhere on the heap since
            self._instant(member, due)

    def _catch_up(self, member: Member, until: Micros) -> None:
        while (due := self._due_at.get(member.id)) is not None and due <= until:
            self._instant(member, due)
        if self.resting:
            rest.pass_over(self.world, member, self.changes, until)

    def _instant(self, member: Member, due: Micros) -> None:
        if self.resting:
            rest.pass_over(self.world, member, self.changes, due - 1)
        play.instant(self.world, self.cast, self.changes, member, due)
        self.deliver(due)
        if self.resting:
            rest.settle(self.world, member, self.changes, due)
        self.touched()

    def _due(self, member: Member) -> Micros | None:
        if not member.standing.played_to:
            return None
        return next_due(self.world, member, partial(rest.awake, member) if self.resting else None)

    def touched(self) -> None:
        """Put the customers whose state has changed on the heap of what is due."""
        self.played += 1
        self.stirred.update(self.changes.customers)
        for name in self.changes.customers:
            due = self._due(self.cast.members[name])
            if due is None:
                self._due_at.pop(name, None)
            elif self._due_at.get(name) != due:
                self._due_at[name] = due
                heapq.heappush(self._heap, (due, name))
        self.changes.customers.clear()


def _let_be_over(members: Sequence[Member], at: Micros) -> None:
    """Let an instant be over for customers: its schedules have looked."""
    for member in members:
        member.standing.played_to = max(member.standing.played_to, at + 1)


def needs_figures(ruleset: Ruleset) -> bool:
    """Tell whether anything in the ruleset rests on figures of the whole base."""
    facts = ruleset.facts
    gaps = any(facts.gaps[subject] for subject in ("person", "account"))
    return bool(ruleset.based & _known(ruleset)) or bool(ruleset.fleet) or gaps


def _known(ruleset: Ruleset) -> frozenset[str]:
    names = [*ruleset.catalog.person, *ruleset.catalog.account]
    return frozenset(f"customer.{name}" for name in names)
