"""An outcome: something that can become of a customer, and when it did."""

from __future__ import annotations

import msgspec

from engine.customers.contracts import monthly
from engine.customers.event import CONTROL_EVENTS, Event
from engine.errors import NotFoundError
from engine.model.actions import BUILT_IN_EVENTS, CONTRACT_EVENTS
from engine.model.values import Micros
from engine.model.workspace import Workspace
from engine.runs.stage import Member

CHURNED = "churned"

NONE_OF = "no "
"""Begins an outcome that is the absence of an event: `no order_completed`."""


class Outcome(msgspec.Struct, frozen=True):
    """An event, where `key` is given with that value, or with `absent` that none came.

    `of_contracts`: it follows from contracts, and only who pays for one can come to it.
    """

    name: str
    event: str
    key: str | None = None
    value: str | None = None
    absent: bool = False
    of_contracts: bool = False

    def matches(self, event: Event) -> bool:
        """Tell whether an event is what is looked for."""
        if event.name != self.event:
            return False
        return self.key is None or event.properties.get(self.key) == self.value


def outcome_of(workspace: Workspace, name: str) -> Outcome:
    """Give what an outcome's name means: an event, a segment or stage that is entered, or `no EVENT`.

    Raises NotFoundError where the workspace declares events, and none of them is meant.
    """
    absent = name.startswith(NONE_OF)
    event = name.removeprefix(NONE_OF).strip()
    if not absent:
        if name in workspace.segments:
            return Outcome(name, "segment_entered", "segment", name)
        for lifecycle in workspace.lifecycles.values():
            if name in lifecycle.stages:
                return Outcome(name, "stage_changed", "stage", name)
    known = {*workspace.facts.events, *CONTRACT_EVENTS}
    if not event or (workspace.facts.events and event not in known):
        raise NotFoundError(
            f"there is no outcome {name}; name an event, a segment, a stage of a lifecycle, or `no EVENT`"
        )
    kept = workspace.facts.subscriptions is not None
    return Outcome(name, event, absent=absent, of_contracts=kept and name == CHURNED)


class History:
    """When each customer had an outcome, and when they were last heard of before."""

    def __init__(self, outcome: Outcome) -> None:
        self.outcome = outcome
        self.had: dict[str, list[Micros]] = {}
        self._heard: dict[str, Micros] = {}
        self._ended: dict[str, Micros] = {}

    def take(self, event: Event) -> None:
        """Take an event in, in the order received."""
        if self.outcome.matches(event):
            self.had.setdefault(event.customer, []).append(event.occurred_at)
            self._ended[event.customer] = event.received_at
        elif event.name not in BUILT_IN_EVENTS and event.name not in CONTROL_EVENTS:
            self._heard[event.customer] = event.received_at

    def can_have(self, member: Member, at: Micros) -> bool:
        """Tell whether the outcome can yet come: it never did, or something else has come since.

        A customer who has left and is silent cannot leave again. Where contracts are kept, who pays for
        none cannot churn.
        """
        if self.outcome.of_contracts:
            return monthly(member.facts.contracts.values(), at) > 0
        ended = self._ended.get(member.id)
        return self.outcome.absent or ended is None or self._heard.get(member.id, -1) > ended

    def within(self, customer: str, start: Micros, end: Micros) -> bool:
        """Tell whether it came after `start`, up to `end`; at the end of the replay."""
        had = any(start < at <= end for at in self.had.get(customer, ()))
        return had is not self.outcome.absent
