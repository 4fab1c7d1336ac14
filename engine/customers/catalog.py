"""What expressions may name: every fact of persons and accounts, every event's properties."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from engine.expressions import Kind
from engine.model.facts import Computed, EventType, Fact, FactsFile, NamedExpression, Subject, Trait
from engine.model.workspace import Workspace

BUILT_IN: Mapping[str, Kind] = {
    "id": Kind.TEXT,
    "email": Kind.TEXT,
    "phone": Kind.TEXT,
    "timezone": Kind.TEXT,
    "locale": Kind.TEXT,
    "owner": Kind.TEXT,
    "first_seen": Kind.TIME,
    "segments": Kind.LIST,
    "kind": Kind.TEXT,
}
"""Facts that every customer has; the first six but `id` are traits that anybody may send."""

BUILT_IN_TRAITS = ("email", "phone", "timezone", "locale", "owner")

CONTRACTS: Mapping[str, Kind] = {
    "mrr": Kind.NUMBER,
    "active_subscriptions": Kind.NUMBER,
    "service_ends": Kind.TIME,
    "end_reason": Kind.TEXT,
    "cancel_requested_at": Kind.TIME,
    "churned_at": Kind.TIME,
    "churn_reason": Kind.TEXT,
    "churn_voluntary": Kind.BOOLEAN,
}

NUMERIC = frozenset(("count", "sum", "mean", "distinct", "drop", "share", "share_lower", "share_upper"))


class SentTrait(msgspec.Struct, frozen=True):
    """A trait that may be sent: its kind, what it is until then, and what it may be."""

    kind: Kind
    default: Any = None
    one_of: tuple[Any, ...] | None = None
    protected: bool = False


DATED = (Kind.DATE, Kind.TIME, Kind.DURATION)
"""Kinds that are kept otherwise than expressions see them."""


class Catalog(msgspec.Struct, frozen=True):
    """Names and kinds. `properties` has declared events only; others have open properties."""

    person: Mapping[str, Kind]
    account: Mapping[str, Kind]
    properties: Mapping[str, Mapping[str, Kind]]
    protected: frozenset[str]
    events: Mapping[str, EventType] = {}
    person_traits: Mapping[str, SentTrait] = {}
    account_traits: Mapping[str, SentTrait] = {}
    dated: Mapping[str, tuple[str, ...]] = {}
    """The properties of an event that are of the kinds of `DATED`, of events that have any."""

    def customer(self, subject: Subject) -> Mapping[str, Kind]:
        """The facts of persons, or of accounts."""
        return self.account if subject == "account" else self.person

    def traits(self, subject: Subject) -> Mapping[str, SentTrait]:
        """The traits that may be sent of persons, or of accounts."""
        return self.account_traits if subject == "account" else self.person_traits

    def event(self, name: str) -> Mapping[str, Kind] | None:
        """The declared properties of an event, None when it is not declared."""
        return self.properties.get(name)


def declared_properties(events: Mapping[str, EventType]) -> dict[str, dict[str, Kind]]:
    """Give each declared event's property kinds."""
    return {
        name: {key: Kind(prop.type.value) for key, prop in event.properties.items()}
        for name, event in events.items()
    }


def kind_of(fact: Fact, properties: Mapping[str, Mapping[str, Kind]]) -> Kind:
    """Give a fact's kind; ANY where it depends on an undeclared property or an expression."""
    if isinstance(fact, Trait):
        return Kind(fact.type.value)
    if isinstance(fact, NamedExpression):
        return Kind.ANY
    return _computed_kind(fact, properties)


def _computed_kind(fact: Computed, properties: Mapping[str, Mapping[str, Kind]]) -> Kind:
    if fact.function in NUMERIC:
        return Kind.NUMBER
    if fact.function == "cohort":
        return Kind.TEXT
    if fact.function == "since":
        return Kind.DURATION
    return properties.get(fact.event, {}).get(fact.measure or "", Kind.ANY)


def build_catalog(workspace: Workspace) -> Catalog:
    """Collect every name that the workspace declares, for persons and for accounts."""
    properties = declared_properties(workspace.facts.events)
    return Catalog(
        person=_names(workspace, properties, "person"),
        account=_names(workspace, properties, "account"),
        properties=properties,
        protected=frozenset(
            name for name, fact in workspace.facts.facts.items() if isinstance(fact, Trait) and fact.protected
        ),
        events=workspace.facts.events,
        person_traits=_traits(workspace.facts, "person"),
        account_traits=_traits(workspace.facts, "account"),
        dated={
            event: names
            for event, kinds in properties.items()
            if (names := tuple(name for name, kind in kinds.items() if kind in DATED))
        },
    )


def _traits(facts: FactsFile, subject: Subject) -> dict[str, SentTrait]:
    traits = {name: SentTrait(Kind.TEXT) for name in BUILT_IN_TRAITS}
    for name, fact in facts.facts.items():
        if isinstance(fact, Trait) and belongs(fact, subject):
            traits[name] = SentTrait(Kind(fact.type.value), fact.default, fact.one_of, fact.protected)
    return traits


def _names(
    workspace: Workspace, properties: Mapping[str, Mapping[str, Kind]], subject: Subject
) -> dict[str, Kind]:
    facts = workspace.facts
    names = dict(BUILT_IN)
    for name, fact in facts.facts.items():
        if belongs(fact, subject):
            names[name] = kind_of(fact, properties)
    names.update(_from_files(facts, subject))
    for score in _about(workspace.scores.values(), subject):
        names[score] = Kind.NUMBER
        names[f"{score}_band"] = Kind.TEXT
        names[f"{score}_trend"] = Kind.NUMBER
        names[f"{score}_reasons"] = Kind.LIST
    for lifecycle in _about(workspace.lifecycles.values(), subject):
        names[f"{lifecycle}_stage"] = Kind.TEXT
        names[f"{lifecycle}_stage_for"] = Kind.DURATION
    programs = list(_about(workspace.programs.values(), subject))
    for program in programs:
        prefix = "" if len(workspace.programs) == 1 else f"{program}_"
        names[f"{prefix}tier"] = Kind.TEXT
        names[f"{prefix}points"] = Kind.NUMBER
    return names


def belongs(fact: Fact, subject: Subject) -> bool:
    """Tell whether a fact is one of that kind of customer; a trait without `on:` is of both."""
    if isinstance(fact, (Trait, NamedExpression)) and fact.on is None:
        return True
    return (fact.on or "person") == subject


def _from_files(facts: FactsFile, subject: Subject) -> dict[str, Kind]:
    names: dict[str, Kind] = {}
    contracts, rfm = facts.subscriptions, facts.rfm
    if contracts is not None and (contracts.on or "person") == subject:
        names.update(CONTRACTS)
    if rfm is not None and (rfm.on or "person") == subject:
        names.update(dict.fromkeys(("rfm_r", "rfm_f", "rfm_m"), Kind.NUMBER))
    return names


def _about(things: Iterable[object], subject: Subject) -> Iterable[str]:
    for thing in things:
        if getattr(thing, "on", "person") == subject:
            yield str(thing.id).replace("-", "_")  # type: ignore[attr-defined]
