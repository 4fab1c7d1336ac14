"""`{quiet: 45d}` and `{quiet: p90}`: nothing has come for that long, told once until something does."""

from __future__ import annotations

from engine.customers.event import CONTROL_EVENTS, Event
from engine.decisions.rules import CompiledRule, CompiledTrigger
from engine.decisions.standing import Standing, Term, Timer
from engine.model.actions import BUILT_IN_EVENTS
from engine.model.rule import OnQuiet
from engine.model.values import Day, Duration, Micros


def counts(trigger: OnQuiet, event: Event) -> bool:
    """Tell whether an event ends a silence; the engine's own and control events never do."""
    if trigger.of != "any":
        return event.name == trigger.of
    return event.name not in BUILT_IN_EVENTS and event.name not in CONTROL_EVENTS


def heard(
    standing: Standing,
    rule: CompiledRule,
    compiled: CompiledTrigger,
    trigger: OnQuiet,
    last: Micros,
    now: Micros,
) -> None:
    """Set the timer anew from the last event. A silence that is already over-long is not told."""
    if not isinstance(trigger.quiet, Duration):
        return
    name = place(rule, compiled)
    due = last + trigger.quiet.micros
    if due <= now:
        standing.timers.pop(name, None)
        return
    standing.timers[name] = Timer(
        kind="quiet", rule=rule.id, trigger=compiled.index, due=due, since=last, ref=str(last)
    )


def crossed(
    standing: Standing,
    rule: CompiledRule,
    compiled: CompiledTrigger,
    last_day: Day | None,
    today: Day,
    limit: int | None,
) -> bool:
    """Tell, at a midnight, whether the silence has passed the base's own p90 gap for the first time."""
    if last_day is None or limit is None or today - last_day <= limit:
        return False
    return remember(standing, rule, compiled, last_day)


def remember(standing: Standing, rule: CompiledRule, compiled: CompiledTrigger, last_day: Day) -> bool:
    """Keep that the silence since a day has been told; False where it was kept before."""
    name = place(rule, compiled)
    told = standing.terms.get(name)
    if told is not None and told.anchor == last_day:
        return False
    standing.terms[name] = Term(anchor=last_day)
    return True


def place(rule: CompiledRule, compiled: CompiledTrigger) -> str:
    """Give the name under which a quiet trigger's timer or last telling is kept."""
    return f"{rule.id}/{compiled.index}"
