"""Staging: one test case's customer on the virtual clock, and what is done to it from outside."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, TypeVar

import msgspec

from engine.authoring.simulate import Figures, Simulation
from engine.authoring.supposed import SOURCE, Supposed, event_of
from engine.customers.event import IDENTIFY
from engine.decisions.decision import Decision
from engine.model.facts import Subject
from engine.model.values import Duration, Micros
from engine.runs.run import Effect
from engine.runs.stage import Emitted, Member
from engine.runs.waiting import add
from engine.timeline import deliver, play
from engine.timeline.moment import Moment
from engine.timeline.ruleset import Ruleset

T = TypeVar("T")

FARTHEST = Duration(400, "d")
"""A case that has not come to its end after so long is looked at as it is then."""


def narrowed(ruleset: Ruleset, segments: Iterable[str] = (), scores: Iterable[str] = ()) -> Ruleset:
    """Give a ruleset whose schedules stand still, and in which these segments and scores are as given."""
    fixed, stated = frozenset(segments), frozenset(scores)
    return msgspec.structs.replace(
        ruleset,
        desks={
            subject: msgspec.structs.replace(
                desk,
                schedules=(),
                segments=tuple(one for one in desk.segments if one.segment.id not in fixed),
                scores=tuple(one for one in desk.scores if one.score.id not in stated),
            )
            for subject, desk in ruleset.desks.items()
        },
    )


def failing(ruleset: Ruleset, actions: Iterable[str]) -> Ruleset:
    """Give a ruleset in which every attempt at these actions goes out, so that it can fail there."""
    broken = {name: msgspec.structs.replace(ruleset.actions[name], kind="external") for name in actions}
    return msgspec.structs.replace(ruleset, actions={**ruleset.actions, **broken}) if broken else ruleset


class Staging:
    """A customer on a virtual clock that begins just before `at`.

    `looks` holds every decision of every rule, those too that are only counted, with its lines.
    Schedules stand still until `schedules(True)`.
    """

    def __init__(
        self,
        ruleset: Ruleset,
        customer: str,
        subject: Subject,
        at: Micros,
        *,
        fails: Sequence[str] = (),
        segments: Sequence[str] = (),
        scores: Sequence[str] = (),
    ) -> None:
        self.moving = failing(ruleset, fails)
        self.still = narrowed(self.moving, segments, scores)
        self.moving = msgspec.structs.replace(
            self.still,
            desks={
                name: msgspec.structs.replace(desk, schedules=self.moving.desks[name].schedules)
                for name, desk in self.still.desks.items()
            },
        )
        self.zone = ruleset.zone
        self.customer = customer
        self.at = at
        self.now = at - 1
        self.facts: dict[str, Any] = {}
        self.looks: list[Decision] = []
        self.fails = frozenset(fails)
        self.simulation = Simulation(
            self.still, send=self._send, figures=Figures(), given=self._given, witness=self._look
        )
        self.changes = self.simulation.changes
        self.cast = self.simulation.cast
        self.world = self.simulation.world
        self.cast.get(customer, subject)
        self._events = 0

    @property
    def member(self) -> Member:
        """The customer."""
        return self.cast.get(self.customer)

    def learn(self, past: Iterable[tuple[Micros, str, Mapping[str, Any]]]) -> None:
        """Take events of the past into the facts; nothing of them fires."""
        learnt = False
        for when, name, properties in past:
            self._events += 1
            self.simulation.learn(event_of(self.still, self.customer, name, properties, when, self._events))
            learnt = True
        if learnt:
            self.simulation.settle_in(self.customer, self.now)

    def suppose(self, supposed: Supposed) -> None:
        """Let facts be so from now on: traits are sent, and everything is evaluated anew."""
        for name in supposed.traits:
            self.facts.pop(name, None)
        self.facts.update(supposed.facts)
        self.feed(IDENTIFY, supposed.traits)

    def feed(self, name: str, properties: Mapping[str, Any]) -> None:
        """Let an event of the customer occur and be received now."""
        self._events += 1
        self.simulation.feed(event_of(self.still, self.customer, name, properties, self.now, self._events))

    def act(self, do: Callable[[Moment], T], *, at_event: bool) -> T:
        """Do something with the customer at this instant, with all that follows from it."""
        queue: list[Emitted] = []
        play.begin(self.world, self.member, self.changes, self.now)
        moment = Moment(self.world, self.member, self.changes, self.now, queue, at_event=at_event)
        done = do(moment)
        play.drain(self.world, self.cast, self.changes, queue, self.now)
        self._follow()
        return done

    def call(self, rule: str, properties: Mapping[str, Any]) -> None:
        """Call a rule, as a CRM does."""
        play.call_rule(self.world, self.cast, self.changes, rule, self.customer, properties, self.now, SOURCE)
        self._follow()

    def answer(self, run: str, choice: str, by: str) -> bool:
        """Hand an answer to the run that asked."""
        taken = deliver.answer(self.world, self.cast, self.changes, self.customer, run, choice, by, self.now)
        self._follow()
        return taken

    def moment(self) -> Moment:
        """Give the customer as it is now."""
        return Moment(self.world, self.member, self.changes, self.now, [], at_event=True)

    def after(self, length: Duration) -> Micros:
        """Give the instant so long after `at`."""
        return add(self.zone, self.at, length)

    def arrive(self, at: Micros) -> None:
        """Let time pass up to an instant; what is due at it comes after what is done now."""
        self.simulation.advance(at - 1)
        self.now = at

    def advance(self, until: Micros) -> None:
        """Let time pass: everything due at or before an instant is played."""
        self.simulation.advance(until)
        self.now = max(self.now, until)

    def schedules(self, moving: bool) -> None:
        """Let schedules come round from here on, or no more; what was due by now is over."""
        for name in list(self.cast.members):
            play.play_due(self.world, self.cast, self.changes, name, self.now)
            self.changes.customers[name] = None
        self.world.ruleset = self.simulation.ruleset = self.moving if moving else self.still
        self._follow()

    def play_out(self) -> None:
        """Let time pass until no run and no `without` waits for it any more; schedules stand still."""
        self.schedules(False)
        limit = add(self.zone, self.now, FARTHEST)
        due = self._next_due()
        while due is not None and due <= limit:
            self.advance(max(due, self.now))
            following = self._next_due()
            if following is not None and following <= due:
                return
            due = following

    def _next_due(self) -> Micros | None:
        dues = [
            due
            for member in self.cast.members.values()
            for due in (
                *(run.due for run in member.runs.values()),
                *(timer.due for timer in member.standing.timers.values() if timer.kind == "missing"),
            )
            if due is not None
        ]
        return min(dues, default=None)

    def _follow(self) -> None:
        self.simulation.deliver(self.now)
        self.simulation.touched()

    def _given(self, customer: str) -> Mapping[str, Any]:
        return self.facts if customer == self.customer else {}

    def _send(self, effect: Effect, attempt: deliver.Attempt) -> deliver.Result:
        return deliver.Result("failed" if effect.action in self.fails else "executed")

    def _look(self, rule: str, customer: str, look: Callable[[], Decision]) -> None:
        self.looks.append(look())
