"""Take: one event of one customer, from the facts it changes to the decisions it gives cause for."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any, TypeAlias

from engine.contact.quiet import customer_zone
from engine.customers.event import CONTROL_EVENTS, Event
from engine.customers.state import Applied
from engine.customers.table import event_view
from engine.decisions import dates, missing, quiet
from engine.decisions.decide import Occasion, record
from engine.decisions.rules import Pair
from engine.decisions.standing import Timer
from engine.model.actions import BuiltInEvent
from engine.model.reasons import DecisionOutcome
from engine.model.rule import OnDate, OnMissing, OnQuiet
from engine.runs import acts, cases, coupons, effects, points, refunds, rewards
from engine.segments.membership import Membership, place
from engine.timeline import overriding, react, suppressing
from engine.timeline.batch import Batch, gather
from engine.timeline.choose import choose
from engine.timeline.crossings import crossing_of
from engine.timeline.moment import Moment
from engine.timeline.weigh import weigh


def take(moment: Moment, event: Event, hops: int = 0) -> None:
    """Take one event: facts, runs that it ends or moves, timers, segments and scores, rules."""
    member, table = moment.member, moment.world.ruleset.facts
    view = event_view(table, event)
    applied = member.facts.apply(table, event)
    moment.forget()
    late = is_late(moment, event)
    _note(moment, event)
    react.react(moment, event)
    _timers(moment, event, view, applied, late)
    weigh(moment, hops=hops)
    choose(moment, _occasions(moment, event, view, applied, late, hops))
    _earn(moment, event, view)
    for derived in applied.derived:
        moment.stage.queue.append((member.id, derived, hops))


def is_late(moment: Moment, event: Event) -> bool:
    """Tell whether an event occurred too long before it was received to be acted on."""
    stale = moment.world.ruleset.workspace.settings.limits.stale_after.micros
    return event.cause in ("sent", "import", "engine") and event.received_at - event.occurred_at > stale


def _note(moment: Moment, event: Event) -> None:
    """Keep what the engine's own kinds of event say, and what people did."""
    noted = NOTED.get(event.name)
    if noted is not None:
        noted(moment, event)


def _put(moment: Moment, event: Event) -> None:
    segment, inside = str(event.properties.get("segment")), bool(event.properties.get("inside"))
    effects.put(moment.stage, segment, inside, f"{event.source}/{event.message_id}", cause="person")
    moment.forget()


def _placed(moment: Moment, event: Event) -> None:
    """Keep what a run did with a static list; where it runs itself, it has done so already."""
    name = str(event.properties.get("segment"))
    segment = moment.world.ruleset.workspace.segments.get(name)
    if event.cause == "run" and segment is not None and segment.static:
        member = moment.member.standing.memberships.setdefault(name, Membership())
        if place(member, inside=event.name == "segment_entered", now=moment.now) is not None:
            moment.forget()


def _granted(moment: Moment, event: Event) -> None:
    if event.cause == "run":
        points.granted(moment.stage, event.properties)


def _act(moment: Moment, event: Event) -> None:
    if event.cause == "run":
        rewards.spent(moment.stage, event.properties)
    elif event.cause in ("operator", "engine"):
        acts.replay(moment.stage, event)


def _fail(moment: Moment, event: Event) -> None:
    named = event.properties.get("facts")
    for fact in named if isinstance(named, (list, tuple)) else (named,):
        if isinstance(fact, str):
            moment.member.standing.failed[fact] = event.occurred_at


def _timers(moment: Moment, event: Event, view: Mapping[str, Any], applied: Applied, late: bool) -> None:
    desk, standing = moment.desk, moment.member.standing
    for rule, compiled in desk.second.get(event.name, ()):
        followed = missing.call_off(standing, rule, compiled, event)
        if followed:
            moment.changes.count(rule.id, moment.now, FOLLOWED, followed)
    if event.name in desk.awaited:
        missing.note(standing, event, desk.awaited[event.name])
    for rule, compiled in desk.renewals.get(event.name, ()):
        dates.renew(standing, rule, compiled, moment.now)
    for rule, compiled in desk.first.get(event.name, ()):
        if isinstance(compiled.trigger, OnMissing):
            followed = missing.arm(standing, rule, compiled, compiled.trigger, event, view, moment.now, late)
            if followed:
                moment.changes.count(rule.id, moment.now, FOLLOWED, followed)
    for rule, compiled in desk.quiet:
        trigger = compiled.trigger
        if isinstance(trigger, OnQuiet) and quiet.counts(trigger, event):
            last = moment.member.facts.last_occurred(moment.world.ruleset.facts, trigger.of)
            if last is not None:
                quiet.heard(standing, rule, compiled, trigger, last, moment.now)
    seen_first = moment.member.facts.first_seen == event.occurred_at
    if desk.dates and (
        applied.changed or seen_first or event.name in CONTROL_EVENTS or event.name in desk.renewals
    ):
        plan_dates(moment)


Noted: TypeAlias = Callable[[Moment, Event], None]

