"""Weigh: scores read and segments evaluated for one customer, and what that changes."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from engine.customers.facts import Facts
from engine.decisions.standing import Standing
from engine.expressions import Env, Outcome
from engine.model.values import FOR_EVER, Micros
from engine.runs.changes import MembershipChange
from engine.scores.band import BandChange, ScoreState
from engine.scores.band import next_due as score_due
from engine.scores.band import step as step_band
from engine.scores.score import PartInput, Reading, read, steady_until
from engine.segments.membership import Membership
from engine.segments.membership import next_due as segment_due
from engine.segments.membership import step as step_segment
from engine.timeline import stages
from engine.timeline.moment import Moment
from engine.timeline.ruleset import Desk
from engine.timeline.scores import CompiledPart, CompiledScore

Crossed = tuple[str, dict[str, Any]]
"""What became of a segment or a band: the event's name and its properties."""


def weigh(moment: Moment, cause: str = "engine", hops: int = 0) -> list[Crossed]:
    """Evaluate scores, then segments, then lifecycles.

    Changes become events, unless a release, import or merge caused them.

    Gives the changes that did not become events.
    """
    untold: list[Crossed] = []
    for compiled in moment.desk.scores:
        change = _score(moment, compiled)
        if change is not None:
            untold += _tell_band(moment, compiled, change, cause, hops)
    for segment in moment.desk.segments:
        if segment.segment.static or segment.enter is None:
            continue
        env = moment.env()
        memberships = moment.member.standing.memberships
        member = memberships.get(segment.segment.id)
        if member is None:
            member = memberships[segment.segment.id] = Membership()
        leaving = segment.leave.outcome(env) if segment.leave is not None and member.inside else None
        entering = segment.enter.outcome(env)
        if segment.leave is not None and leaving is None:
            leaving = Outcome.NOT_MET
        moved = step_segment(segment.segment, member, entering, leaving, moment.now, moment.day)
        if moved is not None:
            untold += _tell_segment(moment, segment.segment.id, moved == "entered", cause, hops)
    if moment.desk.lifecycles:
        stages.settle(moment, cause, hops)
    return untold


def reading(
    facts: Facts,
    compiled: CompiledScore,
    state: ScoreState,
    failed: dict[str, Micros],
    now: Micros,
    env: Env,
) -> Reading:
    """Read a score: each part's value, its newest input, whether its source has failed."""
    inputs: dict[str, PartInput] = {}
    until, half_life = 0 if failed else FOR_EVER, compiled.score.half_life
    for part in compiled.parts:
        raw, newest, holds = _value(facts, part, env)
        inputs[part.name] = PartInput(
            raw, newest, part.decays, bool(failed) and _has_failed(facts, part, failed)
        )
        until = min(until, holds)
        if part.decays and half_life is not None and raw is not None and newest is not None:
            fades = steady_until(raw, newest, now, half_life)
            until = until if fades is None else min(until, 2 * fades)
    found = read(compiled.score, inputs, state.parts, now)
    facts.keep(compiled.score.id, found, until, compiled.names)
    return found


def _score(moment: Moment, compiled: CompiledScore) -> BandChange | None:
    standing = moment.member.standing
    state = standing.scores.get(compiled.score.id)
    if state is None:
        state = standing.scores[compiled.score.id] = ScoreState()
    facts = moment.facts()
    found = None if standing.failed else facts.recall(compiled.score.id)
    if found is None:
        found = reading(facts, compiled, state, standing.failed, moment.now, moment.env())
    before = state.value
    change = step_band(compiled.score, state, found, moment.now, moment.day, compiled.formula)
    # Trend and reasons may have changed too, which matters where somebody has asked for them already.
    asked = compiled.trend_name in facts or compiled.reasons_name in facts
    if change is not None or state.value != before or asked:
        moment.restate()
    return change


def _value(facts: Facts, part: CompiledPart, env: Env) -> tuple[Decimal | None, Micros | None, int]:
    """Give a part's value, its newest input, and up to which reading both hold."""
    held: tuple[Decimal | None, Micros | None, int] | None = facts.recall(part.place)
    if held is None:
        raw = _number(part, env)
        until = facts.until(part.expression, part.names, moving=True)
        held = raw, _newest(facts, part), until
        facts.keep(part.place, held, until, part.names)
    return held


def _newest(facts: Facts, part: CompiledPart) -> Micros | None:
    """Give when the newest of what a part reads came in."""
    ages = [facts.age(name)[0] for name in part.reads]
    return max([age for age in ages if age is not None], default=None)


def _has_failed(facts: Facts, part: CompiledPart, failed: Mapping[str, Micros]) -> bool:
    """Tell whether a source of what a part reads has failed and has sent nothing since."""
    ages = ((name, facts.age(name)[0]) for name in part.reads if name in failed)
    return any(age is None or age <= failed[name] for name, age in ages)


def _number(part: CompiledPart, env: Env) -> Decimal | None:
    """Give a part's value; one that raises, or gives no number, is missing."""
    value: Any = part.expression.value_or_null(env)
    if isinstance(value, bool) or not isinstance(value, (int, Decimal)):
        return None
    return Decimal(value)


def _tell_band(
    moment: Moment, compiled: CompiledScore, change: BandChange, cause: str, hops: int
) -> list[Crossed]:
    moment.restate()
    properties = {
        "score": compiled.score.id,
        "band": change.band,
        "from": change.from_,
        "value": change.value,
        "fires": change.fires,
    }
    if cause != "engine":
        return [("band_changed", properties)]
    moment.stage.emit("band_changed", properties, compiled.score.id, moment.now, change.band, hops=hops)
    return []


def _tell_segment(moment: Moment, segment: str, inside: bool, cause: str, hops: int) -> list[Crossed]:
    moment.restate()
    moment.changes.memberships.append(MembershipChange(moment.member.id, segment, moment.now, inside, cause))
    name = "segment_entered" if inside else "segment_left"
    if cause != "engine":
        return [(name, {"segment": segment})]
    moment.stage.emit(name, {"segment": segment}, segment, moment.now, hops=hops)
    return []


def next_due(desk: Desk, standing: Standing) -> Micros | None:
    """Give the next instant at which a score or a segment asks to be evaluated by itself."""
    first: Micros | None = None
    for score in desk.scores:
        state = standing.scores.get(score.score.id)
        due = score_due(score.score, state) if state is not None else None
        if due is not None and (first is None or due < first):
            first = due
    for segment in desk.segments:
        # Without a dwell in hours or minutes a segment asks for nothing besides events and midnights.
        if segment.segment.held_for is None or segment.segment.held_for.days is not None:
            continue
        member = standing.memberships.get(segment.segment.id)
        due = segment_due(segment.segment, member) if member is not None else None
        if due is not None and (first is None or due < first):
            first = due
    return first
