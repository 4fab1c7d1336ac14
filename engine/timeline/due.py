"""Due: what time alone brings about for a customer, at one instant, in its order.

At an instant: contracts that end, then points and coupons that run out, then the midnight's evaluation,
then timers and schedules by rule id, then cases, then runs. What an event brings at that very instant was
decided before.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from engine.contact.coupons import next_expiry
from engine.contact.quiet import customer_zone
from engine.customers.table import view_of
from engine.customers.zones import Zone, moment_of
from engine.decisions import dates, quiet
from engine.decisions.candidates import Round
from engine.decisions.decide import Occasion
from engine.decisions.rules import CompiledRule, CompiledTrigger
from engine.decisions.schedules import next_after
from engine.decisions.standing import Timer
from engine.loyalty import ledger
from engine.model.reasons import DecisionOutcome
from engine.model.rule import OnDate, OnMissing, OnQuiet, OnSchedule
from engine.model.values import Micros
from engine.runs import advance, cases, coupons, points
from engine.runs.stage import Member
from engine.timeline.batch import come_round
from engine.timeline.choose import choose, decide
from engine.timeline.moment import Moment
from engine.timeline.take import plan_dates
from engine.timeline.weigh import next_due as weighing_due
from engine.timeline.weigh import weigh
from engine.timeline.world import World


def next_due(
    world: World, member: Member, awake: Callable[[Round], Micros | None] | None = None
) -> Micros | None:
    """Give the instant of the next thing that time brings about, None where nothing will.

    Never before `played_to`: what was due earlier and is still open is due then. `awake` tells from when on
    a round has to be played, None for never; without it that is `played_to`.
    """
    desk, standing = world.ruleset.desk(member.id, member.kind), member.standing
    played = standing.played_to
    # Asked twice for each event: most customers have nothing of most of these.
    dues: list[Micros | None] = []
    if desk.scores or desk.segments:
        dues.append(weighing_due(desk, standing))
    if member.facts.contracts:
        dues.append(member.facts.next_due(world.ruleset.facts))
    if standing.ledger.books:
        dues.append(_points_due(standing.ledger))
    if standing.coupons:
        dues.append(next_expiry(standing.coupons))
    if standing.timers:
        dues += [timer.due for timer in standing.timers.values()]
    if member.runs:
        dues += [run.due for run in member.runs.values()]
    if standing.cases:
        dues += [case.due for case in standing.cases.values()]
    if desk.midnight:
        dues.append(_midnight(world.ruleset.zone, played))
    for round_ in desk.schedules:
        since = played if awake is None else awake(round_)
        dues.append(None if since is None else schedule_due(world, member, round_.trigger, since))
    if not dues:
        return None
    first = min([due for due in dues if due is not None], default=None)
    return None if first is None else max(first, played)


def play_instant(moment: Moment) -> None:
    """Carry out everything that is due at the moment's instant but the ends of contracts."""
    world, member, now = moment.world, moment.member, moment.now
    midnight = moment.desk.midnight and _midnight(world.ruleset.zone, now) == now
    points_due = _points_due(member.standing.ledger)
    if midnight or (points_due is not None and points_due <= now):
        _turn_points(moment, midnight=midnight)
    expiring = next_expiry(member.standing.coupons)
    if expiring is not None and expiring <= now:
        coupons.expire(moment.stage)
        moment.forget()
    asks = weighing_due(moment.desk, member.standing)
    if midnight or (asks is not None and asks <= now):
        weigh(moment)
    _decide_all(moment, midnight)
    for case in [case for case in member.standing.cases.values() if (case.due or now + 1) <= now]:
        cases.turn(moment.stage, case)
    for run in sorted(member.runs.values(), key=lambda one: (one.workflow, one.id)):
        if run.open and run.due is not None and run.due <= now and run.id in member.runs:
            moment.forget()
            advance.due(moment.stage, run)


def _turn_points(moment: Moment, *, midnight: bool) -> None:
    for name, program in moment.world.ruleset.workspace.programs.items():
        if program.on == moment.member.kind and name in moment.member.standing.ledger.books:
            points.turn(moment.stage, program, midnight=midnight)
            moment.forget()


def _points_due(book: ledger.Ledger) -> Micros | None:
    first: Micros | None = None
    for program in book.books:
        due = ledger.next_due(book, program)
        if due is not None and (first is None or due < first):
            first = due
    return first


def _midnight(zone: Zone, at: Micros) -> Micros:
    """Give the first midnight not before an instant."""
    day = zone.day_of(at)
    start = zone.start_of_day(day)
    return start if start == at else zone.start_of_day(day + 1)


def _zone_of(world: World, member: Member, trigger: OnSchedule) -> Zone:
    if not trigger.schedule.customer_time:
        return world.ruleset.zone
    sent = member.facts.traits.get("timezone")
    own = sent.value if sent is not None else None
    return customer_zone({"timezone": own}) or world.ruleset.zone


