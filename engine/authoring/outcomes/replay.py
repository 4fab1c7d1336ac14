"""Replay: stored events played once more without effects, looked at from time to time."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date

import msgspec

from engine.authoring.outcomes.outcome import History, Outcome
from engine.authoring.simulate import Simulation
from engine.customers.event import Event
from engine.customers.zones import Zone
from engine.model.values import Micros
from engine.model.workspace import Workspace
from engine.timeline.ruleset import Ruleset, compile_ruleset

Progress = Callable[[int, int], None]


def without_rules(workspace: Workspace) -> Ruleset:
    """Compile a workspace in which nothing is decided: facts, scores, segments and lifecycles go on."""
    return compile_ruleset(msgspec.structs.replace(workspace, rules={}))


def replay(
    ruleset: Ruleset,
    events: Sequence[Event],
    outcome: Outcome,
    cuts: Sequence[Micros],
    look: Callable[[Simulation, History, Micros], None],
    *,
    until: Micros,
    progress: Progress | None = None,
    facts_only: bool = False,
) -> History:
    """Play events up to `until` in the order received, and look at each cut once all up to it is done.

    What runs did then is played as it was recorded; nothing new is decided. With `facts_only` events make
    facts and nothing else: no scores, segments or stages.
    """
    simulation, history = Simulation(ruleset, starts_runs=False), History(outcome)
    coming, told = list(cuts), 0

    def derived() -> None:
        nonlocal told
        made = simulation.changes.events
        for event in made[told:]:
            history.take(event)
        told = len(made)

    def reach(at: Micros) -> None:
        while coming and coming[0] <= at:
            cut = coming.pop(0)
            if facts_only:
                simulation.compute_figures(cut)
            else:
                simulation.advance(cut)
            derived()
            look(simulation, history, cut)

    inputs = [event for event in events if event.cause != "engine" and event.received_at <= until]
    for index, event in enumerate(inputs):
        reach(event.received_at)
        if facts_only:
            simulation.learn(event)
        news = facts_only or simulation.follow(event)
        derived()
        if news:
            history.take(event)
        if progress is not None and index % 1000 == 0:
            progress(index, len(inputs))
    reach(until)
    if not facts_only:
        simulation.advance(until)
    derived()
    return history


def month_starts(zone: Zone, start: Micros, end: Micros) -> list[Micros]:
    """Give the midnights that begin a month, after `start`, up to `end`."""
    day = date.fromordinal(zone.day_of(start)).replace(day=1)
    found = []
    while (at := zone.start_of_day(day.toordinal())) <= end:
        if at > start:
            found.append(at)
        day = day.replace(year=day.year + day.month // 12, month=day.month % 12 + 1)
    return found
