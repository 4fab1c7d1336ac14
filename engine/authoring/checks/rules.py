"""Rules: triggers, what they name, and what they start."""

from __future__ import annotations

import re

from engine.authoring.checks import actions
from engine.authoring.checks.expressions import MOMENTS, condition, customer, judge, key, values
from engine.authoring.draft import SNAKE, Draft, snake_case
from engine.authoring.wording import quoted, with_article
from engine.customers.catalog import BUILT_IN_TRAITS
from engine.decisions.scopes import rule_scope, trigger_scope
from engine.model.facts import Computed, Trait
from engine.model.rule import (
    OnBand,
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
    StartRun,
    Trigger,
)
from engine.model.values import Duration

_FACT = re.compile(r"\s*customer\.(\w+)\s*")


def check(draft: Draft) -> None:
    """Check every rule."""
    for rule in draft.workspace.rules.values():
        _rule(draft, rule)


def _rule(draft: Draft, rule: Rule) -> None:
    if not rule.triggers:
        draft.say(
            rule,
            "when",
            code="empty-list",
            message="the rule waits for nothing",
            hint="write when: {event: order_completed}",
        )
    for trigger in rule.triggers:
        _trigger(draft, rule, trigger)
    if any(isinstance(trigger, OnFleet) for trigger in rule.triggers) and len(rule.triggers) > 1:
        draft.say(
            rule,
            "when",
            code="fleet-alone",
            message="a fleet trigger is about the whole base, the others are about a customer",
            hint="write two rules",
        )
    scope = rule_scope(rule, draft.catalog, draft.zone)
    condition(draft, rule.if_, scope)
    if not rule.then:
        draft.say(
            rule, "then", code="empty-list", message="the rule does nothing", hint="write run: and a workflow"
        )
    for action in rule.then:
        values(draft, action.with_, scope)
        if isinstance(action, StartRun):
            actions.run(draft, action, rule.on)
            continue
        spec = actions.action(draft, action)
        if spec is not None and spec.kind == "external":
            draft.say(
                action,
                "do",
                code="external-in-rule",
                message=f"{action.do} leaves the building",
                hint="put it into a workflow, and write run: here",
            )


def _trigger(draft: Draft, rule: Rule, trigger: Trigger) -> None:
    match trigger:
        case OnEvent():
            draft.event(trigger, "event", name=trigger.event)
            judge(draft, trigger.where, trigger_scope(trigger, draft.catalog, draft.zone))
        case OnMissing():
            _missing(draft, trigger)
        case OnSchedule(in_segment=str(segment)):
            if draft.refer(trigger, "in_segment", kind="segment", name=segment):
                _same_subject(draft, rule, trigger, "in_segment", "segment", segment)
        case OnDate():
            _date(draft, rule, trigger)
        case OnChange():
            _change(draft, trigger)
        case OnEnter():
            if draft.refer(trigger, "enters", kind="segment", name=trigger.enters):
                _same_subject(draft, rule, trigger, "enters", "segment", trigger.enters)
        case OnLeave():
            if draft.refer(trigger, "leaves", kind="segment", name=trigger.leaves):
                _same_subject(draft, rule, trigger, "leaves", "segment", trigger.leaves)
        case OnBand():
            _band(draft, rule, trigger)
        case OnQuiet():
            draft.event(trigger, "of", name=trigger.of, any_too=True)
        case OnFleet():
            _fleet(draft, trigger)
        case _:
            pass


def _same_subject(draft: Draft, rule: Rule, trigger: Trigger, name: str, kind: str, id: str) -> None:
    book = draft.workspace.segments if kind == "segment" else draft.workspace.scores
    thing = book.get(id)
    if thing is not None and thing.on != rule.on:
        draft.say(
            trigger,
            name,
            code="other-subject",
            message=f"{id} is about {with_article(thing.on)}, and this rule about {with_article(rule.on)}",
            hint=f"write on: {thing.on} in the rule",
        )


def _missing(draft: Draft, trigger: OnMissing) -> None:
    draft.event(trigger, "event", name=trigger.event)
    draft.event(trigger, "without", name=trigger.without)
    if trigger.event == trigger.without:
        draft.say(
            trigger,
            "without",
            code="same-event",
            message="an event cannot wait for itself",
            hint="use quiet: for an event that stops coming",
        )
    scope = trigger_scope(trigger, draft.catalog, draft.zone)
    judge(draft, trigger.where, scope)
    key(draft, trigger.key, scope)
    properties(draft, trigger, "key", trigger.key, trigger.event, trigger.without)


