"""Playing a demo base through a policy on a virtual clock, and telling what happened."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping

import msgspec

from engine.authoring.demo.planted import Demo
from engine.authoring.demo.scoring import Alarmed, Found, score
from engine.authoring.receiving import Reception
from engine.authoring.simulate import Simulation
from engine.decisions.decision import Decision
from engine.model.reasons import DecisionOutcome, RunStatus, StepOutcome
from engine.model.rule import DoNow
from engine.runs.changes import Changes
from engine.runs.run import Run
from engine.timeline.ruleset import Ruleset

Progress = Callable[[int, int], None]

FAMILIES: Mapping[str, str] = {
    "usage_drop_50": "usage_drop",
    "usage_drop_10": "usage_drop",
    "usage_drop_2": "usage_drop",
    "low_csat": "low_csat",
    "cart_abandonment": "cart_abandonment",
    "renewal": "renewal",
    "churn": "churn",
    "quiet": "churn",
}
"""The family of each planted trigger: silence is one of the ways in which customers churn."""

TELL_EVERY = 500
"""Events between two words about how far it is."""


class Course(msgspec.Struct):
    """How runs of a workflow went; those that could not start are not counted."""

    started: int = 0
    finished: int = 0
    held_out: int = 0
    goal_reached: int = 0


class Played(msgspec.Struct, frozen=True, kw_only=True):
    """What happened: decisions fired by family, runs by workflow, actions executed, found and alarmed."""

    seed: int
    customers: int
    events: int
    days: int
    triggers: dict[str, int]
    workflows: dict[str, Course]
    actions: dict[str, int]
    recall: dict[str, Found]
    false_alarms: dict[str, Alarmed]


def play(ruleset: Ruleset, demo: Demo, progress: Progress | None = None) -> Played:
    """Let every delivery be received at its instant, and everything that is due come round in between."""
    simulation = Simulation(ruleset)
    reception = Reception(simulation, keep=False)
    for number, delivery in enumerate(demo.events, 1):
        reception.receive(delivery.body, delivery.received_at)
        if progress is not None and number % TELL_EVERY == 0:
            progress(number, len(demo.events))
    simulation.advance(demo.end)
    return _told(ruleset, demo, simulation.changes)


def _told(ruleset: Ruleset, demo: Demo, changes: Changes) -> Played:
    fired = [decision for decision in changes.decisions if decision.outcome is DecisionOutcome.FIRED]
    found = score(demo, ((decision.rule, decision.customer, decision.at) for decision in fired))
    return Played(
        seed=demo.seed,
        customers=demo.customers,
        events=len(demo.events),
        days=demo.days,
        triggers=_by_family(demo, fired),
        workflows=_courses(ruleset, changes.runs.values()),
        actions=_actions(ruleset, fired, changes),
        recall=found["recall"],
        false_alarms=found["false_alarms"],
    )


def _by_family(demo: Demo, fired: Iterable[Decision]) -> dict[str, int]:
    families = {case.rule: FAMILIES[case.trigger] for case in demo.planted}
    counts = dict.fromkeys(FAMILIES.values(), 0)
    for decision in fired:
        if decision.rule in families:
            counts[families[decision.rule]] += 1
    return counts


def _courses(ruleset: Ruleset, runs: Iterable[Run]) -> dict[str, Course]:
    courses = {name: Course() for name in sorted(ruleset.workflows)}
    for run in runs:
        if run.status is RunStatus.REFUSED:
            continue
        course = courses[run.workflow]
        course.started += 1
        course.finished += not run.open
        course.held_out += run.arm == "held_out"
        course.goal_reached += run.goal_at is not None
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
