"""The stage: one customer at one instant, and what a step may see and change there."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any

import msgspec

from engine.contact.budgets import Share, budgets_of, counter_of, period_of
from engine.contact.consent import scope_of
from engine.contact.log import suppress
from engine.contact.suppressions import Suppression, nowhere
from engine.customers.catalog import Catalog
from engine.customers.event import Cause, Event
from engine.customers.facts import Facts
from engine.customers.kinds import sent_form
from engine.customers.naming import Said
from engine.customers.state import FactState
from engine.customers.table import view_of
from engine.customers.zones import Zone, moment_of
from engine.decisions.decision import identity
from engine.decisions.standing import Standing
from engine.expressions import Env
from engine.model.actions import ActionSpec
from engine.model.facts import Subject
from engine.model.policy import Budget, ContactPolicy
from engine.model.values import Micros, Money
from engine.model.workspace import Workspace
from engine.runs.changes import Changes
from engine.runs.program import CompiledWorkflow
from engine.runs.run import Run

OWN_PERIODS = 14
"""So many periods of a customer's own counters are kept, the latest."""

ENGINE = "holdfast"
"""The source of the events that the engine records itself."""


class Member:
    """One customer in memory: facts, standing and open runs.

    `said` is what their traits said of how they are called when they were stored last, None before.
    """

    __slots__ = ("created", "facts", "id", "kind", "runs", "said", "standing", "version")

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
        said: Said | None = None,
    ) -> None:
        self.id = id
        self.kind: Subject = kind
        self.facts = facts
        self.standing = standing
        self.runs: dict[str, Run] = runs or {}
        self.version = version
        self.created = created
        self.said = said

    @property
    def account(self) -> str | None:
        """The account that a person belongs to."""
        return self.facts.account_id


Counter = tuple[str, str]
"""A budget's counter and a period's first day."""


def nothing_spent(counters: Sequence[Counter]) -> Mapping[Counter, Decimal]:
    """Stand in where nothing has been spent before."""
    return {}


class Budgets:
    """What each budget's period has taken so far, reservations included.

    `load` gives it when it is first asked for: whoever asks keeps others waiting until it has ended.
    At the first asking, those of `usual` are loaded with what is asked for, all in one order.
    """

    def __init__(
        self,
        load: Callable[[Sequence[Counter]], Mapping[Counter, Decimal]] = nothing_spent,
        usual: Callable[[], Iterable[Counter]] = tuple,
    ) -> None:
        self._load = load
        self._usual = usual
        self._known: set[Counter] = set()
        self.spent: dict[Counter, Decimal] = {}

    def taken(self, counter: Counter) -> Decimal:
        """Give what a counter has taken."""
        if counter not in self._known:
            asked = {counter} if self._known else {counter, *self._usual()}
            self._known |= asked
            self.spent.update(self._load(sorted(asked)))
        return self.spent.get(counter, Decimal(0))

    def add(self, counter: Counter, amount: Decimal) -> None:
        """Add to what a counter has taken; a negative amount gives back."""
        self.spent[counter] = self.taken(counter) + amount


class Plans(msgspec.Struct, frozen=True, kw_only=True):
    """What runs go by: the live workflows, older definitions, policy, actions, the secret of codes.

    `definition` finds the compiled workflow of a closure hash that is no longer live, `suppressed` why
    nothing is sent on a channel to an address.
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
    suppressed: Callable[[str, str], str | None] = nowhere

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

    def suppress(
        self,
        channel: str | None,
        reason: str,
        *,
        source: str,
        by: str | None = None,
        note: str | None = None,
        purpose: str | None = None,
    ) -> None:
        """Stop contacting the customer on a channel (for a purpose), on all of them without one."""
        scope = scope_of(channel, purpose)
        suppress(self.member.standing.contact, scope, reason)
        row = Suppression(
            scope="customer", target=self.member.id, channel=scope, reason=reason, at=self.now,
            source=source, by=by, note=note,
        )  # fmt: skip
        self.changes.suppressions.append(row)
        self.forget()

    def taken(self, action: str, workflow: str) -> dict[str, Decimal]:
        """Give what each budget of an action has taken in its present period, by the budget's name."""
        found = {}
        for name, budget in budgets_of(self.plans.policy, action).items():
            period = self._period(budget)
            if budget.per == "customer":
                own = self.member.standing.own_spending.get(name, {})
                found[name] = own.get(period, Decimal(0))
            else:
                found[name] = self.budgets.taken((counter_of(name, budget, workflow), period))
        return found

    def take(self, budget: str, period: str, amount: Decimal) -> None:
        """Take an amount from a period of a budget; a negative one gives back."""
        counter = (budget, period)
        self.budgets.add(counter, amount)
        self.changes.spent[counter] = self.changes.spent.get(counter, Decimal(0)) + amount

    def reserve(self, action: str, worth: Money | None, workflow: str) -> tuple[Share, ...]:
        """Take an amount from the budgets of an action, each in its present period."""
        if worth is None:
            return ()
        shares = tuple(
            Share(
                counter_of(name, budget, workflow),
                self._period(budget),
                worth.amount,
                budget.per == "customer",
            )
            for name, budget in budgets_of(self.plans.policy, action).items()
        )
        self.retake(shares)
        return shares

    def retake(self, shares: Iterable[Share]) -> None:
        """Take shares that were given back once more, whatever is left there."""
        for share in shares:
            self._take(share, share.amount)

    def release(self, shares: Iterable[Share]) -> None:
        """Give shares back to the very periods that they were taken from."""
        for share in shares:
            self._take(share, -share.amount)

    def commit(self, shares: Iterable[Share]) -> None:
        """Spend shares for good; they stay taken."""
        committed = self.changes.committed
        for share in shares:
            if not share.own:
                counter = (share.budget, share.period)
                committed[counter] = committed.get(counter, Decimal(0)) + share.amount

    def _take(self, share: Share, amount: Decimal) -> None:
        if not share.own:
            self.take(share.budget, share.period, amount)
            return
        periods = self.member.standing.own_spending.get(share.budget, {})
        periods = {**periods, share.period: periods.get(share.period, Decimal(0)) + amount}
        # Of the past only what is still held, or may be given back, is worth remembering.
        latest = sorted(periods)[-OWN_PERIODS:]
        self.member.standing.own_spending[share.budget] = {period: periods[period] for period in latest}

    def _period(self, budget: Budget) -> str:
        starts = self.plans.workspace.settings.week_starts
        return period_of(budget, self.day, starts)

    def open_runs(self, workflows: Sequence[str]) -> list[Run]:
        """Give the customer's open runs of these workflows, oldest first."""
        found = [run for run in self.member.runs.values() if run.open and run.workflow in workflows]
        return sorted(found, key=lambda run: (run.started_at, run.id))
