"""The world: what playing a customer is given besides the customer."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from typing import Any

from engine.contact.suppressions import Suppressions
from engine.customers.figures import BaseFigures
from engine.decisions.decide import ROWS
from engine.decisions.decision import Decision
from engine.model.reasons import DecisionOutcome
from engine.model.values import Micros
from engine.runs.program import CompiledWorkflow
from engine.runs.stage import Budgets, Plans
from engine.timeline.ruleset import Ruleset

Witness = Callable[[str, str, Callable[[], Decision]], None]
"""Is shown each look of a rule at a customer: both ids, and what gives the decision, traced."""

Outage = tuple[Micros, Micros]
"""A span in which the engine did not run: schedules in it are subject to `catch_up`."""

ALL = "*"


def no_definition(workflow: str, definition: str) -> CompiledWorkflow | None:
    """Stand in where only live definitions are known."""
    return None


class World:
    """Ruleset, base-wide figures, outages, pauses, budgets and suppressed addresses: given by the
    shell, read by the core.

    `base` gives the figures as of the latest midnight not after an instant; `paused` holds the ids
    of paused workflows, `*` for all of them; `starts_runs` is False where only decisions are wanted;
    `given` replaces facts of a customer, as tests do; `witness` is shown every look of a
    rule at a customer, those that are only counted too; `rows` are the outcomes that are recorded, all
    others are only counted.
    """

    def __init__(
        self,
        ruleset: Ruleset,
        base: Callable[[Micros], BaseFigures],
        *,
        outages: Sequence[Outage] = (),
        paused: frozenset[str] = frozenset(),
        budgets: Budgets | None = None,
        suppressions: Suppressions | None = None,
        definition: Callable[[str, str], CompiledWorkflow | None] = no_definition,
        secret: str = "",
        starts_runs: bool = True,
        given: Callable[[str], Mapping[str, Any]] | None = None,
        witness: Witness | None = None,
        rows: frozenset[DecisionOutcome] = ROWS,
    ) -> None:
        self.ruleset = ruleset
        self.base = base
        self.outages = outages
        self.paused = paused
        self.budgets = budgets or Budgets()
        self.suppressions = suppressions or Suppressions()
        self.definition = definition
        self.secret = secret
        self.starts_runs = starts_runs
        self.given = given
        self.witness = witness
        self.rows = rows

    @cached_property
    def plans(self) -> Plans:
        """What runs go by."""
        rules = self.ruleset
        return Plans(
            workspace=rules.workspace,
            catalog=rules.catalog,
            zone=rules.zone,
            policy_hash=rules.policy_hash,
            workflows=rules.workflows,
            actions=rules.actions,
            definition=self.definition,
            paused=self.is_paused,
            secret=self.secret,
            suppressed=self.suppressions.reason,
        )

    def is_paused(self, workflow: str) -> bool:
        """Tell whether a workflow, or everything, is paused."""
        return ALL in self.paused or workflow in self.paused

    def missed(self, at: Micros) -> Outage | None:
        """Give the outage that an instant fell into, None where the engine was running."""
        for outage in self.outages:
            if outage[0] <= at < outage[1]:
                return outage
        return None
