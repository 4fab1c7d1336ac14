"""Stages: the lifecycle's stage of one customer, and what its change brings about."""

from __future__ import annotations

from collections.abc import Iterator

from engine.expressions import Outcome
from engine.model.lifecycle import Stage
from engine.model.values import DAY, Duration
from engine.runs.changes import MembershipChange
from engine.segments.stage import StageState, found
from engine.timeline.moment import Moment
from engine.timeline.ruleset import CompiledLifecycle, membership_of

CHANGED = "stage_changed"


def settle(moment: Moment, cause: str, hops: int) -> None:
    """Put the customer into the stage that is met now, for each lifecycle.

    A change is an event, once, unless a release, import or merge caused it; where a customer was is kept
    as memberships are.
    """
    stages = moment.member.standing.stages
    for lifecycle in moment.desk.lifecycles:
        state = stages.get(lifecycle.id)
        before = state.stage if state is not None else None
        stage = found(_outcomes(moment, lifecycle), before)
        if stage is None or stage == before:
            continue
        stages[lifecycle.id] = StageState(stage, moment.now)
        moment.restate()
        for name, inside in ((before, False), (stage, True)):
            if name is not None:
                moment.changes.memberships.append(
                    MembershipChange(
                        moment.member.id, membership_of(lifecycle.id, name), moment.now, inside, cause
                    )
                )
        if cause == "engine":
            properties = {"lifecycle": lifecycle.id, "stage": stage, "from": before}
            moment.stage.emit(CHANGED, properties, lifecycle.id, moment.now, stage, hops=hops)


def _outcomes(moment: Moment, lifecycle: CompiledLifecycle) -> Iterator[tuple[str, Outcome]]:
    for name, stage, condition in lifecycle.stages:
        outcome = Outcome.MET if condition is None else condition.outcome(moment.env())
        if stage.quiet is not None and outcome is not Outcome.NOT_MET:
            silent = _quiet(moment, stage)
            outcome = silent if outcome is Outcome.MET or silent is Outcome.NOT_MET else outcome
        yield name, outcome


def _quiet(moment: Moment, stage: Stage) -> Outcome:
    """Tell whether the customer has been silent for longer than the stage allows.

    The base's gap is in whole days, as the gaps that it is of; nobody is silent who never spoke.
    """
    world, member = moment.world, moment.member
    last = member.facts.last_occurred(world.ruleset.facts, stage.of)
    if last is None:
        return Outcome.NOT_MET
    if isinstance(stage.quiet, Duration):
        return Outcome.MET if last + stage.quiet.micros <= moment.now else Outcome.NOT_MET
    limit = world.base(moment.now).p90(member.kind, stage.of)
    if limit is None and stage.until_known is not None:
        limit = stage.until_known.micros // DAY
    if limit is None:
        return Outcome.UNKNOWN
    return Outcome.MET if moment.day - world.ruleset.zone.day_of(last) > limit else Outcome.NOT_MET
