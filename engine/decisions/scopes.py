"""What the expressions of each place may name; checks and the engine compile with the same scopes."""

from __future__ import annotations

from collections.abc import Mapping

from engine.customers.catalog import Catalog
from engine.expressions import Kind, Scope
from engine.model.facts import Subject
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
    Rule,
    Trigger,
)  # fmt: skip

NO_EVENT = "there is no event here: a {kind} trigger fires without one; use customer facts"
NO_CUSTOMER = "there is no customer here: a fleet trigger fires once for the whole base; write event.fall"
EVENT_ONLY = "only the event can be seen here; write event.{name}"

_SHAPES: dict[type, Mapping[str, Kind]] = {
    OnDate: {
        "date": Kind.DATE, "step": Kind.DURATION, "late": Kind.DURATION, "years": Kind.NUMBER,
    },
    OnChange: {"from": Kind.ANY, "to": Kind.ANY},
    OnEnter: {"segment": Kind.TEXT},
    OnLeave: {"segment": Kind.TEXT},
    OnBand: {"band": Kind.TEXT, "from": Kind.TEXT, "value": Kind.NUMBER, "score": Kind.TEXT},
    OnQuiet: {"quiet_for": Kind.DURATION},
    OnFleet: {"fall": Kind.NUMBER},
}  # fmt: skip


def properties_of(trigger: Trigger, catalog: Catalog) -> tuple[Mapping[str, Kind] | None, bool]:
    """Give what `event` is for a trigger, and whether other properties may be named too."""
    if isinstance(trigger, (OnEvent, OnMissing)):
        declared = catalog.event(trigger.event)
        return (declared or {}, declared is None)
    if isinstance(trigger, OnCall):
        return {}, True
    return _SHAPES.get(type(trigger)), False


def rule_scope(rule: Rule, catalog: Catalog, zone: str) -> Scope:
    """Give the scope of a rule's `if` and `with`: the union of what its triggers bring."""
    event: dict[str, Kind] | None = None
    opened = False
    for trigger in rule.triggers:
        properties, more = properties_of(trigger, catalog)
        opened = opened or more
        if properties is not None:
            event = {**(event or {}), **properties}
    fleet = all(isinstance(trigger, OnFleet) for trigger in rule.triggers)
    refusals = {"event": NO_EVENT.format(kind="schedule"), "customer": NO_CUSTOMER}
    return Scope(
        customer=None if fleet else catalog.customer(rule.on),
        event=event,
        event_open=opened,
        zone=zone,
        refusals=refusals,
    )


def trigger_scope(trigger: Trigger, catalog: Catalog, zone: str) -> Scope:
    """Give the scope of a trigger's `where`, which sees only its event."""
    properties, opened = properties_of(trigger, catalog)
    return Scope(
        customer=None,
        event=properties,
        event_open=opened,
        zone=zone,
        refusals={"customer": EVENT_ONLY.format(name="score")},
    )


def customer_scope(subject: Subject, catalog: Catalog, zone: str) -> Scope:
    """Give the scope of segments, score parts, named facts and date triggers: facts and now."""
    return Scope(
        customer=catalog.customer(subject),
        event=None,
        zone=zone,
        refusals={"event": "there is no event here; use customer facts"},
    )
