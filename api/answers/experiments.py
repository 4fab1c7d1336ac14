"""What the doors answer with about experiments."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec

from api.answers.values import time
from engine.customers.zones import moment_of
from engine.experiments.comparison import Comparison
from engine.experiments.detectable import Detectable
from engine.experiments.proportions import CONFIDENCE
from engine.model.reasons import ExperimentStatus
from engine.runtime.reports.experiments import Listed, Measured, Plan, Report


class DefinitionAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """What is counted, as the workflow says it: goal, revenue, who is held out, until when people count."""

    unit: str
    confidence: float
    goal: str | None
    within: str | None
    where: str | None
    revenue: str | None
    revenue_within: str | None
    before: str | None
    holdout: str | None
    global_holdout: str
    salt: str | None
    until: datetime | None


class ComparedArms(msgspec.Struct, frozen=True, kw_only=True):
    """Which arm is compared with which: of the holdout, the global group, or a split."""

    kind: str
    split: str | None
    arm: str
    control: str


class ExperimentAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """An experiment in a list."""

    workflow: str
    status: ExperimentStatus
    definition: DefinitionAnswer
    comparisons: list[ComparedArms]
    exposures: int
    first_at: datetime | None
    last_at: datetime | None


class TestsAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """How many comparisons there are: one in twenty without any effect would look like one."""

    here: int
    everywhere: int


class ReportAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """What came out so far. Rates and differences are shares: 0.01 is a percentage point."""

    workflow: str
    status: ExperimentStatus
    as_of: datetime
    zone: str
    first_at: datetime | None
    last_at: datetime | None
    definition: DefinitionAnswer
    comparisons: list[Comparison]
    tests: TestsAnswer


class OtherShare(msgspec.Struct, frozen=True, kw_only=True):
    """What would be found with another share held out."""

    share: float
    treated: int
    control: int
    effect: float | None


class DetectableAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """The smallest effect found with 80% power at 5%, two-sided; `others` with other shares held out.

    `customers_from` and `base_from` tell whether the numbers were given, counted or measured.
    """

    workflow: str
    customers: int
    customers_from: str
    base: float
    base_from: str
    share: float
    treated: int
    control: int
    effect: float | None
    others: list[OtherShare]


UNIT = "customer, from the first time"
"""What is counted once: a customer, whatever happens after the first time."""


def _definition(measured: Measured) -> DefinitionAnswer:
    def written(value: Any) -> str | None:
        return None if value is None else str(value)

    return DefinitionAnswer(
        unit=UNIT,
        confidence=CONFIDENCE,
        goal=measured.goal,
        within=written(measured.within),
        where=measured.where,
        revenue=measured.revenue,
        revenue_within=written(measured.revenue_within),
        before=written(measured.before),
        holdout=measured.holdout,
        global_holdout=measured.global_holdout,
        salt=measured.salt,
        until=time(measured.until),
    )


def listed_answer(one: Listed) -> ExperimentAnswer:
    """Give an experiment as it is listed."""
    return ExperimentAnswer(
        workflow=one.workflow,
        status=one.status,
        definition=_definition(one.measured),
        comparisons=[
            ComparedArms(kind=kind, split=split, arm=arm, control=control)
            for kind, split, arm, control in one.comparisons
        ],
        exposures=one.exposures,
        first_at=time(one.first_at),
        last_at=time(one.last_at),
    )


def report_answer(report: Report) -> ReportAnswer:
    """Give a report as it is answered with."""
    return ReportAnswer(
        workflow=report.workflow,
        status=report.status,
        as_of=moment_of(report.as_of),
        zone=report.zone,
        first_at=time(report.first_at),
        last_at=time(report.last_at),
        definition=_definition(report.measured),
        comparisons=report.comparisons,
        tests=TestsAnswer(here=report.tests, everywhere=report.tests_everywhere),
    )


def plan_answer(plan: Plan) -> DetectableAnswer:
    """Give a plan as it is answered with."""

    def other(share: float, one: Detectable) -> OtherShare:
        return OtherShare(share=share, treated=one.treated, control=one.control, effect=one.effect)

    return DetectableAnswer(
        workflow=plan.workflow,
        customers=plan.customers,
        customers_from=plan.customers_from,
        base=plan.base,
        base_from=plan.base_from,
        share=plan.share,
        treated=plan.own.treated,
        control=plan.own.control,
        effect=plan.own.effect,
        others=[other(share, one) for share, one in plan.others],
    )
