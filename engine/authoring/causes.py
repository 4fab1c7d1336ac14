"""Causes: what makes the thing under test look, at the instant of a test case."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

import msgspec

from engine.authoring.staging import Staging
from engine.authoring.supposed import plain, sent, shown
from engine.authoring.wording import known_or
from engine.customers.zones import moment_of
from engine.decisions.decide import Occasion
from engine.decisions.rules import CompiledRule, CompiledTrigger
from engine.decisions.scopes import properties_of
from engine.errors import ValueSyntaxError
from engine.expressions import Kind
from engine.model.facts import FactType, Subject
from engine.model.rule import (
    OnBand,
    OnCall,
    OnChange,
    OnDate,
    OnEnter,
    OnEvent,
    OnFleet,
    OnLeave,
    OnMissing,
    OnQuiet,
    OnSchedule,
    Rule,
    Trigger,
)  # fmt: skip
from engine.model.testcase import TestCase
from engine.model.values import Duration
from engine.model.workflow import Workflow
from engine.runs import advance, effects, start
from engine.segments.membership import Membership, place
from engine.timeline.choose import decide
from engine.timeline.moment import Moment

LONG_SILENCE = Duration(90, "d")
"""How long a silence past the base's p90 is where a case does not say."""

_CHANGED: Mapping[Kind, tuple[Any, Any]] = {
    Kind.NUMBER: (1, 2),
    Kind.BOOLEAN: (False, True),
    Kind.DATE: ("2026-01-01", "2027-01-01"),
    Kind.TIME: ("2026-01-01T00:00:00Z", "2027-01-01T00:00:00Z"),
    Kind.DURATION: ("1d", "2d"),
    Kind.LIST: ([], ["new"]),
}


class Cause(msgspec.Struct, frozen=True):
    """The trigger that a case of a rule is about, and what `event` says of it."""

    trigger: CompiledTrigger
    said: Mapping[str, Any]


def cause_of(rule: CompiledRule, case: TestCase) -> Cause:
    """Find the trigger that a case is about: the first, or the one on `event: {event: NAME}`."""
    said = dict(case.event or {})
    for trigger in rule.triggers:
        written = trigger.trigger
        if isinstance(written, (OnEvent, OnMissing)) and said.get("event") == written.event:
            return Cause(trigger, {name: value for name, value in said.items() if name != "event"})
    return Cause(rule.triggers[0], said)


def subject_of(rule: Rule, cause: Cause) -> Subject:
    """Give the kind of customer a case is about; the base as a whole is like an account."""
    return "account" if isinstance(cause.trigger.trigger, OnFleet) else rule.on


def fixed_by(rule: Rule) -> tuple[list[str], list[str]]:
    """Give the segments and scores whose changes trigger a rule: in its tests they are as the case says."""
    segments = [
        trigger.enters if isinstance(trigger, OnEnter) else trigger.leaves
        for trigger in rule.triggers
        if isinstance(trigger, (OnEnter, OnLeave))
    ]
    return segments, [trigger.score for trigger in rule.triggers if isinstance(trigger, OnBand)]


def prepare(staging: Staging, rule: CompiledRule, cause: Cause, case: TestCase) -> dict[str, Any]:
    """Give the traits and facts that the trigger itself implies, where the case does not give them."""
    trigger = cause.trigger.trigger
    if isinstance(trigger, OnBand):
        band = f"{trigger.score.replace('-', '_')}_band"
        return {} if band in case.given else {band: trigger.becomes}
    if isinstance(trigger, OnChange) and not _left_to_timeline(rule, cause, case):
        return {_trait(staging, rule, cause): _change(staging, rule, cause, case)[0]}
    return {}


def happen(staging: Staging, rule: CompiledRule, cause: Cause, case: TestCase) -> None:
    """Make the trigger happen now, unless the case leaves it to its timeline or to time itself."""
    trigger = cause.trigger.trigger
    if isinstance(trigger, (OnEvent, OnMissing)):
        if not _left_to_timeline(rule, cause, case):
            staging.feed(trigger.event, cause.said)
    elif isinstance(trigger, (OnEnter, OnLeave)):
        _cross(staging, trigger)
    elif isinstance(trigger, OnBand):
        usual = {"score": trigger.score, "band": trigger.becomes, "from": None, "value": None}
        staging.feed("band_changed", {**usual, **cause.said, "fires": True})
    elif isinstance(trigger, OnChange):
        if not _left_to_timeline(rule, cause, case):
            trait = _trait(staging, rule, cause)
            staging.feed("identify", {trait: _change(staging, rule, cause, case)[1]})
    elif isinstance(trigger, OnCall):
        staging.call(rule.id, {name: plain(name, value) for name, value in cause.said.items()})
    else:
        staging.advance(staging.now)
        occasion = _occasion(staging, rule, cause, trigger, case)
        if occasion is not None:
            staging.act(lambda moment: decide(moment, occasion), at_event=False)