def properties(
    draft: Draft, thing: object, at: str, written: object, first: str | None, awaited: str
) -> None:
    """Check the property names of a `key:` or `match:` where the events are declared."""
    names = [written] if isinstance(written, str) else list(written) if isinstance(written, dict) else []
    for name in names:
        keys = (at,) if isinstance(written, str) else (at, name)
        if not SNAKE.fullmatch(name):
            draft.say(
                thing,
                *keys,
                code="bad-name",
                message=f"{quoted(name)} is no property's name",
                hint=f"write {snake_case(name) or 'cart_id'}, or a map for an expression",
                at_key=isinstance(written, dict),
            )
            continue
        for event in (awaited, first if isinstance(written, str) else None):
            declared = draft.catalog.event(event) if event else None
            if declared and name not in declared:
                draft.unknown(
                    thing,
                    *keys,
                    noun=f"property of {event}",
                    name=name,
                    known=declared,
                    otherwise="declare it there",
                )


def _date(draft: Draft, rule: Rule, trigger: OnDate) -> None:
    scope = customer(draft, rule.on)
    judge(draft, trigger.date, scope, MOMENTS)
    judge(draft, trigger.term, scope)
    if trigger.every is not None and (trigger.without or trigger.term):
        draft.say(
            trigger,
            "every",
            code="bad-option",
            message="an anniversary has no term",
            hint="take without and term out",
        )
    for name in ("before", "after"):
        offsets = getattr(trigger, name)
        listed = offsets if isinstance(offsets, tuple) else () if offsets is None else (offsets,)
        if offsets == ():
            draft.say(
                trigger,
                name,
                code="empty-list",
                message=f"{name} has no length of time",
                hint=f"write {name}: 30d",
            )
        for position, length in enumerate(listed):
            keys = (name, position) if isinstance(offsets, tuple) else (name,)
            if length.days is None:
                draft.say(
                    trigger,
                    *keys,
                    code="bad-option",
                    message="a date trigger counts whole days",
                    hint="write 1d or 2w",
                )
        days = [length.days for length in listed if isinstance(length, Duration)]
        if len(set(days)) < len(days):
            draft.say(
                trigger, name, code="twice", message="the same day stands here twice", hint="write each once"
            )
    if trigger.without is not None:
        draft.event(trigger, "without", name=trigger.without)


def _change(draft: Draft, trigger: OnChange) -> None:
    match = _FACT.fullmatch(trigger.changes.text)
    if match is None:
        draft.say(
            trigger,
            "changes",
            code="not-a-trait",
            message="one trait is watched here",
            hint="write customer. and its name",
        )
        return
    name = match[1]
    facts = draft.workspace.facts.facts
    fact = facts.get(name)
    if isinstance(fact, Trait) or (fact is None and name in BUILT_IN_TRAITS):
        return
    traits = {other for other, one in facts.items() if isinstance(one, Trait)} | set(BUILT_IN_TRAITS)
    if fact is not None or name in draft.catalog.person or name in draft.catalog.account:
        if isinstance(fact, Computed) or fact is not None or name not in _broken(draft):
            draft.say(
                trigger,
                "changes",
                code="not-a-trait",
                message=f"{name} is computed, and only a trait is watched",
                hint="make a segment of it, and use enters",
            )
    elif draft.whole:
        draft.unknown(
            trigger, "changes", noun="trait", name=name, known=traits, otherwise="declare it in a facts file"
        )


def _broken(draft: Draft) -> set[str]:
    return {name for kind, name in draft.broken if kind == "fact"}


def _band(draft: Draft, rule: Rule, trigger: OnBand) -> None:
    if not draft.refer(trigger, "score", kind="score", name=trigger.score):
        return
    _same_subject(draft, rule, trigger, "score", "score", trigger.score)
    score = draft.workspace.scores.get(trigger.score)
    if score is not None and trigger.becomes not in score.bands:
        draft.unknown(trigger, "becomes", noun="band", name=trigger.becomes, known=score.bands)


def _fleet(draft: Draft, trigger: OnFleet) -> None:
    facts = draft.workspace.facts.facts
    drops = {name for name, fact in facts.items() if isinstance(fact, Computed) and fact.drop is not None}
    if trigger.fleet not in drops and trigger.fleet not in _broken(draft) and draft.whole:
        draft.unknown(
            trigger,
            "fleet",
            noun="drop fact",
            name=trigger.fleet,
            known=drops,
            otherwise="declare one with drop:",
        )
