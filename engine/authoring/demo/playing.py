"""Playing a demo base through a policy on a virtual clock, and telling what happened."""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Callable, Iterable

import msgspec

from engine.authoring.demo.contact import Contact, Message, Sent, contact, sent
from engine.authoring.demo.delivery import RawDelivery
from engine.authoring.demo.planted import FAMILIES, Demo, named
from engine.authoring.demo.responses import Read, Responses
from engine.authoring.demo.scoring import Alarmed, Found, score
from engine.authoring.receiving import Reception
from engine.authoring.simulate import Simulation
from engine.decisions.decision import Decision
from engine.model.reasons import DecisionOutcome, RunStatus, StepOutcome
from engine.model.rule import DoNow
from engine.model.values import DAY, Micros
from engine.runs.changes import Changes
from engine.runs.run import Effect
from engine.timeline import deliver
from engine.timeline.ruleset import Ruleset
from engine.timeline.world import Witness

Progress = Callable[[int, int], None]

TELL_EVERY = 500
"""Events between two words about how far it is."""


class Course(msgspec.Struct):
    """How runs of a workflow went; those that could not start are not counted."""

    started: int = 0
    finished: int = 0
    held_out: int = 0
    goal_reached: int = 0


class Played(msgspec.Struct, frozen=True, kw_only=True):
    """What happened: decisions fired by rule and family, runs by workflow, actions executed, what was found
    and alarmed, what was sent."""

    seed: int
    customers: int
    events: int
    days: int
    triggers: dict[str, int]
    workflows: dict[str, Course]
    actions: dict[str, int]
    recall: dict[str, Found]
    false_alarms: dict[str, Alarmed]
    sent: Sent
    contact: Contact


class Playing:
    """A base on its way through a policy. `delivered` is what was received so far, answers too."""

    def __init__(self, ruleset: Ruleset, demo: Demo, witness: Witness | None = None) -> None:
        self.ruleset, self.demo = ruleset, demo
        self.simulation = Simulation(ruleset, send=self._send, witness=witness)
        self.responses = Responses(demo.seed)
        self.delivered: list[RawDelivery] = []
        self._coming: list[tuple[Micros, str, RawDelivery]] = []

    @property
    def changes(self) -> Changes:
        """Everything that came about."""
        return self.simulation.changes

    def play(self, progress: Progress | None = None) -> None:
        """Let every delivery be received at its instant, and everything that is due come round in between.

        At each midnight everybody is played up to it, so that what readers do on a day is known when the
        day begins.
        """
        reception = Reception(self.simulation, keep=False)
        midnight = self.demo.start
        for number, told in enumerate(self.demo.events, 1):
            midnight = self._nights(reception, midnight, told.received_at)
            self._answers(reception, told.received_at)
            self._receive(reception, told)
            if progress is not None and number % TELL_EVERY == 0:
                progress(number, len(self.demo.events))
        self._nights(reception, midnight, self.demo.end)

    def messages(self) -> list[Message]:
        """Give what customers were sent, in the order of time."""
        executed = {
            one.key: one.at for one in self.changes.settled if one.outcome == StepOutcome.EXECUTED.value
        }
        found = [
            Message(
                customer=effect.customer,
                at=executed[effect.key],
                workflow=effect.workflow,
                class_=self.ruleset.workflows[effect.workflow].workflow.class_,
                channel=channel,
                message=str(effect.arguments.get("message")),
            )
            for effect in self.changes.effects
            if effect.key in executed and (channel := self._channel(effect)) is not None
        ]
        return sorted(found, key=lambda one: (one.at, one.customer, one.workflow))

    def _nights(self, reception: Reception, midnight: Micros, until: Micros) -> Micros:
        """Play every midnight up to an instant; give the first that comes after it."""
        while midnight <= until:
            self._answers(reception, midnight)
            self.simulation.advance(midnight)
            midnight += DAY
        return midnight

    def _answers(self, reception: Reception, until: Micros) -> None:
        while self._coming and self._coming[0][0] <= until:
            self._receive(reception, heapq.heappop(self._coming)[2])

    def _receive(self, reception: Reception, told: RawDelivery) -> None:
        if self.responses.comes(told):
            self.delivered.append(told)
            reception.receive(told.body, told.received_at)

    def _channel(self, effect: Effect) -> str | None:
        """Give the channel on which an effect reaches its customer, None where it does not."""
        spec = self.ruleset.actions.get(effect.action)
        return None if spec is None or not effect.run or "to" in effect.arguments else spec.channel

    def _send(self, effect: Effect, attempt: deliver.Attempt) -> deliver.Result:
        readers = self.demo.readers
        if effect.customer in readers and attempt.facts is not None and self._channel(effect) is not None:
            read = Read(
                customer=effect.customer,
                run=effect.run,
                message=str(effect.arguments.get("message")),
                at=attempt.facts.now,
                event=effect.context.get("event") or {},
            )
            for answer in self.responses.to(read):
                if answer.received_at < self.demo.end:
                    heapq.heappush(self._coming, (answer.received_at, answer.body["id"], answer))
        return deliver.Result("executed")


