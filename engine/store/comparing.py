"""What comparing arms asks a store for, and the counts that it gets."""

from __future__ import annotations

import msgspec

from engine.model.reasons import DecisionOutcome
from engine.model.values import Micros

REACHES = (DecisionOutcome.FIRED.value, DecisionOutcome.SHADOW.value)
"""Outcomes of a decision that reaches a customer, or would have."""


class Exposed(msgspec.Struct, frozen=True, kw_only=True):
    """Which exposures a comparison is about: of these workflows, to the holdout or to a split.

    `by_global` sets the policy's global group against everybody else. `until` leaves out who came later.
    """

    workflows: tuple[str, ...]
    split: str = ""
    by_global: bool = False
    until: Micros | None = None


class Spent(msgspec.Struct, frozen=True, kw_only=True):
    """Which money counts: a property of an event, `after` so long, and `before` so long, of the exposure.

    Only customers exposed before `measured_before` count: the time of the others is not over.
    """

    event: str
    property: str
    after: Micros
    before: Micros
    measured_before: Micros


class ArmCount(msgspec.Struct, frozen=True, kw_only=True):
    """Customers by the arm that they came to first.

    `conflicting` ones were merged out of two arms. `measured` are those whose time is over, `reached`
    of these those who reached the goal; `reached_before` had done so before they came to the arm.
    """

    arm: str
    design: str
    conflicting: bool
    customers: int
    measured: int
    reached: int
    reached_before: int
    first_at: Micros
    last_at: Micros


class ExposedWorkflow(msgspec.Struct, frozen=True):
    """A workflow with exposures to its holdout."""

    workflow: str
    exposures: int
    first_at: Micros
    last_at: Micros
