"""Adopting: a customer settles into the files as they are now, after a release, rebuild or import.

What has changed for that reason alone fires nothing, unless after a release a rule says
`on_release: fire`.
"""

from __future__ import annotations

from engine.decisions import quiet
from engine.decisions.decide import Occasion
from engine.decisions.rules import CompiledRule, CompiledTrigger
from engine.model.rule import OnQuiet
from engine.model.values import Micros
from engine.runs import cases
from engine.runs.moving import change_over
from engine.timeline.choose import choose
from engine.timeline.crossings import crossings
from engine.timeline.due import silence
from engine.timeline.moment import Moment
from engine.timeline.take import plan_dates
from engine.timeline.weigh import weigh


def settle_in(moment: Moment, cause: str) -> None:
    """Settle the moment's customer in.

    Memberships and bands are set with that cause and without dwell being skipped; timers of rules
    that are gone are dropped; dates are planned; a silence that is already over-long is not told.
    """
    standing, rules = moment.member.standing, moment.desk.rules
    standing.timers = {
        name: timer
        for name, timer in standing.timers.items()
        if timer.rule in rules and timer.trigger < len(rules[timer.rule].triggers)
    }
    if cause == "release":
        change_over(moment.stage)
        cases.turn_all(moment.stage)
        moment.forget()
    untold = weigh(moment, cause=cause)
    plan_dates(moment, cause)
    silences = _silences(moment)
    if cause != "release":
        return
    crossed = [
        occasion
        for name, properties in untold
        for occasion in crossings(
            moment.desk, name, properties, ref=f"release/{moment.now}/{name}", from_at=moment.now
        )
    ]
    choose(moment, [one for one in [*crossed, *silences] if one.rule.rule.on_release == "fire"])


def _silences(moment: Moment) -> list[Occasion]:
    """Set the timers of silences anew; give those that are over-long already and were never told."""
    over = []
    for rule, compiled in moment.desk.quiet:
        trigger = compiled.trigger
        if not isinstance(trigger, OnQuiet):
            continue
        world, member = moment.world, moment.member
        last = member.facts.last_occurred(world.ruleset.facts, trigger.of)
        if last is None:
            continue
        quiet.heard(member.standing, rule, compiled, trigger, last, moment.now)
        if _is_over(moment, rule, compiled, trigger, last):
            over.append(silence(rule, compiled, last, moment.now, based=trigger.quiet == "p90"))
    return over


def _is_over(
    moment: Moment, rule: CompiledRule, compiled: CompiledTrigger, trigger: OnQuiet, last: Micros
) -> bool:
    world, standing = moment.world, moment.member.standing
    day = world.ruleset.zone.day_of(last)
    if trigger.quiet == "p90":
        limit = world.base(moment.now).p90(moment.member.kind, trigger.of)
        return quiet.crossed(standing, rule, compiled, day, moment.day, limit)
    if rule.rule.on_release != "fire" or last + trigger.quiet.micros > moment.now:
        return False
    return quiet.remember(standing, rule, compiled, day)
