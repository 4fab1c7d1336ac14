"""What tests of customers share: small fact tables, events at readable times, and one customer to look at."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from engine.customers.catalog import build_catalog
from engine.customers.event import Event
from engine.customers.facts import Facts
from engine.customers.figures import NO_FIGURES, BaseFigures
from engine.customers.state import Applied, FactState
from engine.customers.table import FactTable, compile_facts
from engine.customers.zones import instant_of
from engine.model.facts import Computed, EventType, Fact, FactsFile, Rfm, Subject, Subscriptions
from engine.model.rule import Rule
from engine.model.values import Ago, Duration, Formula, Micros, Weekday
from engine.model.workspace import Settings, Workspace


def at(text: str) -> Micros:
    """The instant of an ISO 8601 time, in UTC where it has no offset."""
    moment = datetime.fromisoformat(text)
    return instant_of(moment if moment.tzinfo else moment.replace(tzinfo=UTC))


def computed(over: str | None = None, ending: str | None = None, **keys: Any) -> Computed:
    """A computed fact with its lengths of time and expressions as text."""
    for name in ("where", "share", "share_lower", "share_upper"):
        if name in keys:
            keys[name] = Formula(keys[name])
    for name in ("recent", "baseline"):
        if name in keys:
            keys[name] = Duration.parse(keys[name])
    return Computed(
        over=Duration.parse(over) if over else None,
        ending=Ago.parse(ending) if ending else None,
        **keys,
    )


def workspace_of(
    zone: str = "UTC",
    week_starts: Weekday = "monday",
    events: dict[str, EventType] | None = None,
    subscriptions: Subscriptions | None = None,
    rfm: Rfm | None = None,
    rules: Iterable[Rule] = (),
    **facts: Fact,
) -> Workspace:
    """A workspace that has nothing but these facts."""
    return Workspace(
        settings=Settings(timezone=zone, week_starts=week_starts),
        facts=FactsFile(facts=facts, events=events or {}, subscriptions=subscriptions, rfm=rfm),
        rules={rule.id: rule for rule in rules},
    )


def table_of(workspace: Workspace) -> FactTable:
    """The fact table of a workspace."""
    return compile_facts(workspace, build_catalog(workspace))


def happened(
    name: str,
    occurred: Micros,
    received: Micros | None = None,
    customer: str = "c1",
    seq: int | None = None,
    account: str | None = None,
    source: str = "shop",
    **properties: Any,
) -> Event:
    """An event; received when it occurred, unless it is said otherwise."""
    received = occurred if received is None else received
    return Event(
        source=source,
        message_id=f"{name}-{occurred}-{seq}",
        customer=customer,
        name=name,
        occurred_at=occurred,
        received_at=received,
        seq=received // 1000 if seq is None else seq,
        account=account,
        properties=properties,
    )


class Customer:
    """One customer under one table, who takes events and shows facts."""

    def __init__(self, table: FactTable, id: str = "c1", kind: Subject = "person") -> None:
        self.table = table
        self.state = FactState(id, kind, table.hash)

    def take(self, *events: Event) -> list[Applied]:
        """Take events in, and whatever follows from them."""
        applied = []
        for event in events:
            one = self.state.apply(self.table, event)
            applied.append(one)
            applied += self.take(*one.derived)
        return applied

    def due(self, now: Micros) -> list[Event]:
        """Let contract ends up to an instant come true."""
        due = list(self.state.due_contracts(self.table, now))
        self.take(*due)
        return due

    def facts(
        self, now: Micros, at_event: bool = False, base: BaseFigures = NO_FIGURES, **extra: Any
    ) -> Facts:
        """The facts at an instant: at a timer, unless it is said otherwise."""
        return Facts(self.table, self.state, now, at_event, base, extra)
