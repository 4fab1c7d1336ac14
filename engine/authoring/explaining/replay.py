"""Replay: the record of a customer played again, instant after instant, up to a past one.

The events come under the releases that were live, with the base's figures as they were stored; what the
engine's own runs did comes from the record, what it derived is derived again. Where a replay stands can be
kept, and gone on from.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal

import msgspec

from engine.authoring.explaining.bearing import Bearing
from engine.authoring.explaining.record import Record
from engine.authoring.explaining.snapshot import Kept, Snapshot, kept, member_of
from engine.authoring.simulate import Simulation
from engine.customers.event import Event
from engine.customers.merging import Belonging, rebuild
from engine.customers.state import FactState
from engine.decisions.decision import Decision
from engine.model.values import DAY, HOUR, Micros
from engine.runs.stage import Budgets, Counter, Member
from engine.timeline import play
from engine.timeline.world import Witness

STRIDE: Micros = 7 * DAY
"""Time without events is passed in such steps, between which a replay can be kept."""

APART: Micros = HOUR
"""History that comes so long after other history is of another import: time went on in between."""


class Replay:
    """A record that is played. `bearing` tells what of it is to be played; without it all is.

    Whose time begins does so with their first event in any case. With `snapshot` it goes on from there: what
    had happened by then has to be the same, and everything is played.
    """

    def __init__(
        self,
        record: Record,
        witness: Witness | None = None,
        *,
        bearing: Bearing | None = None,
        snapshot: Snapshot | None = None,
    ) -> None:
        self._bearing = bearing or Bearing(tuple(release.ruleset for release in record.releases))
        self._releases = [
            msgspec.structs.replace(release, ruleset=ruleset)
            for release, ruleset in zip(record.releases, self._bearing.rulesets, strict=True)
        ]
        self._record = record
        self._witness = witness
        self._taken = 0
        self._release = 0
        self._played: list[Event] = []
        self._learnt: dict[str, Micros] = {}
        self._kept: dict[str, tuple[FactState, Kept]] = {}
        self._at: Micros = 0
        self._waited = False
        self._turns = 0
        self._noted = 0
        self._spent: Mapping[Counter, Decimal] = {}
        self._snapshot = snapshot
        self.simulation = self._under(0)
        if snapshot is not None:
            self._go_on_from(snapshot)

    @property
    def turns(self) -> int:
        """How many events and instants have been played."""
        return self._turns + self.simulation.played

    @property
    def taken(self) -> int:
        """How many events have been taken."""
        return self._taken

    def to_come(self) -> Sequence[Event]:
        """Give the events that have not been taken yet."""
        return self._record.events[self._taken :]

    def take(self, event: Event) -> None:
        """Take the next event, after the releases that came before it."""
        at = self._record.came(event)
        self._change_over(at)
        self._taken += 1
        self._at, self._waited = at, False
        wanted = self._bearing.concerns(event) or not self.simulation.cast.members
        if event.cause == "history":
            self._learn(event, at)
            self._played.append(event)
            return
        self._settle()
        if wanted or self._bearing.contracts:
            self._played.append(event)
        if wanted:
            self.simulation.follow(event)
        else:
            self.simulation.pass_by(event)

    def ask(self, call: Decision) -> None:
        """Ask for a decision again that somebody asked for."""
        self._settle()
        self._change_over(call.at)
        self.simulation.advance(call.at - 1)
        if self.simulation.ruleset.rule(call.rule) is not None:
            key = call.trigger_key.partition("/call/")[2]
            simulation = self.simulation
            play.call_rule(
                simulation.world, simulation.cast, simulation.changes, call.rule, call.customer, call.event,
                call.at, key,
            )  # fmt: skip
            simulation.touched()

    def wait(self, until: Micros) -> None:
        """Let time go by, up to an instant, in which no event came."""
        self._settle()
        self._change_over(until)
        self.simulation.advance(until)
        self._at, self._waited = until, True

    def strides(self, until: Micros) -> Iterable[Micros]:
        """Give the instants to wait for, one after the other, up to one: not too far from each other."""
        return [*range(max(self._at, 1) + STRIDE, until, STRIDE), until]

    def snapshot(self) -> Snapshot:
        """Keep where it stands. What is still to be settled of imported history is kept with it."""
        simulation = self.simulation
        for name in simulation.stirred:
            self._keep(simulation.cast.members[name])
        simulation.stirred.clear()
        made = simulation.changes.events
        self._snapshot = Snapshot(
            events=self._taken,
            release=self._release,
            at=self._at,
            waited=self._waited,
            members={name: as_bytes for name, (_, as_bytes) in self._kept.items()},
            learnt=dict(self._learnt),
            made=tuple([event.message_id for event in made[self._noted :]]),
            spent={**self._spent, **simulation.world.budgets.spent},
            before=self._snapshot,
        )
        self._noted = len(made)
        return self._snapshot

    def _keep(self, member: Member) -> None:
        facts, before = self._kept.get(member.id, (None, None))
        # What a release or an import has built anew holds nothing of the months that were kept before.
        self._kept[member.id] = member.facts, kept(member, before if facts is member.facts else None)

    def _go_on_from(self, snapshot: Snapshot) -> None:
        self._taken, self._release, self._at, self._waited = (
            snapshot.events, snapshot.release, snapshot.at, snapshot.waited
        )  # fmt: skip
        self._played = list(self._record.events[: snapshot.events])
        self._learnt = dict(snapshot.learnt)
        self.simulation = simulation = self._under(snapshot.release)
        simulation.now = snapshot.at
        simulation.made().update(snapshot.all_made())
        self._spent = snapshot.spent
        simulation.world.budgets = Budgets(
            lambda asked: {one: self._spent.get(one, Decimal(0)) for one in asked}
        )
        for name, as_bytes in snapshot.members.items():
            simulation.cast.members[name] = member = member_of(name, as_bytes)
            self._kept[name] = member.facts, as_bytes
            simulation.changes.customers[name] = None
        simulation.touched()
        simulation.stirred.clear()

    def _learn(self, event: Event, at: Micros) -> None:
        """Learn imported history. Where it is known when that was, what was due before it comes first."""
        if not self._record.learnt:
            self.simulation.learn(event)
            self._learnt[event.customer] = at
            return
        if any(at - before >= APART for before in self._learnt.values()):
            self._settle()
        self.simulation.pass_by(msgspec.structs.replace(event, received_at=at))
        person = self.simulation.cast.subject(event)
        self._learnt[person.id] = at
        account = event.account or person.account
        if account is not None:
            self._learnt[self.simulation.cast.get(account, "account").id] = at
        self.simulation.stirred.update(self._learnt)

    def _settle(self) -> None:
        """Go on from imported history once it is all in: persons before accounts."""
        if not self._learnt:
            return
        members, facts = self.simulation.cast.members, self.simulation.ruleset.facts
        if self._record.learnt:
            events, until = self._events_by_customer(), max(self._learnt.values())
            for name in self._learnt:
                members[name].facts = rebuild(facts, name, members[name].kind, events[name], until)
        for name in sorted(self._learnt, key=lambda name: members[name].kind, reverse=True):
            self.simulation.settle_in(name, self._learnt[name])
        self._learnt.clear()

    def _events_by_customer(self) -> Mapping[str, list[Event]]:
        """Give the events that the facts of each customer and account are made of, by (received, seq)."""
        found: dict[str, list[Event]] = defaultdict(list)
        belonging = Belonging()
        for event in sorted(self._played, key=lambda event: (event.received_at, event.seq)):
            for name in belonging.concerned(event.customer, event):
                found[name].append(event)
        return found

    def _change_over(self, until: Micros) -> None:
        """Do as releases do up to an instant: build the facts anew from the events, keep what was decided."""
        while self._release + 1 < len(self._releases) and self._releases[self._release + 1].at <= until:
            self._settle()
            before, at = self.simulation, self._releases[self._release + 1].at
            before.advance(at - 1)
            self._release += 1
            self._turns, self._noted, self._spent = self.turns, 0, {}
            self.simulation = after = self._under(self._release)
            after.changes.decisions += before.changes.decisions
            events = self._events_by_customer()
            for name, member in before.cast.members.items():
                member.facts = rebuild(after.ruleset.facts, name, member.kind, events[name])
                after.cast.members[name] = member
                play.adopt(after.world, after.cast, after.changes, name, at, "release")
            after.touched()

    def _under(self, release: int) -> Simulation:
        return Simulation(
            self._releases[release].ruleset,
            figures=self._record.figures,
            outages=self._record.outages,
            starts_runs=False,
            witness=self._witness,
        )


def play_all(replay: Replay, at: Micros) -> Simulation:
    """Play what is to come of a record, and what is due up to an instant."""
    for event in replay.to_come():
        replay.take(event)
    replay.wait(at)
    return replay.simulation