def schedule_due(world: World, member: Member, trigger: OnSchedule, since: Micros) -> Micros | None:
    """Give the next instant, not before `since`, at which a schedule is played for a customer."""
    if trigger.in_segment is not None:
        inside = member.standing.memberships.get(trigger.in_segment)
        if inside is None or not inside.inside:
            # Entering is an evaluation of its own, after which this is asked again.
            return None
    zone = _zone_of(world, member, trigger)
    due = next_after(trigger.schedule, zone, since - 1)
    while due is not None and _is_missed(world, trigger, zone, due):
        due = next_after(trigger.schedule, zone, due)
    return due


def _is_missed(world: World, trigger: OnSchedule, zone: Zone, due: Micros) -> bool:
    """Tell whether an instant fell into an outage and `catch_up` says to pass it over."""
    outage = world.missed(due) if world.outages else None
    if outage is None or trigger.catch_up == "all":
        return False
    if trigger.catch_up == "none":
        return True
    following = next_after(trigger.schedule, zone, due)
    return following is not None and following < outage[1]


def _decide_all(moment: Moment, midnight: bool) -> None:
    """Decide what comes round, whose time is up and what has been silent, by rule id."""
    timers = [timer for timer in moment.member.standing.timers.values() if timer.due <= moment.now]
    rounds = [
        found
        for round_ in moment.desk.schedules
        if schedule_due(moment.world, moment.member, round_.trigger, moment.now) == moment.now
        for found in come_round(moment, round_, together=not timers)
    ]
    silences = list(_silences(moment)) if midnight else []
    if not timers:
        choose(moment, [*rounds, *silences])
        return
    occasions: list[tuple[Occasion, Timer | None]] = [
        *((found, None) for found in rounds if isinstance(found, Occasion)),
        *((_of_timer(moment, timer), timer) for timer in timers),
        *((found, None) for found in silences),
    ]
    for occasion, timer in sorted(occasions, key=lambda found: found[0].rule.id):
        _decide(moment, occasion, timer)


def _silences(moment: Moment) -> Iterator[Occasion]:
    for rule, compiled in moment.desk.quiet:
        trigger = compiled.trigger
        if not isinstance(trigger, OnQuiet) or trigger.quiet != "p90":
            continue
        table = moment.world.ruleset.facts
        last = moment.member.facts.last_occurred(table, trigger.of)
        last_day = moment.world.ruleset.zone.day_of(last) if last is not None else None
        limit = moment.world.base(moment.now).p90(moment.member.kind, trigger.of)
        if quiet.crossed(moment.member.standing, rule, compiled, last_day, moment.day, limit):
            yield silence(rule, compiled, last or moment.now, moment.now, based=True)


def silence(
    rule: CompiledRule, compiled: CompiledTrigger, last: Micros, now: Micros, *, based: bool = False
) -> Occasion:
    """Give the occasion of a silence since `last`; `based` tells that the base's own gaps made it one."""
    return Occasion(
        rule=rule, kind="quiet", cause=f"{compiled.index}/{last}", from_at=now, based=based,
        event={"quiet_for": moment_of(now) - moment_of(last)},
    )  # fmt: skip


def _of_timer(moment: Moment, timer: Timer) -> Occasion:
    rule = moment.desk.rules[timer.rule]
    if timer.kind == "missing":
        first = rule.triggers[timer.trigger].trigger
        rules = moment.world.ruleset
        name = first.event if isinstance(first, OnMissing) else ""
        return Occasion(
            rule=rule, kind="missing", cause=f"{timer.trigger}/{timer.ref}/{timer.key}",
            event=view_of(rules.catalog, rules.zone, name, timer.event),
            from_at=timer.since, late=timer.late, ref=timer.ref,
        )  # fmt: skip
    if timer.kind == "quiet":
        return silence(rule, rule.triggers[timer.trigger], timer.since, moment.now)
    shown = dates.shown(timer, moment.world.ruleset.zone)
    return Occasion(
        rule=rule, kind="date", cause=f"{timer.trigger}/{timer.key}/{timer.ref}/{timer.since}", event=shown,
        from_at=moment.now,
    )  # fmt: skip


def _decide(moment: Moment, occasion: Occasion, timer: Timer | None) -> None:
    """Decide what is due; a timer is spent by it, and a date step is done once it fired."""
    standing = moment.member.standing
    if timer is not None:
        # By what it says: another rule of this very instant may have laid the dates out anew.
        for name in [name for name, open_ in standing.timers.items() if open_ == timer]:
            del standing.timers[name]
        moment.changes.customers[moment.member.id] = None
    outcome = decide(moment, occasion)
    if timer is not None and timer.kind == "quiet" and occasion.rule.rule.on_release == "fire":
        compiled = occasion.rule.triggers[timer.trigger]
        quiet.remember(standing, occasion.rule, compiled, moment.world.ruleset.zone.day_of(timer.since))
    if timer is not None and timer.kind == "date":
        dates.turned(standing, timer, done=outcome is DecisionOutcome.FIRED)
        trigger = occasion.rule.triggers[timer.trigger].trigger
        if isinstance(trigger, OnDate) and trigger.every is not None:
            plan_dates(moment)
