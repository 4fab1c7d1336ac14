"""Fleet: what the base as a whole gives rules cause for, once each midnight."""

from __future__ import annotations

from engine.customers.drop import WEEK
from engine.customers.figures import BaseFigures
from engine.decisions.decide import Occasion
from engine.model.rule import OnFleet
from engine.model.values import Micros
from engine.runs.changes import Changes
from engine.runs.stage import Emitted
from engine.timeline.cast import Cast
from engine.timeline.choose import decide
from engine.timeline.moment import Moment
from engine.timeline.play import begin, drain
from engine.timeline.ruleset import BASE
from engine.timeline.world import World


def at_midnight(world: World, cast: Cast, changes: Changes, figures: BaseFigures, now: Micros) -> None:
    """Decide the fleet triggers: an outage is one alert, about the base and no customer.

    The fall is that of the base in the week that has just ended; it is told once a week.
    """
    if not world.ruleset.fleet:
        return
    member = cast.get(BASE, "account")
    begin(world, member, changes, now)
    queue: list[Emitted] = []
    zone = world.ruleset.zone
    for rule, compiled in world.ruleset.fleet:
        trigger = compiled.trigger
        if not isinstance(trigger, OnFleet):
            continue
        week = zone.week_of(zone.day_of(now)) - WEEK
        fall = figures.fleet_fall(rule.rule.on, trigger.fleet, week)
        if fall is None or fall < trigger.at_least.share:
            continue
        key = f"{rule.id}/{compiled.index}"
        if member.standing.starts.get(key) == week:
            continue
        member.standing.starts[key] = week
        occasion = Occasion(
            rule=rule, kind="fleet", cause=f"{compiled.index}/{week}", event={"fall": fall}, from_at=now,
            based=True,
        )  # fmt: skip
        decide(Moment(world, member, changes, now, queue, at_event=False), occasion)
    drain(world, cast, changes, queue, now)