def play(ruleset: Ruleset, demo: Demo, progress: Progress | None = None) -> Played:
    """Play a base, and tell what happened."""
    playing = Playing(ruleset, demo)
    playing.play(progress)
    return told(playing)


def told(playing: Playing) -> Played:
    """Tell what has happened."""
    demo, changes, ruleset = playing.demo, playing.changes, playing.ruleset
    fired = [decision for decision in changes.decisions if decision.outcome is DecisionOutcome.FIRED]
    found = score(
        demo, ((one.rule, one.customer, one.at) for one in fired), frozenset(ruleset.workspace.rules)
    )
    messages = playing.messages()
    return Played(
        seed=demo.seed,
        customers=demo.customers,
        events=len(playing.delivered),
        days=demo.days,
        triggers=_by_trigger(ruleset, fired),
        workflows=_courses(ruleset, changes),
        actions=_actions(ruleset, fired, changes),
        recall=found["recall"],
        false_alarms=found["false_alarms"],
        sent=sent(messages),
        contact=contact(
            messages,
            (one.reason or "" for one in changes.attempts if one.outcome is StepOutcome.SKIPPED),
            (one.reason or "" for one in changes.attempts if one.outcome is StepOutcome.HELD),
        ),
    )


def _by_trigger(ruleset: Ruleset, fired: Iterable[Decision]) -> dict[str, int]:
    """Count what fired: by family, then by rule."""
    counts = dict.fromkeys([*FAMILIES.values(), *sorted(map(named, ruleset.workspace.rules))], 0)
    for decision in fired:
        for name in {named(decision.rule), FAMILIES.get(decision.rule, named(decision.rule))}:
            counts[name] += 1
    return counts


def _courses(ruleset: Ruleset, changes: Changes) -> dict[str, Course]:
    courses = {name: Course() for name in sorted(ruleset.workflows)}
    reached = {goal.run for goal in changes.goals}
    for run in changes.runs.values():
        if run.status is RunStatus.REFUSED:
            continue
        course = courses[run.workflow]
        course.started += 1
        course.finished += not run.open
        course.held_out += run.arm == "held_out"
        course.goal_reached += run.goal_at is not None or run.id in reached
    return courses


def _actions(ruleset: Ruleset, fired: Iterable[Decision], changes: Changes) -> dict[str, int]:
    """Count what was done: by steps of runs, and by rules themselves."""
    counts = Counter(
        str(attempt.detail["action"])
        for attempt in changes.attempts
        if attempt.outcome is StepOutcome.EXECUTED and "action" in attempt.detail
    )
    rules = ruleset.workspace.rules
    for decision in fired:
        counts.update(action.do for action in rules[decision.rule].then if isinstance(action, DoNow))
        counts.subtract(start.workflow for start in decision.starts if start.status == "failed")
    return {name: counts[name] for name in sorted(counts) if counts[name]}
