"""Decide: a rule, what happened, and a customer become one decision."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from engine.customers.zones import Zone
from engine.decisions.decision import Decision, Line, identity
from engine.decisions.rules import CompiledRule
from engine.decisions.standing import Standing
from engine.expressions import Env, LineTrace, Outcome, plain
from engine.model.reasons import DecisionOutcome
from engine.model.values import AtMost, Micros

_OUTCOMES = {
    Outcome.MET: DecisionOutcome.FIRED,
    Outcome.NOT_MET: DecisionOutcome.NOT_MET,
    Outcome.UNKNOWN: DecisionOutcome.UNKNOWN,
    Outcome.ERROR: DecisionOutcome.ERROR,
}
_CONDITIONS = {decided: outcome for outcome, decided in _OUTCOMES.items()} | dict.fromkeys(
    (DecisionOutcome.AT_MOST, DecisionOutcome.SHADOW), Outcome.MET
)
"""What the condition of a decision came to. It need not have been evaluated where it was too late."""
ROWS = frozenset(DecisionOutcome) - {DecisionOutcome.NOT_MET, DecisionOutcome.UNKNOWN}
"""Outcomes that are recorded as rows; the two others are counted per rule and hour."""


class Occasion(msgspec.Struct, frozen=True, kw_only=True):
    """What gives a rule cause to decide: a trigger, its `event`, and what makes it one of a kind.

    `cause` and the rule and customer make the trigger key; `from_at` is when what triggered it
    occurred (exits of a run it starts must occur later); `late` tells that it came too late to
    act; `ref` is the message id of the triggering event; `based` that it came of base-wide figures;
    `after` is what a call came after, see `Decision`.
    """

    rule: CompiledRule
    kind: str
    cause: str
    event: Mapping[str, Any] | None
    from_at: Micros
    late: bool = False
    reason: str | None = None
    ref: str | None = None
    hops: int = 0
    based: bool = False
    after: tuple[int, int] | msgspec.UnsetType = msgspec.UNSET


def judge(
    occasion: Occasion, env: Env, standing: Standing, zone: Zone, at: Micros
) -> tuple[DecisionOutcome, str | None]:
    """Give the outcome of a rule without recording anything."""
    outcome = _OUTCOMES[occasion.rule.condition.outcome(env)]
    if outcome is not DecisionOutcome.FIRED:
        return outcome, None
    rule = occasion.rule.rule
    if occasion.late:
        return DecisionOutcome.TOO_LATE, occasion.reason
    if rule.at_most is not None and exhausted(rule.at_most, standing.fired.get(rule.id, ()), zone, at):
        return DecisionOutcome.AT_MOST, f"{rule.at_most.times} per {rule.at_most.per}"
    if rule.status == "shadow":
        return DecisionOutcome.SHADOW, None
    return DecisionOutcome.FIRED, None


def exhausted(limit: AtMost, fired: tuple[Micros, ...] | list[Micros], zone: Zone, at: Micros) -> bool:
    """Tell whether a rule has fired as often as it may: in calendar days, or elapsed hours.

    With `1 per 30d` a rule that fired on day D may fire again on day D + 30.
    """
    days = limit.per.days
    if days is None:
        recent = sum(1 for earlier in fired if at - earlier < limit.per.micros)
    else:
        today = zone.day_of(at)
        recent = sum(1 for earlier in fired if today - zone.day_of(earlier) < days)
    return recent >= limit.times


def freed_at(
    limit: AtMost, fired: tuple[Micros, ...] | list[Micros], zone: Zone, at: Micros
) -> Micros | None:
    """Give the first instant at which a rule may fire again; None where it may at `at` (see `exhausted`)."""
    if not exhausted(limit, fired, zone, at):
        return None
    last = sorted(fired)[-limit.times]
    days = limit.per.days
    return last + limit.per.micros if days is None else zone.start_of_day(zone.day_of(last) + days)


def remember(rule: CompiledRule, standing: Standing, at: Micros) -> None:
    """Keep that a rule fired, as long as its limit can ask for it."""
    limit = rule.rule.at_most
    if limit is None:
        return
    horizon = at - limit.per.micros - 2 * 86_400_000_000
    kept = [earlier for earlier in standing.fired.get(rule.id, ()) if earlier >= horizon]
    standing.fired[rule.id] = [*kept, at]


def record(
    occasion: Occasion,
    env: Env,
    customer: str,
    at: Micros,
    outcome: DecisionOutcome,
    reason: str | None,
    base: str | None,
) -> Decision:
    """Make the row of a decision, with the trace of every line."""
    rule = occasion.rule
    key = identity(rule.id, customer, occasion.kind, occasion.cause)
    return Decision(
        id=key,
        rule=rule.id,
        rule_hash=rule.hash,
        customer=customer,
        at=at,
        outcome=outcome,
        reason=reason,
        trigger=occasion.kind,
        trigger_key=f"{rule.id}/{customer}/{occasion.kind}/{occasion.cause}",
        event={name: plain(value) for name, value in sorted((occasion.event or {}).items())},
        lines=trace(rule, env, _CONDITIONS.get(outcome)),
        base=base,
        after=occasion.after,
    )


def trace(rule: CompiledRule, env: Env, known: Outcome | None) -> tuple[Line, ...]:
    """Give every line of a rule's condition with its outcome and what it saw; the whole came to `known`."""
    return tuple(line_of(line) for line in rule.condition.trace(env, known=known))


def line_of(line: LineTrace) -> Line:
    """Give a traced line as it is recorded."""
    return Line(
        text=line.text,
        outcome=line.outcome.value,
        values={name: plain(value) for name, value in line.values.items()},
        error=line.error,
    )
