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

FINAL = "final "
"""Begins an outcome after which there is no customer any more: `final account_closed`."""


class Outcome(msgspec.Struct, frozen=True):
    """An event, where `key` is given with that value, or with `absent` that none came.

    final: a customer who came to it is none any more, until something else comes. of_contracts: it follows
    from contracts, and only who pays for one can come to it. segment, or lifecycle and `value`: who is in
    it already cannot come into it.
    """

    name: str
    event: str
    key: str | None = None
    value: str | None = None
    absent: bool = False
    final: bool = False
    of_contracts: bool = False
    segment: str | None = None
    lifecycle: str | None = None

    def matches(self, event: Event) -> bool:
        """Tell whether an event is what is looked for."""
        if event.name != self.event:
            return False
        return self.key is None or event.properties.get(self.key) == self.value


def outcome_of(workspace: Workspace, name: str) -> Outcome:
    """Give what an outcome's name means: an event, a segment or stage that is entered, or `no EVENT`.

    Raises NotFoundError where the workspace declares events, and none of them is meant.
    """
    absent, final = name.startswith(NONE_OF), name.startswith(FINAL)
    event = name.removeprefix(NONE_OF).removeprefix(FINAL).strip()
    if not absent and not final:
        if name in workspace.segments:
            return Outcome(name, "segment_entered", "segment", name, segment=name)
        for lifecycle in workspace.lifecycles.values():
            if name in lifecycle.stages:
                return Outcome(name, "stage_changed", "stage", name, lifecycle=lifecycle.id)
    known = {*workspace.facts.events, *CONTRACT_EVENTS}
    if not event or (workspace.facts.events and event not in known):
        raise NotFoundError(
            f"there is no outcome {name}; name an event, a segment, a stage of a lifecycle, or `no EVENT`"
        )
    churn = event == CHURNED and not absent
    kept = churn and workspace.facts.subscriptions is not None
    return Outcome(name, event, absent=absent, final=final or churn, of_contracts=kept)


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
        """Tell whether a customer can come to the outcome from an instant on.

        Who has left cannot leave again, unless something else has come since; where contracts are kept,
        who pays for none cannot churn; who is in a segment or stage cannot come into it.
        """
        outcome, standing = self.outcome, member.standing
        if outcome.of_contracts:
            return monthly(member.facts.contracts.values(), at) > 0
        if outcome.segment is not None:
            return outcome.segment not in standing.segments
        if outcome.lifecycle is not None:
            stage = standing.stages.get(outcome.lifecycle)
            return stage is None or stage.stage != outcome.value
        ended = self._ended.get(member.id) if outcome.final else None
        return ended is None or self._heard.get(member.id, -1) > ended

    def within(self, customer: str, start: Micros, end: Micros) -> bool:
        """Tell whether it came after `start`, up to `end`; at the end of the replay."""
        had = any(start < at <= end for at in self.had.get(customer, ()))
        return had is not self.outcome.absent
