"""The stage: one customer at one instant, and what a step may see and change there."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from functools import cached_property
from typing import Any

import msgspec

from engine.contact.budgets import budgets_of, period_of
from engine.customers.catalog import Catalog
from engine.customers.event import Cause, Event
from engine.customers.facts import Facts
from engine.customers.kinds import sent_form
from engine.customers.state import FactState
from engine.customers.table import view_of
from engine.customers.zones import Zone, moment_of
from engine.decisions.decision import identity
from engine.decisions.standing import Standing
from engine.expressions import Env
from engine.model.actions import ActionSpec
from engine.model.facts import Subject
from engine.model.policy import ContactPolicy
from engine.model.values import Micros
from engine.model.workspace import Workspace
from engine.runs.changes import Changes
from engine.runs.program import CompiledWorkflow
from engine.runs.run import Run

ENGINE = "holdfast"
"""The source of the events that the engine records itself."""


class Member:
    """One customer in memory: facts, standing and open runs."""

    __slots__ = ("created", "facts", "id", "kind", "runs", "standing", "version")

    def __init__(
        self,
        id: str,
        kind: Subject,
        facts: FactState,
        standing: Standing,
        runs: dict[str, Run] | None = None,
        *,
        version: int = 0,
        created: bool = False,
    ) -> None:
        self.id = id
        self.kind: Subject = kind
        self.facts = facts
        self.standing = standing
        self.runs: dict[str, Run] = runs or {}
        self.version = version
        self.created = created

    @property
    def account(self) -> str | None:
        """The account that a person belongs to."""
        return self.facts.account_id


class Budgets:
    """What each budget's period has taken so far, reservations included.

    `load` gives it when it is first asked for: whoever asks keeps others waiting until it has ended.
    """

    def __init__(self, load: Callable[[], Mapping[tuple[str, str], Decimal]] = dict) -> None:
        self._load = load

    @cached_property
    def spent(self) -> dict[tuple[str, str], Decimal]:
        """What has been spent, by (budget, period)."""
        return dict(self._load())

    def of(self, policy: ContactPolicy, action: str, day: int, zone: Zone) -> dict[str, Decimal]:
        """Give what each budget of an action has taken in the period that a day is in."""
        return {
            name: self.spent.get((name, period_of(budget, day)), Decimal(0))
            for name, budget in budgets_of(policy, action).items()
        }


class Plans(msgspec.Struct, frozen=True, kw_only=True):
    """What runs go by: the live workflows, older definitions, policy, actions, the secret of codes.

    `definition` finds the compiled workflow of a closure hash that is no longer live.
    """

    workspace: Workspace
    catalog: Catalog
    zone: Zone
    policy_hash: str
    workflows: Mapping[str, CompiledWorkflow]
    actions: Mapping[str, ActionSpec]
    definition: Callable[[str, str], CompiledWorkflow | None]
    paused: Callable[[str], bool]
    secret: str = ""

    @property
    def policy(self) -> ContactPolicy:
        """The contact policy of the moment."""
        return self.workspace.policy

    def program(self, run: Run) -> CompiledWorkflow | None:
        """Give the definition that a run is pinned to."""
        return self.pinned(run.workflow, run.definition)

    def pinned(self, workflow: str, definition: str) -> CompiledWorkflow | None:
        """Give a definition of a workflow, the live one or an older one."""
        live = self.workflows.get(workflow)
        if live is not None and live.hash == definition:
            return live
        return self.definition(workflow, definition)


Emitted = tuple[str, Event, int]
"""A customer id, an event the engine records for it, and how many hops led to it."""


class Stage:
    """What one customer's steps see and change at one instant.

    `emit` puts an event of the engine's own on the queue; the timeline plays it next. `view` gives
    the facts, `forget` says that something they rest on has changed; `hops` is how many runs and
    rules led to what a rule does here by itself, `because` which rule that is, and what it decided on.
    """

    def __init__(
        self,
        plans: Plans,
        member: Member,
        changes: Changes,
        budgets: Budgets,
        now: Micros,
        view: Callable[[], Facts],
        queue: list[Emitted],
        forget: Callable[[], None],
    ) -> None:
        self.plans = plans
        self.member = member
        self.changes = changes
        self.budgets = budgets
        self.now = now
        self.view = view
        self.queue = queue
        self.forget = forget
        self.hops = 0
        self.because: Mapping[str, Any] = {}

    @property
    def clock(self) -> dt.datetime:
        """The instant as expressions see it."""
        return moment_of(self.now)

    @property
    def day(self) -> int:
        """The day in the workspace's zone."""
        return self.plans.zone.day_of(self.now)

    def hops_of(self, run: Run | None) -> int:
        """Give how many runs and rules led to what a run does, or a rule by itself."""
        return self.hops if run is None else run.hops

    def env(self, run: Run, event: Mapping[str, Any] | None = None) -> Env:
        """Give what a run's expressions see; `event` replaces the one that began it."""
        return Env(
            customer=self.view(),
            event=run.event if event is None else event,
            input=run.input,
            run=run.answers,
            now=self.clock,
        )

    def seen(self, event: str, properties: Mapping[str, Any]) -> Mapping[str, Any]:
        """Give an event's properties as expressions see them."""
        return view_of(self.plans.catalog, self.plans.zone, event, properties)

    def emit(
        self,
        name: str,
        properties: Mapping[str, Any],
        *parts: object,
        customer: str | None = None,
        cause: Cause = "engine",
        hops: int = 0,
    ) -> None:
        """Queue an event that the engine records; `parts` make its message id, stable for ever."""
        target = customer or self.member.id
        event = Event(
            source=ENGINE,
            message_id=identity(target, name, *parts),
            customer=target,
            name=name,
            occurred_at=self.now,
            received_at=self.now,
            properties=sent_form(properties),
            cause=cause,
        )
        self.queue.append((target, event, hops))

    def spend(self, action: str, worth: Decimal, sign: int = 1) -> None:
        """Take an amount from the budgets of an action, or give it back."""
        for name, budget in budgets_of(self.plans.policy, action).items():
            self.take(name, period_of(budget, self.day), sign * worth)

    def take(self, budget: str, period: str, amount: Decimal) -> None:
        """Take an amount from a period of a budget; a negative one gives back."""
        key = (budget, period)
        self.budgets.spent[key] = self.budgets.spent.get(key, Decimal(0)) + amount
        self.changes.spent[key] = self.changes.spent.get(key, Decimal(0)) + amount

    def open_runs(self, workflows: Sequence[str]) -> list[Run]:
        """Give the customer's open runs of these workflows, oldest first."""
        found = [run for run in self.member.runs.values() if run.open and run.workflow in workflows]
        return sorted(found, key=lambda run: (run.started_at, run.id))
