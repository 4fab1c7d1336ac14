"""Two arms compared: what is counted of each, the difference with its interval, and the verdict.

Only customers who came to the arm are compared, by the arm that they were assigned. What a customer did
before and after is never a comparison: whoever is chosen because they were at their worst gets better by
themselves.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Literal

import msgspec

from engine.experiments.detectable import Detectable, detectable
from engine.experiments.proportions import (
    Interval,
    Proportion,
    difference_error,
    newcombe,
    two_proportion_p,
    wilson,
)
from engine.experiments.ratio import SampleRatio, sample_ratio
from engine.experiments.revenue import Incremental, Spending, incremental
from engine.experiments.sequence import sequence
from engine.experiments.several import holm
from engine.model.reasons import Verdict

LEAST_MEASURED = 50
"""Customers of an arm below which a sequence is not believed: it holds for many customers only."""

Stage = Literal["running", "open_ended", "ended"]
"""Whether an end is declared and is over; without one an experiment is open-ended, and looked at any day."""


class Tally(msgspec.Struct, frozen=True):
    """Customers who came to an arm; of those whose time is over (`measured`), who `reached` the goal."""

    customers: int = 0
    measured: int = 0
    reached: int = 0


class ArmFigures(msgspec.Struct, frozen=True, kw_only=True):
    """An arm: customers who came, those whose time is not over, and of the others who reached the goal."""

    arm: str
    customers: int
    waiting: int
    measured: int
    reached: int
    rate: float | None
    interval: Interval | None


class Difference(msgspec.Struct, frozen=True, kw_only=True):
    """The arm's rate minus that of the control: a share, 0.01 is a percentage point.

    The interval is a `sequence` that holds at every look, or `fixed`: for one look, at the end.
    """

    value: float
    interval: Interval
    kind: Literal["sequence", "fixed"]


class ArmRevenue(msgspec.Struct, frozen=True, kw_only=True):
    """What the customers of an arm brought in."""

    customers: int
    total: Decimal
    mean: float


class RevenueFigures(msgspec.Struct, frozen=True, kw_only=True):
    """Revenue of both arms, what is incremental, the same with less noise (`adjusted`), and the verdict."""

    treated: ArmRevenue
    control: ArmRevenue
    incremental: Incremental | None
    adjusted: Incremental | None
    verdict: Verdict


class LeftOut(msgspec.Struct, frozen=True, kw_only=True):
    """Customers who are not compared.

    `conflicting` were merged out of two arms, `earlier_design` came when arms were drawn otherwise,
    `reached_before` had reached the goal before they came.
    """

    conflicting: int = 0
    earlier_design: int = 0
    reached_before: int = 0


class Comparison(msgspec.Struct, frozen=True, kw_only=True):
    """One arm against its control. What is None cannot be said, or must not be before the end."""

    kind: Literal["holdout", "global_holdout", "split"]
    split: str | None
    treated: ArmFigures
    control: ArmFigures
    left_out: LeftOut
    sample_ratio: SampleRatio
    difference: Difference | None
    p: float | None
    p_holm: float | None
    verdict: Verdict
    revenue: RevenueFigures | None
    detectable: Detectable
    detectable_at_end: Detectable | None


class Drawn(msgspec.Struct, frozen=True, kw_only=True):
    """What was counted of a holdout or a split: each arm, and its share in any unit.

    `money` are the arms' sums, None where no revenue is declared. `growth` is how many times as many
    customers there will be at the declared end, None where there is none.
    """

    kind: Literal["holdout", "global_holdout", "split"]
    split: str | None = None
    tallies: Mapping[str, Tally]
    weights: Mapping[str, float]
    control: str
    left_out: LeftOut = LeftOut()
    money: Mapping[str, Spending] | None = None
    growth: float | None = None


def compare(drawn: Drawn, stage: Stage, *, goal: bool, adjust: bool) -> list[Comparison]:
    """Compare each arm with the control. Where the sample ratio is off, no difference is given."""
    ratio = sample_ratio({name: tally.customers for name, tally in drawn.tallies.items()}, drawn.weights)
    arms = [name for name in drawn.weights if name != drawn.control]
    return [_pair(drawn, arm, ratio, stage, goal=goal, adjust=adjust) for arm in arms]


def with_holm(comparisons: Sequence[Comparison]) -> list[Comparison]:
    """Give the comparisons with each p made good for the number of them."""
    tested = [place for place, one in enumerate(comparisons) if one.p is not None]
    adjusted = holm([comparisons[place].p or 0.0 for place in tested])
    found = list(comparisons)
    for place, p in zip(tested, adjusted, strict=True):
        found[place] = msgspec.structs.replace(found[place], p_holm=p)
    return found


def _pair(
    drawn: Drawn, arm: str, ratio: SampleRatio, stage: Stage, *, goal: bool, adjust: bool
) -> Comparison:
    treated, control = (drawn.tallies.get(name, Tally()) for name in (arm, drawn.control))
    hidden = ratio.status == "mismatch"
    difference, p = (None, None) if hidden or not goal else _difference(treated, control, stage)
    money = drawn.money
    revenue = None
    if money is not None and not hidden:
        sides = money.get(arm, Spending()), money.get(drawn.control, Spending())
        revenue = _revenue(*sides, stage, adjust=adjust)
    interval = None if difference is None else difference.interval
    fewest = min(treated.measured, control.measured)
    verdict = Verdict.SAMPLE_RATIO_MISMATCH if hidden else _verdict(interval, fewest, stage)
    if not goal and revenue is not None:
        verdict = revenue.verdict
    base = control.reached / control.measured if control.measured else 0.0
    growth = None if stage == "ended" else drawn.growth
    return Comparison(
        kind=drawn.kind,
        split=drawn.split,
        treated=_figures(arm, treated),
        control=_figures(drawn.control, control),
        left_out=drawn.left_out,
        sample_ratio=ratio,
        difference=difference,
        p=p,
        p_holm=None,
        verdict=verdict,
        revenue=revenue,
        detectable=detectable(treated.measured, control.measured, base),
        detectable_at_end=None
        if growth is None
        else detectable(round(treated.customers * growth), round(control.customers * growth), base),
    )


def _figures(arm: str, tally: Tally) -> ArmFigures:
    one = Proportion(tally.reached, tally.measured) if tally.measured else None
    return ArmFigures(
        arm=arm,
        customers=tally.customers,
        waiting=tally.customers - tally.measured,
        measured=tally.measured,
        reached=tally.reached,
        rate=None if one is None else one.rate,
        interval=None if one is None else wilson(one),
    )


def _difference(treated: Tally, control: Tally, stage: Stage) -> tuple[Difference | None, float | None]:
    if not treated.measured or not control.measured:
        return None, None
    one, other = (Proportion(tally.reached, tally.measured) for tally in (treated, control))
    value = one.rate - other.rate
    if stage == "ended":
        fixed = Difference(value=value, interval=newcombe(one, other), kind="fixed")
        return fixed, two_proportion_p(one, other)
    if min(one.of, other.of) < LEAST_MEASURED:
        return None, None
    error = difference_error(one, other)
    around = sequence(value, error, one.of + other.of) if error else newcombe(one, other)
    bounded = Interval(max(-1.0, around.low), min(1.0, around.high))
    return Difference(value=value, interval=bounded, kind="sequence"), None


def _revenue(treated: Spending, control: Spending, stage: Stage, *, adjust: bool) -> RevenueFigures:
    running = stage != "ended"
    fewest = min(treated.n, control.n)
    plain = adjusted = None
    if fewest >= (LEAST_MEASURED if running else 1):
        plain = incremental(treated, control, running=running)
        if adjust:
            found = incremental(treated, control, running=running, adjust=True)
            adjusted = found if found.cuped is not None else None
    best = adjusted or plain
    return RevenueFigures(
        treated=_arm_revenue(treated),
        control=_arm_revenue(control),
        incremental=plain,
        adjusted=adjusted,
        verdict=_verdict(None if best is None else best.each_interval, fewest, stage),
    )


def _arm_revenue(arm: Spending) -> ArmRevenue:
    return ArmRevenue(customers=arm.n, total=arm.y, mean=arm.mean)


def _verdict(interval: Interval | None, fewest: int, stage: Stage) -> Verdict:
    if interval is not None and interval.low > 0:
        return Verdict.BETTER
    if interval is not None and interval.high < 0:
        return Verdict.WORSE
    if stage == "running" or fewest < (1 if stage == "ended" else LEAST_MEASURED):
        return Verdict.TOO_EARLY
    return Verdict.NO_PROVEN_EFFECT
