"""What the metrics read of the workspace, and of one customer at a time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Literal

import msgspec

from engine.customers.event import IDENTIFY, Event
from engine.customers.zones import Zone, zone
from engine.metrics.churn import Churn, Report, churns_of, reports_of
from engine.metrics.lives import Life, active_life, paying_life
from engine.metrics.orders import Order, read_orders
from engine.metrics.tickets import Ticket, read_tickets
from engine.model.facts import Subject, Subscriptions
from engine.model.ladder import Calendar
from engine.model.metric import ChurnFormula, Metrics
from engine.model.workspace import Workspace

Statistic = Literal["mean", "median", "p90"]
Clock = Literal["calendar", "business"]
Variant = Literal["returning_in_period", "repeat_within_period"]


class Options(msgspec.Struct, frozen=True, kw_only=True):
    """What may be asked of a metric besides its window; None is what the workspace declares."""

    statistic: Statistic = "median"
    clock: Clock = "calendar"
    variant: Variant = "returning_in_period"
    formula: ChurnFormula | None = None
    include_reactivation: bool | None = None


class Declared(msgspec.Struct, frozen=True, kw_only=True):
    """What the workspace says of its metrics."""

    terms: Metrics
    subscriptions: Subscriptions | None
    zone: Zone
    calendar: Calendar | None = None
    revises: Mapping[str, str] = {}
    currency: str = "EUR"

    @property
    def by_contracts(self) -> bool:
        """Tell whether a customer is who pays for a contract."""
        by = self.terms.active.by
        return self.subscriptions is not None and by != "events"

    @property
    def active_events(self) -> frozenset[str]:
        """Give the events that make somebody active."""
        return frozenset(self.terms.active.events or (self.terms.orders.event,))

    @property
    def contract_subject(self) -> Subject:
        """Give who has contracts: persons, or accounts."""
        if self.subscriptions is None or self.subscriptions.on is None:
            return "person"
        return self.subscriptions.on

    @property
    def life_events(self) -> frozenset[str]:
        """Give the events that lives are made of."""
        return self.contract_events if self.by_contracts else self.active_events

    @property
    def contract_events(self) -> frozenset[str]:
        """Give the event that tells of contracts."""
        return frozenset() if self.subscriptions is None else frozenset((self.subscriptions.of,))

    @property
    def churn_events(self) -> frozenset[str]:
        """Give the events of those who report churn."""
        sources = self.terms.churn.sources.values()
        names = {source.event for source in sources if source.event is not None}
        return frozenset(names | {IDENTIFY for source in sources if source.trait is not None})


def declared(workspace: Workspace) -> Declared:
    """Read a workspace's declarations."""
    settings = workspace.settings
    terms = settings.metrics
    return Declared(
        terms=terms,
        subscriptions=workspace.facts.subscriptions,
        zone=zone(settings.timezone, settings.week_starts),
        calendar=workspace.calendars.get(terms.tickets.calendar or ""),
        revises={
            name: event.revises for name, event in workspace.facts.events.items() if event.revises is not None
        },
        currency=settings.currency,
    )


class History:
    """One customer's events that metrics read; what is made of them is made once."""

    def __init__(self, customer: str, subject: Subject, events: Sequence[Event], declared: Declared) -> None:
        self.customer = customer
        self.subject = subject
        self.events = events
        self._declared = declared

    @cached_property
    def paying(self) -> Life:
        """Give what the customer paid for contracts when; only those of one kind have any."""
        declared = self._declared
        if declared.subscriptions is None or self.subject != declared.contract_subject:
            return ()
        return paying_life(self.events, declared.subscriptions, declared.zone)

    @cached_property
    def life(self) -> Life:
        """Give when this was a customer, as the workspace says who is one."""
        declared = self._declared
        if declared.by_contracts:
            return self.paying
        if self.subject != "person":
            return ()
        return active_life(self.events, declared.active_events, declared.terms.active.within.micros)

    @cached_property
    def orders(self) -> list[Order]:
        """Give the orders."""
        return read_orders(self.events, self._declared.terms.orders) if self.subject == "person" else []

    @cached_property
    def tickets(self) -> list[Ticket]:
        """Give the tickets."""
        return read_tickets(self.events, self._declared.terms.tickets) if self.subject == "person" else []

    @cached_property
    def reports(self) -> list[Report]:
        """Give what is reported of the customer's leaving."""
        return reports_of(self.events, self._declared.terms.churn)

    @cached_property
    def churns(self) -> list[Churn]:
        """Give each time that the customer left."""
        return churns_of(self.life, self.reports, self._declared.terms.churn)
