"""Play: events and due work of customers, in order; everything else stands on these functions.

A customer's work up to an instant depends only on the customer's own events in the order (received,
seq), the ruleset, and the base-wide figures: never on other customers, batches or threads.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from msgspec import UNSET, UnsetType

from engine.customers.event import Event
from engine.decisions.decide import Occasion
from engine.decisions.decision import Decision, identity
from engine.errors import NotFoundError
from engine.loyalty.ledger import Adjustment, Redemption
from engine.model.facts import Subject
from engine.model.values import Micros
from engine.runs import acts
from engine.runs.changes import Changes
from engine.runs.stage import Emitted, Member
from engine.timeline.adopting import settle_in
from engine.timeline.cast import Cast
from engine.timeline.choose import decide, preview
from engine.timeline.due import next_due, play_instant
from engine.timeline.joining import join
from engine.timeline.moment import Moment
from engine.timeline.take import take
from engine.timeline.world import World

CHAIN = 1000
"""So many events may follow from one another at one instant; beyond that something turns in circles."""


def play_event(world: World, cast: Cast, changes: Changes, event: Event) -> None:
    """Play what was due before an event for its customer and account, then the event itself."""
    person = cast.subject(event)
    members = [person]
    account = event.account or person.account
    if account is not None and account != person.id:
        members.append(cast.get(account, "account"))
    now = max([event.received_at, *(member.standing.played_to for member in members)])
    queue: list[Emitted] = []
    for member in members:
        _catch_up(world, cast, changes, member, now, inclusive=False)
        begin(world, member, changes, now)
    for member in members:
        take(Moment(world, member, changes, now, queue, at_event=True), event)
    drain(world, cast, changes, queue, now)


def play_due(world: World, cast: Cast, changes: Changes, customer: str, until: Micros) -> None:
    """Play everything that is due for a customer at or before `until`, each at its own instant."""
    member = cast.find(customer)
    if member is not None:
        _catch_up(world, cast, changes, member, until, inclusive=True)


def begin(world: World, member: Member, changes: Changes, now: Micros) -> None:
    """Let a customer's time begin, or go on from an instant up to which all is done."""
    standing = member.standing
    if standing.played_to < now:
        standing.played_to = now
    changes.customers[member.id] = None


def _catch_up(
    world: World, cast: Cast, changes: Changes, member: Member, until: Micros, *, inclusive: bool
) -> None:
    if member.standing.played_to == 0:
        return
    while True:
        due = next_due(world, member)
        if due is None or due > until or (due == until and not inclusive):
            break
        instant(world, cast, changes, member, due)
    if inclusive and member.standing.played_to <= until:
        member.standing.played_to = until + 1
        changes.customers[member.id] = None


def instant(world: World, cast: Cast, changes: Changes, member: Member, due: Micros) -> None:
    """Play one instant of a customer to its end."""
    member.standing.played_to = due
    ends = member.facts.due_contracts(world.ruleset.facts, due)
    drain(world, cast, changes, [(member.id, event, 0) for event in ends], due)
    for _ in range(CHAIN):
        queue: list[Emitted] = []
        moment = Moment(world, member, changes, due, queue, at_event=False)
        play_instant(moment)
        changes.customers[member.id] = None
        drain(world, cast, changes, queue, due)
        if not still_due(member, due):
            break
    member.standing.played_to = due + 1


def still_due(member: Member, now: Micros) -> bool:
    """Tell whether playing an instant has brought about more that is due at it."""
    if any([timer.due <= now for timer in member.standing.timers.values()]):
        return True
    return any([run.due is not None and run.due <= now for run in member.runs.values()])


def drain(world: World, cast: Cast, changes: Changes, queue: list[Emitted], now: Micros) -> None:
    """Take the events that the engine itself has made, and those that follow from them."""
    taken = 0
    while queue and taken < CHAIN:
        target, event, hops = queue.pop(0)
        taken += 1
        member = cast.get(target)
        changes.events.append(event)
        if member.standing.played_to < now:
            _catch_up(world, cast, changes, member, now, inclusive=False)
            begin(world, member, changes, now)
        at = max(now, member.standing.played_to)
        take(Moment(world, member, changes, at, queue, at_event=True), event, hops)


