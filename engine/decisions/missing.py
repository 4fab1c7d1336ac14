"""`{event: A, without: B, for: 24h}`: timers that the first event sets and the second calls off."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from engine.customers.event import Event
from engine.decisions.decision import identity
from engine.decisions.rules import CompiledRule, CompiledTrigger
from engine.decisions.standing import Recent, Standing, Timer
from engine.expressions import Env, Outcome, plain
from engine.model.rule import OnMissing
from engine.model.values import Micros

KEPT = 20
"""So many of the latest awaited events are kept of each name, for a first event that comes after."""


def arm(
    standing: Standing,
    rule: CompiledRule,
    compiled: CompiledTrigger,
    trigger: OnMissing,
    event: Event,
    values: Mapping[str, Any],
    now: Micros,
    late: bool,
) -> int:
    """Set the timer for a first event, or move the one of the same key to the latest first event.

    Gives 1 where an awaited event that came earlier has already called it off, else 0. A due instant
    that has passed is decided at `now`.
    """
    env = Env(event=values)
    if compiled.where is not None and compiled.where.outcome(env) is not Outcome.MET:
        return 0
    wanted = compiled.matcher.wanted(Env(event=event.properties))
    name = place(rule, compiled, wanted)
    open_ = standing.timers.get(name)
    if open_ is not None and open_.since > event.occurred_at:
        return 0
    due = event.occurred_at + trigger.for_.micros
    for recent in standing.recents.get(trigger.without, ()):
        if recent.occurred_at >= event.occurred_at and recent.received_at <= due:
            if follows(wanted, recent.properties):
                standing.timers.pop(name, None)
                return 1
    standing.timers[name] = Timer(
        kind="missing",
        rule=rule.id,
        trigger=compiled.index,
        key=name,
        due=max(due, now),
        since=event.occurred_at,
        ref=f"{event.source}/{event.message_id}",
        event=dict(event.properties),
        late=late,
    )
    return 0


def call_off(standing: Standing, rule: CompiledRule, compiled: CompiledTrigger, event: Event) -> int:
    """Call off the timers that the second event ends; give how many it ended.

    A second event that lacks the key's property calls off all of the rule's timers.
    """
    ended = 0
    for name, timer in list(standing.timers.items()):
        if timer.kind != "missing" or timer.rule != rule.id or timer.trigger != compiled.index:
            continue
        if event.occurred_at < timer.since:
            continue
        wanted = compiled.matcher.wanted(Env(event=timer.event))
        if follows(wanted, event.properties):
            del standing.timers[name]
            ended += 1
    return ended


def note(standing: Standing, event: Event, properties: tuple[str, ...]) -> None:
    """Keep an awaited event, with the properties that keys ask for."""
    kept = {name: event.properties[name] for name in properties if name in event.properties}
    recents = [*standing.recents.get(event.name, ()), Recent(event.occurred_at, event.received_at, kept)]
    standing.recents[event.name] = sorted(recents, key=lambda recent: recent.occurred_at)[-KEPT:]


def follows(wanted: Mapping[str, Any], properties: Mapping[str, Any]) -> bool:
    """Tell whether a second event belongs to the first: equal keys, or one that carries none."""
    if any(name not in properties for name in wanted):
        return True
    return all(properties[name] == value for name, value in wanted.items())


def place(rule: CompiledRule, compiled: CompiledTrigger, wanted: Mapping[str, Any]) -> str:
    """Give the name of a timer: rule, trigger, and the key's values."""
    if not wanted:
        return f"{rule.id}/{compiled.index}"
    values = msgspec.json.encode(plain(wanted), order="deterministic")
    return f"{rule.id}/{compiled.index}/{identity(values.decode())[:12]}"