NOTED: Mapping[str, Noted] = {
    **dict.fromkeys(
        (
            event.value
            for event in (
                BuiltInEvent.MESSAGE_BOUNCED,
                BuiltInEvent.MESSAGE_COMPLAINED,
                BuiltInEvent.UNSUBSCRIBED,
                BuiltInEvent.CONTACT_SUPPRESSED,
                BuiltInEvent.CONTACT_ALLOWED,
                BuiltInEvent.CONSENT_RECORDED,
            )
        ),
        suppressing.heed,
    ),
    **dict.fromkeys(cases.ACTS, lambda moment, event: cases.taken(moment.stage, event)),
    **dict.fromkeys(acts.ACTS, _act),
    **dict.fromkeys(overriding.EVENTS, overriding.note),
    "segment_assigned": _put,
    **dict.fromkeys(("segment_entered", "segment_left"), _placed),
    "coupon_redeemed": lambda moment, event: coupons.redeemed(moment.stage, event),
    "coupon_voided": lambda moment, event: coupons.voided(moment.stage, event.properties),
    BuiltInEvent.POINTS_GRANTED.value: _granted,
    BuiltInEvent.COUPON_ISSUED.value: lambda moment, event: coupons.known(moment.stage, event),
    "source_failed": _fail,
}
"""What each of the engine's own kinds of event changes of the standing."""

FOLLOWED = "followed"
"""Counted beside the outcomes: a `without` timer that the second event ended."""


def plan_dates(moment: Moment, cause: str = "engine") -> None:
    """Lay out the timers of all date triggers anew; steps that are passed over are recorded.

    Steps of the past that a release or merge alone brings up are passed over, unless after a release
    the rule says `on_release: fire`.
    """
    facts = moment.facts()
    own = customer_zone(facts)
    for rule, compiled in moment.desk.dates:
        if not isinstance(compiled.trigger, OnDate):
            continue
        skipped = dates.plan(
            moment.member.standing, rule, compiled, compiled.trigger, moment.env(),
            moment.world.ruleset.zone, own, moment.now,
            silent=cause == "merge" or (cause == "release" and rule.rule.on_release != "fire"),
        )  # fmt: skip
        for step in skipped:
            _record_skipped(moment, (rule, compiled), step)


def _record_skipped(moment: Moment, pair: Pair, step: Timer) -> None:
    rule, compiled = pair
    occasion = Occasion(
        rule=rule, kind="date", cause=f"{compiled.index}/{step.key}/{step.ref}/{step.due}/skipped",
        event=dates.shown(step, moment.world.ruleset.zone), from_at=moment.now, late=True,
        reason="passed_over",
    )  # fmt: skip
    row = record(
        occasion, moment.env(occasion.event), moment.member.id, moment.now,
        DecisionOutcome.TOO_LATE, occasion.reason, None,
    )  # fmt: skip
    moment.changes.decisions.append(row)


def _occasions(
    moment: Moment,
    event: Event,
    view: Mapping[str, Any],
    applied: Applied,
    late: bool,
    hops: int,
) -> Iterator[Occasion | Batch]:
    """Give what the event gives rules cause for."""
    desk = moment.desk
    ref = f"{event.source}/{event.message_id}"

    def of_event(pair: Pair) -> Occasion:
        rule, compiled = pair
        return Occasion(
            rule=rule, kind="event", cause=f"{compiled.index}/{ref}", event=view,
            from_at=event.occurred_at, late=late, ref=ref, hops=hops,
        )  # fmt: skip

    yield from gather(moment, "event", event.name, desk.on_event, view, of_event)
    for name, old, new in applied.trait_changes:
        if old is not None:
            yield from _of_change(moment, event, name, {"from": old, "to": new}, late, hops)
    if event.cause in ("engine", "run", "operator"):
        crossing = crossing_of(desk, event.name, event.properties)
        if crossing is not None:
            make = partial(crossing.occasion, ref=ref, from_at=event.occurred_at, hops=hops)
            yield from gather(moment, event.name, crossing.place, crossing.by_name, crossing.shown, make)


def _of_change(
    moment: Moment, event: Event, name: str, shown: Mapping[str, Any], late: bool, hops: int
) -> Iterator[Occasion | Batch]:
    ref = f"{event.source}/{event.message_id}"

    def of_change(pair: Pair) -> Occasion:
        rule, compiled = pair
        return Occasion(
            rule=rule, kind="change", cause=f"{compiled.index}/{ref}/{name}", event=shown,
            from_at=event.occurred_at, late=late, ref=ref, hops=hops,
        )  # fmt: skip

    return gather(moment, "change", name, moment.desk.changes, shown, of_change)


def _earn(moment: Moment, event: Event, view: Mapping[str, Any]) -> None:
    for compiled in moment.desk.earns.get(event.name, ()):
        env = moment.env(view)
        lot = points.earn(moment.stage, compiled, event, env)
        if lot is not None:
            refunds.keep_origin(moment.stage, compiled, event, env, lot)
        moment.forget()
    for compiled in moment.desk.reverses.get(event.name, ()):
        refunds.take_back(moment.stage, compiled, event)
        moment.forget()
    if any(event.name in book.watched for book in moment.member.standing.ledger.books.values()):
        refunds.take_back_grants(moment.stage, event)
        moment.forget()
