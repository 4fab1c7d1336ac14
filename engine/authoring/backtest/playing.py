"""Backtest: what the rules would have decided on the events that are stored, without effects."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

import msgspec

from engine.authoring.backtest.doing import Done, done
from engine.authoring.backtest.thresholds import Sampler, Threshold
from engine.authoring.simulate import Figures, Simulation
from engine.customers.event import Event
from engine.customers.facts import Facts
from engine.decisions.decide import ROWS
from engine.decisions.decision import Decision
from engine.model.reasons import DecisionOutcome, RunStatus
from engine.model.values import Micros
from engine.timeline.batch import come_round
from engine.timeline.choose import choose
from engine.timeline.moment import Moment
from engine.timeline.ruleset import Ruleset
from engine.timeline.take import FOLLOWED

Progress = Callable[[int, int], None]


class RuleCount(msgspec.Struct):
    """What a rule decided. `fired` counts decisions; held_out and refused are parts of it.

    `followed` are the `without` timers that the second event ended, `undetermined` those still open
    at the end, `customers` the different customers among the fired.
    """

    fired: int = 0
    held_out: int = 0
    not_met: int = 0
    unknown: int = 0
    at_most: int = 0
    too_late: int = 0
    shadow: int = 0
    error: int = 0
    refused: int = 0
    followed: int = 0
    undetermined: int = 0
    customers: int = 0


class FactCount(msgspec.Struct):
    """A fact over customers, or a property over events: how many have it, sum and mean of numbers."""

    count: int = 0
    sum: Decimal = Decimal(0)
    mean: Decimal | None = None


class Backtest(msgspec.Struct):
    """The outcome of a backtest; `decisions` in the order in which they came about.

    `days` are how often each rule fired on each day of the workspace's zone, `refusals` why runs that it
    asked for could not start, in how many decisions, `done` what the runs would
    have done, `thresholds` the values that rules asked for by name saw beside their thresholds. `figures`
    are the base's own, and `accounts` whose member each person is.
    """

    from_: Micros | None
    to: Micros | None
    at: Micros | None
    events: int
    customers: int
    rules: dict[str, RuleCount]
    who: dict[str, list[str]]
    facts: dict[str, FactCount]
    properties: dict[str, FactCount]
    decisions: list[Decision]
    days: dict[str, dict[str, int]]
    refusals: dict[str, dict[str, int]]
    done: Done
    thresholds: list[Threshold]
    figures: Figures
    accounts: dict[str, str]


def backtest(
    ruleset: Ruleset,
    events: Sequence[Event],
    *,
    start: Micros | None = None,
    end: Micros | None = None,
    at: Micros | None = None,
    rules: Sequence[str] = (),
    facts: Iterable[str] = (),
    properties: Iterable[str] = (),
    rows: frozenset[DecisionOutcome] = ROWS,
    progress: Progress | None = None,
) -> Backtest:
    """Replay events, in the order (received, file order), as if they were live.

    Events before `start` are played too, since later decisions rest on them, but not counted. Of the
    `rules` that are named, the values that their lines saw are sampled.
    With `at`, the events received up to it only make facts, and every schedule rule is evaluated
    once at that instant for every customer. `rows` are the outcomes whose decisions are wanted; of the others
    it is enough to know how many there were.
    """
    inputs = inputs_of(events)
    last = inputs[-1].received_at if inputs else 0
    stop = at if at is not None else end if end is not None else last
    kept = [event for event in inputs if event.received_at <= stop]
    sampler = Sampler(rules) if rules else None
    simulation = Simulation(ruleset, witness=sampler, rows=rows, resting=True)
    if at is not None:
        learn_all(simulation, kept, progress)
        evaluate_once(simulation, at, frozenset(rules))
    else:
        play_all(simulation, kept, stop, progress, start=start, sampler=sampler)
    report = Backtest(
        from_=start if start is not None else (inputs[0].received_at if inputs else None),
        to=stop if inputs else None,
        at=at,
        events=sum(1 for event in kept if start is None or event.received_at >= start),
        customers=len(simulation.cast.members),
        rules={},
        who={},
        facts={name: _fact(simulation, name, stop, at is None) for name in facts},
        properties={name: _property(kept, name) for name in properties},
        decisions=simulation.changes.decisions,
        days={},
        refusals={},
        done=done(simulation.changes),
        thresholds=sampler.found() if sampler is not None else [],
        figures=simulation.figures,
        accounts={
            member.id: member.account
            for member in simulation.cast.members.values()
            if member.account is not None
        },
    )
    _count(report, simulation, tuple(rules))
    return report


def inputs_of(events: Iterable[Event]) -> list[Event]:
    """Give the events that came from outside: what the engine and its runs made of them comes about anew."""
    return [event for event in events if event.cause not in ("engine", "run")]


def play_all(
    simulation: Simulation,
    events: Sequence[Event],
    stop: Micros,
    progress: Progress | None,
    *,
    start: Micros | None = None,
    sampler: Sampler | None = None,
) -> None:
    """Let events be received as if they were live, up to an instant; what was before `start` is forgotten."""
    counting = start is None
    for index, event in enumerate(events):
        if not counting and start is not None and event.received_at >= start:
            simulation.advance(start - 1)
            _forget(simulation, sampler)
            counting = True
        simulation.feed(event)
        if progress is not None and index % 1000 == 0:
            progress(index, len(events))
    simulation.advance(stop)
    if not counting:
        _forget(simulation, sampler)  # all of it was before the counting begins


def _forget(simulation: Simulation, sampler: Sampler | None) -> None:
    """Drop what was decided and done before the counting begins."""
    changes = simulation.changes
    for told in (changes.decisions, changes.events, changes.coupons, changes.attempts, changes.counts):
        told.clear()
    if sampler is not None:
        sampler.forget()


def learn_all(simulation: Simulation, events: Sequence[Event], progress: Progress | None) -> None:
    """Let events make facts, and nothing else."""
    for index, event in enumerate(events):
        simulation.learn(event)
        if progress is not None and index % 1000 == 0:
            progress(index, len(events))


def evaluate_once(simulation: Simulation, at: Micros, only: frozenset[str]) -> None:
    """Evaluate every schedule rule at one instant over all customers, in the order of their ids."""
    simulation.compute_figures(at)
    world = simulation.world
    for name in sorted(simulation.cast.members):
        member = simulation.cast.members[name]
        member.standing.played_to = at
        moment = Moment(world, member, simulation.changes, at, [], at_event=False)
        choose(
            moment,
            [
                found
                for round_ in moment.desk.schedules
                if round_.trigger.in_segment is None
                for found in come_round(moment, round_, only=only)
            ],
        )
    simulation.deliver(at)


def _count(report: Backtest, simulation: Simulation, only: tuple[str, ...]) -> None:
    ruleset = simulation.ruleset
    names = sorted(name for desk in ruleset.desks.values() for name in desk.rules)
    for name in names:
        if not only or name in only:
            report.rules[name] = RuleCount()
            report.who[name] = []
    for (rule, _, outcome), number in simulation.changes.counts.items():
        if rule in report.rules:
            _add(report.rules[rule], outcome, number)
    who: dict[str, dict[str, None]] = {name: {} for name in report.rules}
    for decision in simulation.changes.decisions:
        count = report.rules.get(decision.rule)
        if count is None:
            continue
        _add(count, decision.outcome.value, 1)
        if decision.outcome is DecisionOutcome.FIRED:
            who[decision.rule][decision.customer] = None
            day = date.fromordinal(ruleset.zone.day_of(decision.at)).isoformat()
            days = report.days.setdefault(decision.rule, {})
            days[day] = days.get(day, 0) + 1
            count.held_out += is_held_out(decision)
            count.refused += is_refused(decision)
            for reason in _refusals(decision):
                refusals = report.refusals.setdefault(decision.rule, {})
                refusals[reason] = refusals.get(reason, 0) + 1
    for name, customers in who.items():
        report.who[name] = sorted(customers)
        report.rules[name].customers = len(customers)
    for member in simulation.cast.members.values():
        for timer in member.standing.timers.values():
            if timer.kind == "missing" and timer.rule in report.rules:
                report.rules[timer.rule].undetermined += 1


def is_held_out(decision: Decision) -> bool:
    """Tell whether the customer was held out of a run that it started."""
    return any(start.arm == "held_out" for start in decision.starts)


def is_refused(decision: Decision) -> bool:
    """Tell whether a run that it asked for could not start."""
    return any(start.status == RunStatus.REFUSED.value for start in decision.starts)


def _refusals(decision: Decision) -> set[str]:
    refused = (start for start in decision.starts if start.status == RunStatus.REFUSED.value)
    return {start.reason for start in refused if start.reason is not None}


def _add(count: RuleCount, outcome: str, number: int) -> None:
    field = FOLLOWED if outcome == FOLLOWED else DecisionOutcome(outcome).value
    setattr(count, field, getattr(count, field) + number)


def _fact(simulation: Simulation, name: str, at: Micros, at_event: bool) -> FactCount:
    """Count a fact over the customers, as it was at an instant, which counts itself `at_event`."""
    table = simulation.ruleset.facts
    values = [
        Facts(table, member.facts, at, at_event, simulation.figures.at(at))[name]
        for member in simulation.cast.members.values()
        if name in table.names(member.kind)
    ]
    return _sum(values)


def _property(events: Sequence[Event], dotted: str) -> FactCount:
    name, _, key = dotted.partition(".")
    return _sum([event.properties.get(key) for event in events if event.name == name])


def _sum(values: Sequence[Any]) -> FactCount:
    known = [value for value in values if value is not None]
    numbers = [Decimal(value) for value in known if _is_number(value)]
    total = sum(numbers, Decimal(0))
    return FactCount(len(known), total, total / len(numbers) if numbers else None)


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, Decimal)) and not isinstance(value, bool)


def shown(report: Backtest, *, customers: bool = False) -> Mapping[str, Any]:
    """Give the report in the shape of `holdfast backtest --json`, instants in microseconds."""
    rules = {
        name: {**msgspec.to_builtins(count), **({"ids": report.who[name]} if customers else {})}
        for name, count in report.rules.items()
    }
    found: dict[str, Any] = {
        "from": report.from_,
        "to": report.to,
        "at": report.at,
        "events": report.events,
        "customers": report.customers,
        "rules": rules,
    }
    if report.facts:
        found["facts"] = {name: msgspec.structs.asdict(count) for name, count in report.facts.items()}
    if report.properties:
        found["properties"] = {
            name: msgspec.structs.asdict(count) for name, count in report.properties.items()
        }
    return found