def begin(staging: Staging, workflow: Workflow, case: TestCase) -> str:
    """Start a workflow now, with all checks of a start; give the run's id."""
    zone = staging.zone
    given = {
        name: shown(name, Kind(workflow.needs.get(name, FactType.TEXT).value), value, zone)
        for name, value in case.input.items()
    }
    event = {name: plain(name, value) for name, value in (case.event or {}).items()}

    def started(moment: Moment) -> str:
        program = moment.world.ruleset.workflows[workflow.id]
        run, _ = start.start(
            moment.stage, program, cause="test", input=given, event=event, from_at=moment.now
        )
        if run.open:
            advance.advance(moment.stage, run)
        return run.id

    return staging.act(started, at_event=True)


def open_case(staging: Staging, ladder: str, case: TestCase) -> None:
    """Open a case on a ladder now; `event` may say its title, priority and key."""
    said = {name: plain(name, value) for name, value in (case.event or {}).items()}
    arguments = {"title": case.it, **said, "ladder": ladder}
    staging.act(
        lambda moment: effects.perform(moment.stage, "case.open", "test", arguments, None), at_event=True
    )


def _cross(staging: Staging, trigger: OnEnter | OnLeave) -> None:
    inside = isinstance(trigger, OnEnter)
    segment = trigger.enters if isinstance(trigger, OnEnter) else trigger.leaves
    memberships = staging.member.standing.memberships
    place(memberships.setdefault(segment, Membership()), inside=inside, now=staging.now)
    staging.feed("segment_entered" if inside else "segment_left", {"segment": segment})


def _occasion(
    staging: Staging, rule: CompiledRule, cause: Cause, trigger: Trigger, case: TestCase
) -> Occasion | None:
    """Make the occasion of what time alone brings about; None where it comes by itself or not at all."""
    index, now = cause.trigger.index, staging.now
    if isinstance(trigger, OnSchedule):
        inside = case.given.get("segments")
        if trigger.in_segment is not None and inside is not None and trigger.in_segment not in inside:
            return None
        return Occasion(rule=rule, kind="schedule", cause=f"{index}/{now}", event=None, from_at=now)
    if isinstance(trigger, OnDate) and case.event is None:
        return None
    if isinstance(trigger, OnQuiet) and case.event is None:
        timers = staging.member.standing.timers.values()
        if any(timer.kind == "quiet" and timer.rule == rule.id for timer in timers):
            return None
    event = {**_usual(staging, trigger), **_said(staging, trigger, cause.said)}
    kind = {OnDate: "date", OnQuiet: "quiet", OnFleet: "fleet"}[type(trigger)]
    return Occasion(rule=rule, kind=kind, cause=f"{index}/{now}", event=event, from_at=now)


def _usual(staging: Staging, trigger: Trigger) -> dict[str, Any]:
    """Give what `event` is for a trigger that time brings about, where the case does not say."""
    if isinstance(trigger, OnQuiet):
        table, now = staging.still.facts, moment_of(staging.now)
        last = staging.member.facts.last_occurred(table, trigger.of)
        length = trigger.quiet if isinstance(trigger.quiet, Duration) else LONG_SILENCE
        return {"quiet_for": now - moment_of(staging.now - length.micros if last is None else last)}
    if isinstance(trigger, OnFleet):
        return {"fall": Decimal(trigger.at_least.share)}
    return {}


def _said(staging: Staging, trigger: Trigger, said: Mapping[str, Any]) -> dict[str, Any]:
    kinds = properties_of(trigger, staging.still.catalog)[0] or {}
    for name in said:
        if name not in kinds:
            raise ValueSyntaxError(f"event has no {name} here; {known_or(name, kinds)}")
    return {name: shown(name, kinds[name], value, staging.zone) for name, value in said.items()}


def _left_to_timeline(rule: CompiledRule, cause: Cause, case: TestCase) -> bool:
    """Tell whether the timeline brings about what the trigger waits for, and `event` says nothing."""
    if case.event is not None:
        return False
    trigger = cause.trigger.trigger
    if isinstance(trigger, OnChange):
        name = trigger.changes.text.strip().removeprefix("customer.")
        return any(name in entry.given for entry in case.timeline)
    events: Sequence[str] = [
        one.trigger.event for one in rule.triggers if isinstance(one.trigger, (OnEvent, OnMissing))
    ]
    return any(entry.event in events for entry in case.timeline)


def _trait(staging: Staging, rule: CompiledRule, cause: Cause) -> str:
    changes = staging.still.desks[rule.rule.on].changes
    return next(name for name, pairs in changes.items() if any(found is cause.trigger for _, found in pairs))


def _change(staging: Staging, rule: CompiledRule, cause: Cause, case: TestCase) -> tuple[Any, Any]:
    """Give the trait's value before and after; the case's `given` is what it is after."""
    name = _trait(staging, rule, cause)
    trait = staging.still.catalog.traits(rule.rule.on)[name]
    one, other = _CHANGED.get(trait.kind, ("before@example.com", "after@example.com"))
    if trait.one_of is not None:
        one, other = trait.one_of[0], trait.one_of[-1]
    after = cause.said.get("to", case.given.get(name, other))
    before = cause.said.get("from", one if after != one else other)
    return sent(name, trait.kind, before), sent(name, trait.kind, after)
