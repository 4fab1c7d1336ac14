"""What a test case supposes: a customer who can be reached, with traits, facts and a past, typed."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from engine.contact.consent import consent_facts
from engine.customers.event import IDENTIFY, Cause, Event
from engine.customers.kinds import coerce, keep, show
from engine.customers.zones import Zone
from engine.errors import ValueSyntaxError
from engine.experiments.assignment import arm, expose
from engine.expressions import Kind
from engine.model.actions import BUILT_IN_EVENTS
from engine.model.facts import Subject
from engine.model.policy import ContactPolicy
from engine.model.testcase import TestCase
from engine.model.values import SECOND, Duration, Formula, Micros
from engine.model.workflow import Split, Workflow
from engine.runs.program import walk
from engine.runs.waiting import add
from engine.timeline.ruleset import Ruleset

SOURCE = "test"
EMAIL, PHONE = "test@example.com", "+15550100"
TRIED = 100_000
"""So many customer ids are tried until one falls where a case wants its customer."""


class Supposed(msgspec.Struct, frozen=True):
    """Facts of a customer: `traits` as they are sent, `facts` as expressions see them."""

    traits: dict[str, Any]
    facts: dict[str, Any]


def instant(zone: Zone, text: str) -> Micros:
    """Give the instant of a written local time; raises ValueSyntaxError where it is none."""
    try:
        local = dt.datetime.fromisoformat(text)
    except ValueError:
        raise ValueSyntaxError(f"{text!r} is not a time; write it as 2026-01-05 12:00") from None
    return zone.at(local.toordinal(), local.hour * 60 + local.minute) + local.second * SECOND


def before(zone: Zone, at: Micros, length: Duration) -> Micros:
    """Give the instant that lies a length of time before another; days keep the time on the wall clock."""
    return add(zone, at, Duration(-length.amount, length.unit))


def plain(name: str, value: Any) -> Any:
    """Give a written value as JSON would have it; a test says values, no expressions."""
    if isinstance(value, Formula):
        raise ValueSyntaxError(f"{name} is given as an expression; write the value itself")
    if isinstance(value, Mapping):
        return {key: plain(name, part) for key, part in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(name, part) for part in value]
    return value


def sent(name: str, kind: Kind, value: Any) -> Any:
    """Give a value as somebody would send it; raises ValueSyntaxError where it is not of its kind."""
    try:
        return coerce(kind, plain(name, value))
    except ValueSyntaxError:
        raise
    except ValueError as error:
        raise ValueSyntaxError(
            f"{name} is a {kind.value}, and {value!r} is {error}; write a {kind.value}"
        ) from error


def shown(name: str, kind: Kind, value: Any, zone: Zone) -> Any:
    """Give a value as expressions see it."""
    return show(kind, keep(kind, sent(name, kind, value)), zone)


def suppose(ruleset: Ruleset, subject: Subject, given: Mapping[str, Any]) -> Supposed:
    """Sort what is given: traits are sent; everything else, and what is unknown, replaces the fact."""
    kinds, sendable = ruleset.catalog.customer(subject), ruleset.catalog.traits(subject)
    traits: dict[str, Any] = {}
    facts: dict[str, Any] = {}
    for name, value in given.items():
        if name not in kinds:
            raise ValueSyntaxError(f"there is no fact {name}; declare it in a facts file")
        if name in sendable and value is not None:
            traits[name] = sent(name, kinds[name], value)
        else:
            facts[name] = shown(name, kinds[name], value, ruleset.zone)
    return Supposed(traits, facts)


def newcomer(ruleset: Ruleset, subject: Subject, case: TestCase) -> Supposed:
    """Give a customer whom anybody may write to (`consent: no` withdraws), and what the case says besides."""
    workspace = ruleset.workspace
    consent = {fact: case.consent for fact in consent_facts(workspace.policy)}
    reach = {"email": EMAIL, "phone": PHONE, "timezone": workspace.settings.timezone}
    known = ruleset.catalog.customer(subject)
    default = {name: value for name, value in {**reach, **consent}.items() if name in known}
    return suppose(ruleset, subject, {**default, **case.given})


def customer_for(policy: ContactPolicy, workflows: Iterable[Workflow], case: TestCase, at: Micros) -> str:
    """Find an id that falls into the arms a case wants: treated and in any arm unless it says otherwise.

    Raises ValueSyntaxError where no customer can fall there.
    """
    started = tuple(workflows)
    splits = [
        (workflow.id, step)
        for workflow in started
        for step in walk(workflow.steps)
        if isinstance(step, Split) and case.arm in step.arms
    ]
    if case.arm is not None and not splits:
        raise ValueSyntaxError(
            f"there is no arm {case.arm} to be in; write an arm of a split, or take it out"
        )
    marketing = [workflow for workflow in started if workflow.class_ == "marketing"]
    if case.held_out and not marketing:
        raise ValueSyntaxError(
            "held_out: yes, but only workflows of class marketing hold anybody out; take it out"
        )
    side = "held_out" if case.held_out else "treated"
    for number in range(TRIED):
        name = f"test-{number}"
        if all(expose(workflow, policy, "", name, at).arm == side for workflow in marketing) and all(
            arm(workflow, step.split, name, {key: one.share for key, one in step.arms.items()}) == case.arm
            for workflow, step in splits
        ):
            return name
    where = f"in arm {case.arm} and {side}" if case.arm else side
    raise ValueSyntaxError(
        f"no customer of {TRIED:,} is {where}; write a larger share for it under holdout or split"
    )


def event_of(
    ruleset: Ruleset, customer: str, name: str, properties: Mapping[str, Any], at: Micros, number: int
) -> Event:
    """Make an event that occurs and is received at an instant; its properties have their declared kinds."""
    declared = ruleset.catalog.event(name) or {}
    cause: Cause = "engine" if name in BUILT_IN_EVENTS else "sent"
    return Event(
        source=SOURCE,
        message_id=f"{name}-{number}",
        customer=customer,
        name=name,
        occurred_at=at,
        received_at=at,
        seq=number,
        properties={
            key: sent(key, declared.get(key, Kind.ANY), value) if name != IDENTIFY else value
            for key, value in properties.items()
        },
        cause=cause,
    )


def past(case: TestCase, zone: Zone, at: Micros) -> list[tuple[Micros, str, Mapping[str, Any]]]:
    """Give the events of a case's history in the order of time.

    The latest of each entry is `ago`; with `every` and `times` the others lie further back.
    """
    found: list[tuple[Micros, str, Mapping[str, Any]]] = []
    for entry in case.history:
        when = before(zone, at, entry.ago)
        for _ in range(entry.times):
            found.append((when, entry.event, entry.properties))
            if entry.every is not None:
                when = before(zone, when, entry.every)
    return sorted(found, key=lambda one: one[0])
