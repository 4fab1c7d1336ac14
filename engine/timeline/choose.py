"""Choose: decide each rule that has cause to look, record it, and start what it says."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from engine.decisions.decide import ROWS, Occasion, judge, record, remember
from engine.decisions.decision import Decision, Start
from engine.errors import HoldfastError
from engine.expressions import Env
from engine.model.reasons import DecisionOutcome, Refusal
from engine.model.rule import StartRun
from engine.runs import advance, effects, start
from engine.timeline.moment import Moment


def choose(moment: Moment, occasions: Iterable[Occasion]) -> None:
    """Decide every occasion, in the order of the rules' ids."""
    for occasion in sorted(occasions, key=lambda one: one.rule.id):
        decide(moment, occasion)


def decide(moment: Moment, occasion: Occasion) -> DecisionOutcome:
    """Decide one occasion: count it, or record it and act on it."""
    standing, zone = moment.member.standing, moment.world.ruleset.zone
    env = moment.env(occasion.event)
    outcome, reason = judge(occasion, env, standing, zone, moment.now)
    if moment.world.witness is not None:
        moment.world.witness(occasion.rule.id, moment.member.id, lambda: preview(moment, occasion))
    if outcome not in ROWS:
        moment.changes.count(occasion.rule.id, moment.now, outcome)
        return outcome
    decision = record(occasion, env, moment.member.id, moment.now, outcome, reason, _base(moment, occasion))
    moment.changes.customers[moment.member.id] = None
    if outcome is DecisionOutcome.FIRED:
        remember(occasion.rule, standing, moment.now)
        decision = _act(moment, occasion, decision, env)
    moment.changes.decisions.append(decision)
    return outcome


def preview(moment: Moment, occasion: Occasion) -> Decision:
    """Decide without recording or doing anything; the trace is always there."""
    env = moment.env(occasion.event)
    outcome, reason = judge(occasion, env, moment.member.standing, moment.world.ruleset.zone, moment.now)
    return record(occasion, env, moment.member.id, moment.now, outcome, reason, _base(moment, occasion))


def _base(moment: Moment, occasion: Occasion) -> str | None:
    """Name the base-wide figures, where the trigger or a fact that the rule reads rests on them."""
    based = moment.world.ruleset.based
    if not occasion.based and based.isdisjoint(occasion.rule.condition.names):
        return None
    return moment.world.base(moment.now).hash


def _act(moment: Moment, occasion: Occasion, decision: Decision, env: Env) -> Decision:
    starts: list[Start] = []
    moment.hops = occasion.hops
    moment.because = {"rule": occasion.rule.id, "decision": decision.id, "event": occasion.event or {}}
    for index, (action, written) in enumerate(occasion.rule.actions):
        arguments = {name: value.value(env) for name, value in written.items()}
        if isinstance(action, StartRun):
            if moment.world.starts_runs:
                starts.append(_start(moment, occasion, decision, action, arguments, index))
            continue
        if occasion.hops > start.HOP_LIMIT:
            starts.append(Start(action.do, decision.id, "refused", Refusal.HOPS.value))
            continue
        try:
            effects.perform(moment.stage, action.do, f"{decision.id}:{index}:0", arguments, None)
        except (HoldfastError, LookupError, ValueError, ArithmeticError) as error:
            starts.append(Start(action.do, decision.id, "failed", str(error)))
    return msgspec.structs.replace(decision, starts=tuple(starts))


def _start(
    moment: Moment,
    occasion: Occasion,
    decision: Decision,
    action: StartRun,
    arguments: dict[str, object],
    index: int,
) -> Start:
    program = moment.world.ruleset.workflows[action.run]
    run, started = start.start(
        moment.stage,
        program,
        cause=f"{decision.trigger_key}/{index}",
        input=arguments,
        event=occasion.event or {},
        from_at=occasion.from_at,
        rule=occasion.rule.id,
        decision=decision.id,
        trigger_event=occasion.ref,
        hops=occasion.hops,
    )
    if run.open:
        advance.advance(moment.stage, run)
    return started
