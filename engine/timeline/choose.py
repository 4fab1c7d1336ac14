"""Choose: decide each rule that has cause to look, record it, and start what it says."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from engine.decisions.decide import Occasion, judge, record, remember
from engine.decisions.decision import Decision, Start
from engine.errors import HoldfastError
from engine.expressions import Env
from engine.model.reasons import DecisionOutcome, Refusal
from engine.model.rule import StartRun
from engine.runs import advance, effects, start
from engine.timeline.batch import Batch
from engine.timeline.moment import Moment


def choose(moment: Moment, found: Iterable[Occasion | Batch]) -> None:
    """Decide every occasion, in the order of the rules' ids; of one rule in the order in which they came."""
    came = list(enumerate(found))
    if not came:
        return
    single = sorted(
        ((one.rule.id, order, one) for order, one in came if isinstance(one, Occasion)),
        key=lambda entry: entry[:2],
    )
    batches = [(order, one) for order, one in came if isinstance(one, Batch)]
    if not batches:
        for _, _, occasion in single:
            decide(moment, occasion)
        return
    single.reverse()
    while (following := _following(moment, single, batches)) is not None:
        rule, order, batch = following
        version = moment.version
        decide(moment, batch.take(moment) if batch is not None else single.pop()[2])
        if moment.version != version:
            # What comes before this in the order was decided by the facts as they were.
            for other, each in batches:
                if each is not batch:
                    each.pass_rules(moment, rule, with_it=other < order)
    for _, batch in batches:
        batch.finish(moment)


def _following(
    moment: Moment, single: list[tuple[str, int, Occasion]], batches: list[tuple[int, Batch]]
) -> tuple[str, int, Batch | None] | None:
    """Give what is to be decided next: the rule, its order, and its batch if it is in one."""
    heads: list[tuple[str, int, Batch | None]] = [
        (rule, order, batch) for order, batch in batches if (rule := batch.next(moment)) is not None
    ]
    if single:
        heads.append((*single[-1][:2], None))
    return min(heads, key=lambda head: head[:2], default=None)


def decide(moment: Moment, occasion: Occasion) -> DecisionOutcome:
    """Decide one occasion: count it, or record it and act on it."""
    standing, zone = moment.member.standing, moment.world.ruleset.zone
    env = moment.env(occasion.event)
    outcome, reason = judge(occasion, env, standing, zone, moment.now)
    if moment.world.witness is not None:
        moment.world.witness(occasion.rule.id, moment.member.id, lambda: preview(moment, occasion))
    if outcome not in moment.world.rows:
        moment.changes.count(occasion.rule.id, moment.now, outcome.value)
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
