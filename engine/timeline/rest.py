"""Rest: what a round comes to again and again for a customer, as long as nothing that it rests on changes.

A round in which no rule has anything to do gives the same outcomes until an event changes a fact, the first
bucket leaves or enters a window, `since` reaches a length that a line names, or a limit frees. Who only
counts may pass over it until then.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import lru_cache

import msgspec

from engine.customers.held import Reading
from engine.decisions.candidates import Round
from engine.decisions.decide import freed_at
from engine.decisions.rules import CompiledRule
from engine.expressions import Condition, Outcome
from engine.expressions.clauses.lengths import lengths_of
from engine.model.reasons import DecisionOutcome
from engine.model.values import FOR_EVER, Micros
from engine.runs.changes import Changes
from engine.runs.stage import Member
from engine.timeline.due import schedule_due
from engine.timeline.moment import Moment
from engine.timeline.world import World


class Rest(msgspec.Struct, frozen=True):
    """The outcome of each rule of a round, at every reading before `until`."""

    outcomes: tuple[tuple[str, str], ...]
    until: Reading


def may_rest(world: World) -> bool:
    """Tell whether rounds may be passed over: nobody looks at each, and facts are what events made them."""
    return world.witness is None and world.given is None and not world.outages


def settle(world: World, member: Member, changes: Changes, now: Micros) -> None:
    """Look how long the rounds that were played just now will come to the same, and keep it."""
    moment: Moment | None = None
    for round_ in world.ruleset.desk(member.id, member.kind).schedules:
        if round_.trigger.in_segment is None and schedule_due(world, member, round_.trigger, now) == now:
            moment = moment or Moment(world, member, changes, now, [], at_event=False)
            _keep(moment, round_)


def awake(member: Member, round_: Round) -> Micros | None:
    """Give the first instant at which a round has to be played, None where only a change makes it so."""
    rest = _rest_of(member, round_)
    if rest is None:
        return member.standing.played_to
    return None if rest.until >= FOR_EVER else max(member.standing.played_to, (rest.until + 1) // 2)


def pass_over(world: World, member: Member, changes: Changes, until: Micros) -> None:
    """Count the rounds up to an instant that need not be played, as if they had been."""
    played = member.standing.played_to
    for round_ in world.ruleset.desk(member.id, member.kind).schedules:
        rest = _rest_of(member, round_)
        if rest is None:
            continue
        due = schedule_due(world, member, round_.trigger, played)
        while due is not None and due <= until and 2 * due < rest.until:
            for rule, outcome in rest.outcomes:
                changes.count(rule, due, outcome)
            member.standing.played_to = max(member.standing.played_to, due + 1)
            due = schedule_due(world, member, round_.trigger, due + 1)


def _place(round_: Round) -> str:
    rule, compiled = round_.pairs[0]
    return f"round/{rule.id}/{compiled.index}"


def _rest_of(member: Member, round_: Round) -> Rest | None:
    held = member.facts.derived.get(_place(round_))
    return None if held is None else held[2]


def _keep(moment: Moment, round_: Round) -> None:
    rest = _resting(moment, round_)
    place = _place(round_)
    if rest is None:
        moment.member.facts.derived.pop(place, None)
        return
    names = {name for rule, _ in round_.pairs for name in _facts_of(rule.condition)}
    moment.facts().keep(place, rest, rest.until, tuple(sorted(names)))


def _resting(moment: Moment, round_: Round) -> Rest | None:
    facts, env = moment.facts(), moment.env()
    until = FOR_EVER
    outcomes: list[tuple[str, str]] = []
    for rule, _ in round_.pairs:
        outcome = _COUNTED.get(rule.condition.outcome(env))
        if outcome is None:
            freed = _freed_at(moment, rule)
            if freed is None:
                return None
            outcome, until = DecisionOutcome.AT_MOST, min(until, 2 * freed)
        until = min(until, facts.steady_until(_facts_of(rule.condition)))
        if until <= facts.reading:
            return None
        outcomes.append((rule.id, outcome.value))
    return Rest(tuple(outcomes), until)


_COUNTED: Mapping[Outcome, DecisionOutcome] = {
    Outcome.NOT_MET: DecisionOutcome.NOT_MET,
    Outcome.UNKNOWN: DecisionOutcome.UNKNOWN,
}


def _freed_at(moment: Moment, rule: CompiledRule) -> Micros | None:
    """Give when a rule that holds may fire again; None where it may now, or where that is recorded."""
    limit = rule.rule.at_most
    if limit is None or DecisionOutcome.AT_MOST in moment.world.rows:
        return None
    if rule.condition.outcome(moment.env()) is not Outcome.MET:
        return None
    fired = moment.member.standing.fired.get(rule.id, ())
    return freed_at(limit, fired, moment.world.ruleset.zone, moment.now)


@lru_cache(maxsize=4096)
def _facts_of(condition: Condition) -> Mapping[str, tuple[Micros, ...] | None]:
    return dict(_read(condition))


def _read(condition: Condition) -> Iterator[tuple[str, tuple[Micros, ...] | None]]:
    """Give each name that a condition reads, facts as such, with the lengths that it is compared with."""
    lengths = lengths_of(condition)
    for name in condition.names:
        root, _, fact = name.partition(".")
        yield fact if root == "customer" else name, lengths.get(name)
