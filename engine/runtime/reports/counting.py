"""Counting of experiments: which arms a workflow has, and what the database holds of each."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Literal

import msgspec

from engine.customers.zones import Zone
from engine.experiments.assignment import (
    BUCKETS,
    GLOBAL_SALT,
    HELD_OUT,
    TREATED,
    Design,
    design_of,
    holdout_design,
    split_design,
)
from engine.experiments.comparison import Drawn, LeftOut, Stage, Tally
from engine.experiments.revenue import Spending
from engine.model.values import Duration, Micros
from engine.model.workflow import Split, Workflow
from engine.model.workspace import Workspace
from engine.runs.program import walk
from engine.store.comparing import ArmCount, Exposed, Spent
from engine.store.interface import Reader

PartKind = Literal["holdout", "global_holdout", "split"]


class Part(msgspec.Struct, frozen=True, kw_only=True):
    """A holdout or a split that is compared: its arms as they are drawn now, and which one is the control."""

    kind: PartKind
    split: str | None
    design: Design
    control: str


def parts(workspace: Workspace, workflow: Workflow) -> list[Part]:
    """Give what is compared of a workflow: its holdout, the global group, and each split."""
    policy = workspace.policy
    found: list[Part] = []
    design = holdout_design(workflow, policy)
    if workflow.class_ == "marketing" and design.arms[HELD_OUT]:
        found.append(Part(kind="holdout", split=None, design=design, control=HELD_OUT))
    if workflow.class_ == "marketing" and design.global_:
        group = {TREATED: BUCKETS - design.global_, HELD_OUT: design.global_}
        whole = Design(salt=GLOBAL_SALT, arms=group, global_=design.global_)
        found.append(Part(kind="global_holdout", split=None, design=whole, control=HELD_OUT))
    for step in walk(workflow.steps):
        if isinstance(step, Split):
            shares = {name: arm.share for name, arm in step.arms.items()}
            control = "control" if "control" in shares else next(iter(shares))
            drawn = split_design(workflow.id, step.split, shares)
            found.append(Part(kind="split", split=step.split, design=drawn, control=control))
    return found


def arms_of(part: Part) -> list[str]:
    """Give the arms that are compared with the control."""
    return [name for name in part.design.arms if name != part.control]


def has_outcome(workflow: Workflow) -> bool:
    """Tell whether anything is counted of a workflow: its goal, or revenue."""
    experiment = workflow.experiment
    return workflow.goal is not None or (experiment is not None and experiment.revenue is not None)


def until_of(workflow: Workflow, zone: Zone) -> Micros | None:
    """Give the midnight at which nobody counts any more who comes."""
    experiment = workflow.experiment
    if experiment is None or experiment.until is None:
        return None
    return zone.start_of_day(experiment.until.toordinal())


def windows_of(workflow: Workflow) -> tuple[Duration | None, Duration | None]:
    """Give how long the goal and revenue are waited for."""
    within = None if workflow.goal is None else workflow.goal.within
    revenue = None if workflow.experiment is None else workflow.experiment.revenue
    return within, None if revenue is None else revenue.within or within


def stage_of(workflow: Workflow, zone: Zone, now: Micros) -> Stage:
    """Tell whether the declared end is over, and the time of the last who came before it."""
    until = until_of(workflow, zone)
    if until is None:
        return "open_ended"
    longest = max((window.micros for window in windows_of(workflow) if window is not None), default=0)
    return "ended" if now >= until + longest else "running"


def count(
    reader: Reader, workflow: Workflow, part: Part, zone: Zone, now: Micros
) -> tuple[Drawn, list[Micros]]:
    """Count a part; give also when the first and the last customer came."""
    until = until_of(workflow, zone)
    exposed = Exposed(
        workflows=(workflow.id,),
        split=part.split or "",
        by_global=part.kind == "global_holdout",
        until=until,
    )
    within, revenue_within = windows_of(workflow)
    counts = reader.arm_counts(exposed, _over(within, now))
    design, texts = _latest(counts, part)
    current = [one for one in counts if one.design in texts]
    compared = [one for one in current if not one.conflicting]
    first = min((one.first_at for one in compared), default=None)
    return Drawn(
        kind=part.kind,
        split=part.split,
        tallies={arm: _tally(compared, arm) for arm in {one.arm for one in compared}},
        weights={name: float(number) for name, number in design.arms.items()},
        control=part.control if part.control in design.arms else next(iter(design.arms)),
        left_out=LeftOut(
            conflicting=sum(one.customers for one in current if one.conflicting),
            earlier_design=sum(one.customers for one in counts if one.design not in texts),
            reached_before=sum(one.reached_before for one in compared),
        ),
        money=_money(reader, workflow, exposed, texts, revenue_within, now),
        growth=None if until is None or first is None else _growth(first, until, now),
    ), [at for one in compared for at in (one.first_at, one.last_at)]


def _tally(counts: Iterable[ArmCount], arm: str) -> Tally:
    own = [one for one in counts if one.arm == arm]
    return Tally(
        sum(one.customers - one.reached_before for one in own),
        sum(one.measured for one in own),
        sum(one.reached for one in own),
    )


def _latest(counts: Sequence[ArmCount], part: Part) -> tuple[Design, list[str]]:
    """Give the design under which the last customer came, and how exposures write it.

    Arms drawn otherwise are not put together: when people came would then differ between the arms.
    """
    last = max(counts, key=lambda one: one.last_at, default=None)
    if last is None:
        return part.design, []
    drawn = {one.design: _drawing(design_of(one.design), part) for one in counts}
    current = drawn[last.design]
    texts = [text for text, other in drawn.items() if other == current]
    return (part.design if current is None else current), texts


def _drawing(design: Design | None, part: Part) -> Design | None:
    """Give what of a design a comparison rests on; the holdout's is not the global group's."""
    if design is None:
        return None
    if part.kind == "global_holdout":
        group = {TREATED: BUCKETS - design.global_, HELD_OUT: design.global_}
        return Design(salt=GLOBAL_SALT, arms=group, global_=design.global_)
    return Design(salt=design.salt, arms=design.arms)


def _money(
    reader: Reader,
    workflow: Workflow,
    exposed: Exposed,
    designs: Sequence[str],
    within: Duration | None,
    now: Micros,
) -> Mapping[str, Spending] | None:
    experiment = workflow.experiment
    if experiment is None or experiment.revenue is None or within is None:
        return None
    before = experiment.before
    return reader.spending(
        exposed,
        designs,
        Spent(
            event=experiment.revenue.of,
            property=experiment.revenue.sum,
            after=within.micros,
            before=0 if before is None else before.micros,
            measured_before=_over(within, now),
        ),
    )


def _over(window: Duration | None, now: Micros) -> Micros:
    """Give before when somebody must have come for a window to be over."""
    return now + 1 - (0 if window is None else window.micros)


def _growth(first: Micros, until: Micros, now: Micros) -> float:
    """Give how many times as many customers there will be at the end, if they come as they have."""
    passed = min(now, until) - first
    return max(1.0, (until - first) / passed) if passed > 0 else 1.0
