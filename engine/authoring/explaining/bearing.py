"""Bearing: what of the files and of a customer's events can change what one rule sees and decides.

A rule alone is explained, so what cannot bear on it need not be played. A rule that only starts workflows
bears on no other one where no run runs. What a rule reads is followed to the events that it is made of:
where none of it is a score, a segment, a stage, a tier or points, those events alone are played, and nothing
is weighed. Whatever is not known to be without a bearing is played.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, TypeVar

import msgspec

from engine.customers.definitions import ComputedFact, ContractFact, NamedFact, RfmFact, TraitFact
from engine.customers.event import CONTROL_EVENTS, IDENTIFY, Event
from engine.customers.series import ANY
from engine.decisions.candidates import Round
from engine.decisions.rules import CompiledRule, CompiledTrigger, Pair
from engine.model.actions import BUILT_IN_EVENTS, CONTRACT_EVENTS, BuiltInEvent
from engine.model.facts import Subject
from engine.model.rule import (
    DoNow,
    OnCall,
    OnChange,
    OnDate,
    OnEvent,
    OnFleet,
    OnMissing,
    OnQuiet,
    OnSchedule,
)  # fmt: skip
from engine.model.values import Formula
from engine.timeline.ruleset import NOTHING, Desk, Ruleset

_CASES = frozenset(name for name in BUILT_IN_EVENTS if name.startswith("case_"))
_TOLD = _CASES | {
    BuiltInEvent.MESSAGE_SENT.value,
    BuiltInEvent.MESSAGE_DELIVERED.value,
    BuiltInEvent.MESSAGE_CLICKED.value,
    BuiltInEvent.MESSAGE_BOUNCED.value,
    BuiltInEvent.MESSAGE_COMPLAINED.value,
    BuiltInEvent.UNSUBSCRIBED.value,
    BuiltInEvent.CONTACT_SUPPRESSED.value,
    BuiltInEvent.CONTACT_ALLOWED.value,
    BuiltInEvent.CONSENT_RECORDED.value,
    BuiltInEvent.SURVEY_SENT.value,
    BuiltInEvent.RUN_ENDED.value,
}
"""Built-in events that nothing but an act of a rule makes where no run runs: the record tells of the rest."""

_MADE: Mapping[str, frozenset[str]] = {
    "contact.suppress": frozenset(),
    "case.open": _CASES,
    "case.cancel": _CASES,
    "survey.send": frozenset((BuiltInEvent.SURVEY_SENT.value,)),
}
"""What events follow from acts of a rule; of those that are not here, any that is not in `_TOLD`."""

_ELSEWHERE = frozenset(("event.emit", "points.grant"))
"""The acts that may concern another customer, who is named under `customer`."""

T = TypeVar("T")


class Bearing(msgspec.Struct, frozen=True):
    """What is to be played: rulesets in place of the given ones, and which events.

    `names` are the events that bear on the rule, None for all; with `contracts` a release rebuilds from all.
    With `weighs` customers are weighed as they were: the rule may hang on scores, segments and the like.
    """

    rulesets: tuple[Ruleset, ...]
    names: frozenset[str] | None = None
    contracts: bool = False
    weighs: bool = True

    def concerns(self, event: Event) -> bool:
        """Tell whether an event may change what the rule sees."""
        names = self.names
        if names is None or event.name in names:
            return True
        return ANY in names and event.name not in BUILT_IN_EVENTS


def bearing_on(rule: str, rulesets: Sequence[Ruleset], events: Iterable[Event]) -> Bearing:
    """Give what bears on a rule among these events, under rulesets that were live one after the other."""
    whole = Bearing(tuple(rulesets))
    compiled = [(ruleset, found) for ruleset in rulesets if (found := ruleset.rule(rule)) is not None]
    subjects: set[Subject] = {found.rule.on for _, found in compiled}
    if len(subjects) != 1:
        return whole
    on = subjects.pop()
    came = list(events)
    some = _of_facts_alone(rule, on, rulesets, compiled)
    if some is not None and _may_leave_out(some, compiled, came) and not _ahead(some, came):
        return some
    acting = {
        rule,
        *(name for ruleset in rulesets for desk in ruleset.desks.values() for name in _acting(desk)),
    }
    rest = Bearing(tuple(_without_idle_rules(ruleset, frozenset(acting), on) for ruleset in rulesets))
    return rest if _may_leave_out(rest, compiled, came) else whole


def _may_leave_out(
    bearing: Bearing, compiled: Iterable[tuple[Ruleset, CompiledRule]], events: Iterable[Event]
) -> bool:
    """Tell whether what is left out was never at the same instant as a run's own event that is followed.

    What is due at such an instant is played before that event, and whatever comes after it then is taken a
    microsecond later: only by playing everything is it known whether something was due. Nor is it known
    whether such an event was played or made anew, which tells what was due before history that follows it.
    """
    dates = any(isinstance(one.trigger, OnDate) for _, rule in compiled for one in rule.triggers)
    ran, before = -1, ""
    for event in events:
        if event.cause == "run":
            if dates and bearing.concerns(event):
                return False
            ran = event.received_at
        elif event.received_at == ran and bearing.concerns(event):
            return False
        elif event.cause == "history" and before == "run":
            return False
        before = event.cause
    return True


def _ahead(bearing: Bearing, events: Iterable[Event]) -> bool:
    """Tell whether an event occurred after it was received: it counts until another one comes, whichever."""
    return any(event.occurred_at > event.received_at for event in events if bearing.concerns(event))


def _of_facts_alone(
    rule: str, on: Subject, rulesets: Sequence[Ruleset], compiled: Iterable[tuple[Ruleset, CompiledRule]]
) -> Bearing | None:
    """Give the bearing of a rule that hangs on facts and on nothing made of them; None for another."""
    reading = _Reading(on)
    if not all(reading.follow(ruleset, found) for ruleset, found in compiled):
        return None
    if not all(reading.comes_from_outside(ruleset) for ruleset in rulesets):
        return None
    return Bearing(
        tuple(_of_rule_alone(ruleset, rule, on) for ruleset in rulesets),
        # A person's events tell to which account the person belongs.
        None if on == "account" else frozenset(reading.events | CONTROL_EVENTS),
        reading.contracts,
        weighs=False,
    )


class _Reading:
    """Gathers the events that a rule hangs on: those that it looks at, and those that make its facts."""

    def __init__(self, on: Subject) -> None:
        self.on: Subject = on
        self.events: set[str] = set()
        self.traits = {"timezone"}
        self.contracts = False

    def follow(self, ruleset: Ruleset, rule: CompiledRule) -> bool:
        """Take in what a rule hangs on under a ruleset; False where that is more than facts."""
        if not all(self._trigger(ruleset, compiled) for compiled in rule.triggers):
            return False
        read = [self._name(ruleset, name) for name in rule.condition.names]
        terms = ruleset.facts.contracts_of(self.on)
        if terms is not None and not self.events.isdisjoint({*CONTRACT_EVENTS, terms.of, ANY}):
            self.events.update((*CONTRACT_EVENTS, terms.of))
            self.contracts = True
        return all(read)

    def comes_from_outside(self, ruleset: Ruleset) -> bool:
        """Tell whether nothing that is left out makes any of this under a ruleset."""
        if not self.events.isdisjoint(BUILT_IN_EVENTS - _TOLD):
            return False
        gifts = (
            one.gives.get("event") for each in ruleset.workspace.programs.values() for one in each.redeem
        )
        if any(name is not None and self._may_be(name) for name in gifts):
            return False
        for subject, desk in ruleset.desks.items():
            for act in _acts_of(desk):
                if (subject == self.on or _reaches_others(act)) and self._is_touched_by(act):
                    return False
        return True

    def _trigger(self, ruleset: Ruleset, compiled: CompiledTrigger) -> bool:
        trigger = compiled.trigger
        if isinstance(trigger, OnEvent):
            self.events.add(trigger.event)
        elif isinstance(trigger, OnMissing):
            self.events.update((trigger.event, trigger.without))
        elif isinstance(trigger, OnQuiet):
            self.events.add(trigger.of)
        elif isinstance(trigger, OnChange):
            return self._trait(ruleset, trigger.changes)
        elif isinstance(trigger, OnDate):
            if trigger.without is not None:
                self.events.add(trigger.without)
            # A date that is computed may move by itself, and is looked at whenever anything happens.
            return all(
                self._trait(ruleset, each) for each in (trigger.date, trigger.term) if each is not None
            )
        elif isinstance(trigger, OnSchedule):
            return trigger.in_segment is None
        else:
            return isinstance(trigger, OnCall)
        return True

    def _trait(self, ruleset: Ruleset, written: Formula) -> bool:
        name = written.text.strip().removeprefix("customer.")
        if not isinstance(ruleset.facts.names(self.on).get(name), TraitFact):
            return False
        self.traits.add(name)
        return True

    def _name(self, ruleset: Ruleset, dotted: str) -> bool:
        root, _, name = dotted.partition(".")
        if root != "customer":
            return True
        return name in ("id", "kind") or self._fact(ruleset, name)

    def _fact(self, ruleset: Ruleset, name: str) -> bool:
        fact = ruleset.facts.names(self.on).get(name)
        if isinstance(fact, TraitFact):
            self.traits.add(name)
        elif isinstance(fact, (ComputedFact, RfmFact)):
            self.events.add(fact.series.form.event)
        elif isinstance(fact, ContractFact):
            terms = ruleset.facts.contracts_of(self.on)
            self.events.update(CONTRACT_EVENTS if terms is None else (*CONTRACT_EVENTS, terms.of))
        elif isinstance(fact, NamedFact):
            return all([self._name(ruleset, f"customer.{read}") for read in fact.reads])
        else:
            return False
        return True

    def _is_touched_by(self, act: Act) -> bool:
        action, arguments = act
        if action.do == "customer.set":
            return IDENTIFY in self.events or not self.traits.isdisjoint(arguments)
        if action.do == "event.emit":
            return self._may_be(action.with_.get("event"))
        made = _MADE.get(action.do)
        return not self.events.isdisjoint(BUILT_IN_EVENTS - _TOLD if made is None else made)

    def _may_be(self, name: Any) -> bool:
        """Tell whether an event with that name, as it is written, is one of those."""
        return not isinstance(name, str) or name in self.events or ANY in self.events


Act = tuple[DoNow, Mapping[str, Any]]


def _acts_of(desk: Desk) -> Iterator[Act]:
    """Give what the rules of a desk do by themselves where no run runs and nobody asks for a decision."""
    for rule in desk.rules.values():
        if any(not isinstance(one.trigger, (OnFleet, OnCall)) for one in rule.triggers):
            yield from ((act, written) for act, written in rule.actions if isinstance(act, DoNow))


def _reaches_others(act: Act) -> bool:
    action, arguments = act
    return action.do in _ELSEWHERE and "customer" in arguments


def _of_rule_alone(ruleset: Ruleset, rule: str, on: Subject) -> Ruleset:
    """Give a ruleset in which there is one rule, for its kind of customers, and nothing is weighed."""
    desk = msgspec.structs.replace(
        _with_rules(ruleset.desks[on], frozenset((rule,))),
        segments=(),
        scores=(),
        lifecycles=(),
        earns={},
        reverses={},
        clubs=(),
    )
    # A silence that is held against those of the base is looked at by midnight.
    waits = any(isinstance(one.trigger, OnQuiet) and one.trigger.quiet == "p90" for _, one in desk.quiet)
    return _with_desks(ruleset, on, msgspec.structs.replace(desk, midnight=waits), NOTHING)


def _without_idle_rules(ruleset: Ruleset, busy: frozenset[str], on: Subject) -> Ruleset:
    """Give a ruleset without the rules that never do more than start workflows.

    One that acts under another release is not idle: how often it may do so rests on when it fired before.
    """
    other: Subject = "account" if on == "person" else "person"
    desks = {subject: _with_rules(desk, busy) for subject, desk in ruleset.desks.items()}
    reached = any(_reaches_others(act) for act in _acts_of(ruleset.desks[other]))
    return _with_desks(ruleset, on, desks[on], desks[other] if reached else NOTHING)


def _acting(desk: Desk) -> Iterator[str]:
    for name, rule in desk.rules.items():
        if any(isinstance(action, DoNow) for action, _ in rule.actions):
            yield name


def _with_desks(ruleset: Ruleset, on: Subject, own: Desk, other: Desk) -> Ruleset:
    desks: dict[Subject, Desk] = {"person": other, "account": other}
    desks[on] = own
    return msgspec.structs.replace(ruleset, desks=desks)


def _with_rules(desk: Desk, names: frozenset[str]) -> Desk:
    """Give a desk with some of its rules. Every look is witnessed, so that no index is asked."""

    def some(pairs: Iterable[Pair]) -> tuple[Pair, ...]:
        return tuple(pair for pair in pairs if pair[0].id in names)

    def some_by_name(by_name: Mapping[str, tuple[Pair, ...]]) -> dict[str, tuple[Pair, ...]]:
        return {name: left for name, pairs in by_name.items() if (left := some(pairs))}

    return msgspec.structs.replace(
        desk,
        rules={name: rule for name, rule in desk.rules.items() if name in names},
        on_event=some_by_name(desk.on_event),
        first=some_by_name(desk.first),
        second=some_by_name(desk.second),
        schedules=tuple(
            Round(round_.trigger, left) for round_ in desk.schedules if (left := some(round_.pairs))
        ),
        dates=some(desk.dates),
        renewals=some_by_name(desk.renewals),
        changes=some_by_name(desk.changes),
        entering=some_by_name(desk.entering),
        leaving=some_by_name(desk.leaving),
        bands=some_by_name(desk.bands),
        quiet=some(desk.quiet),
        candidates={},
    )