def learn(world: World, member: Member, event: Event) -> None:
    """Take an event, and the contract events that follow from it, into the facts alone."""
    table = world.ruleset.facts
    for derived in member.facts.apply(table, event).derived:
        member.facts.apply(table, derived)


def adopt(world: World, cast: Cast, changes: Changes, customer: str, now: Micros, cause: str) -> None:
    """Settle a customer into the ruleset as it is, because of a release, rebuild or import."""
    member = cast.get(customer)
    begin(world, member, changes, now)
    queue: list[Emitted] = []
    settle_in(Moment(world, member, changes, now, queue, at_event=True), cause)
    drain(world, cast, changes, queue, now)


def call_rule(
    world: World,
    cast: Cast,
    changes: Changes,
    rule: str,
    customer: str,
    properties: Mapping[str, Any],
    now: Micros,
    key: str,
    after: tuple[int, int] | UnsetType = UNSET,
    *,
    dry_run: bool = False,
) -> Decision:
    """Decide one rule for a customer now, because somebody asked. `key` makes the call one of a kind, and
    `after` is what it came after, see `Decision`.

    Raises NotFoundError where there is no such live rule.
    """
    compiled = world.ruleset.rule(rule)
    if compiled is None:
        raise NotFoundError(f"there is no live rule {rule}")
    member = cast.get(customer, compiled.rule.on)
    if not dry_run:
        _catch_up(world, cast, changes, member, now, inclusive=False)
        begin(world, member, changes, now)
    queue: list[Emitted] = []
    moment = Moment(world, member, changes, max(now, member.standing.played_to), queue, at_event=True)
    occasion = Occasion(rule=compiled, kind="call", cause=key, event=properties, from_at=now, after=after)
    if dry_run:
        return preview(moment, occasion)
    before = len(changes.decisions)
    decide(moment, occasion)
    id = identity(compiled.id, member.id, "call", key)
    made = [decision for decision in changes.decisions[before:] if decision.id == id]
    # One that is only counted has changed nothing, so that it can still be told.
    decision = made[0] if made else preview(moment, occasion)
    drain(world, cast, changes, queue, now)
    return decision


def act_on_points(
    world: World, cast: Cast, changes: Changes, event: Event, *, again: bool = False
) -> Redemption | Adjustment:
    """Do what a person's event does with points, and take the event; `again`: it was taken before.

    Raises where it cannot be done; what has changed by then is not to be kept.
    """
    member = cast.get(event.customer)
    now = max(event.received_at, member.standing.played_to)
    _catch_up(world, cast, changes, member, now, inclusive=False)
    begin(world, member, changes, now)
    queue: list[Emitted] = []
    moment = Moment(world, member, changes, now, queue, at_event=True)
    done = acts.act(moment.stage, event.name, event.properties)
    if not again:
        # It is done already, and taking it once more changes nothing but what events change.
        take(Moment(world, member, changes, now, queue, at_event=True), event)
    drain(world, cast, changes, queue, now)
    return done


def merge(
    world: World,
    cast: Cast,
    changes: Changes,
    into: str,
    other: str,
    history: Sequence[Event],
    now: Micros,
) -> None:
    """Make two customers one, as if all events had come under the surviving id.

    `history` are the recent events of both, in the order received: those that would have ended a run
    or called off a timer of the other do so now. On a clash of keys the older run survives.
    """
    kind: Subject = "person"
    survivor, gone = cast.get(into, kind), cast.get(other, kind)
    for member in (survivor, gone):
        _catch_up(world, cast, changes, member, now, inclusive=False)
    begin(world, survivor, changes, now)
    queue: list[Emitted] = []
    join(Moment(world, survivor, changes, now, queue, at_event=True), gone, history)
    changes.customers[gone.id] = None
    drain(world, cast, changes, queue, now)
