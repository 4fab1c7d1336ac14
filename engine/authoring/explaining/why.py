"""Why: what a rule saw and decided for one customer at a past instant, rebuilt from its record.

The record is played again (`replay.py`), so that a rule that did not fire is explained with the lines as they
were then. What does not bear on the rule is left out (`bearing.py`), and where much has happened it is gone
on from where another replay stood (`keeping.py`).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from typing import Any

import msgspec

from engine.authoring.explaining.bearing import Bearing, bearing_on
from engine.authoring.explaining.keeping import Snapshots
from engine.authoring.explaining.record import Record
from engine.authoring.explaining.replay import Replay, play_all
from engine.authoring.simulate import Simulation
from engine.customers.event import Event
from engine.decisions.decide import Occasion
from engine.decisions.decision import Decision, Line
from engine.errors import NotFoundError
from engine.model.values import Micros
from engine.timeline.choose import preview
from engine.timeline.moment import Moment

NO_OCCASION = "no_occasion"
"""The rule had no cause to look at this customer up to that instant; its lines are as of then."""


class Explanation(msgspec.Struct, frozen=True):
    """What was decided at `at`, the last time the rule looked not after the instant asked for.

    `decision` is None where it had not looked yet; `trigger` tells what made it look.
    """

    rule: str
    customer: str
    at: Micros
    decision: str | None
    reason: str | None
    lines: tuple[Line, ...]
    rule_hash: str = ""
    trigger: str | None = None
    event: dict[str, Any] = {}
    starts: tuple[dict[str, Any], ...] = ()


class _Witness:
    """Keeps the last occasion of one rule and customer, traced."""

    def __init__(self, rule: str, customer: str) -> None:
        self.rule = rule
        self.customer = customer
        self.seen: Decision | None = None

    def __call__(self, rule: str, customer: str, look: Callable[[], Decision]) -> None:
        if rule == self.rule and customer == self.customer:
            self.seen = look()


def explain(
    rule: str,
    customer: str,
    at: Micros,
    record: Record,
    *,
    recorded: Sequence[Decision] = (),
    sparing: bool = True,
    snapshots: Snapshots | None = None,
) -> Explanation:
    """Explain a rule for a customer as of an instant.

    `record` holds what was there up to the instant (and may hold what came later), `recorded` the rule's
    stored decisions for the customer. Not `sparing`, everything is played, which comes to the same; so does
    going on from one of the `snapshots` that were kept. Raises NotFoundError where no release up to then had
    the rule, or there was no such customer.
    """
    known = record.until(at)
    if not known.releases or known.releases[-1].ruleset.rule(rule) is None:
        raise NotFoundError(f"there was no live rule {rule} then; name another rule, or a later time")
    witness = _Witness(rule, customer)
    simulation = _played(known, rule, customer, at, witness, sparing=sparing, snapshots=snapshots)
    if customer not in simulation.cast.members:
        if snapshots is not None:
            snapshots.forget(customer)
        raise NotFoundError(f"there was no customer {customer} then; name another customer, or a later time")
    stored = [decision for decision in recorded if decision.at <= at]
    last = max(stored, key=lambda decision: decision.at, default=None)
    seen = witness.seen
    if seen is not None and seen.at < record.releases[0].at:
        seen = None  # nothing was live yet: it is history that was imported later
    if seen is None or (last is not None and last.at >= seen.at):
        if last is not None:
            return _told(last)
    if seen is not None:
        return _told(seen)
    return _looked_at(simulation, rule, customer, at)


def decide_again(
    customer: str, at: Micros, record: Record, *, calls: Sequence[Decision] = ()
) -> list[Decision]:
    """Give everything that the rules decide for a customer up to an instant, from what was there by then.

    `calls` are the recorded decisions that somebody asked for: they are asked for again. The rest is as
    in `explain`.
    """
    known = record.until(at)
    replay = Replay(known)
    asked = deque(
        sorted(
            (msgspec.structs.replace(call, customer=customer) for call in calls),
            key=lambda call: (call.at, call.after or (0, 0), call.id),
        )
    )
    for event in replay.to_come():
        while asked and _came_before(asked[0], event, known.came(event)):
            replay.ask(asked.popleft())
        replay.take(event)
    for call in asked:
        replay.ask(call)
    replay.wait(at)
    return replay.simulation.changes.decisions


def _played(
    record: Record,
    rule: str,
    customer: str,
    at: Micros,
    witness: _Witness,
    *,
    sparing: bool,
    snapshots: Snapshots | None,
) -> Simulation:
    """Play a record up to an instant, for one rule; what it saw last is the witness's then."""
    if sparing:
        bearing = bearing_on(rule, [release.ruleset for release in record.releases], record.events)
        if snapshots is not None and bearing.weighs and snapshots.help_with(record, at):
            return snapshots.play(record, rule, customer, at, witness)
        simulation = play_all(Replay(record, witness, bearing=bearing), at)
        if not _is_about_another_kind(simulation, rule, customer, bearing):
            return simulation
        witness.seen = None
    return play_all(Replay(record, witness), at)


def _is_about_another_kind(simulation: Simulation, rule: str, customer: str, bearing: Bearing) -> bool:
    """Tell whether the rule is not about such customers, so that what it reads of them is not known."""
    member, found = simulation.cast.members.get(customer), bearing.rulesets[-1].rule(rule)
    return member is None or found is None or found.rule.on != member.kind


def _came_before(call: Decision, event: Event, at: Micros) -> bool:
    """Tell whether a call was decided before an event came, at the same instant perhaps."""
    if call.at != at:
        return call.at < at
    return isinstance(call.after, tuple) and call.after[0] < event.seq


def _told(decision: Decision) -> Explanation:
    return Explanation(
        rule=decision.rule,
        customer=decision.customer,
        at=decision.at,
        decision=decision.outcome.value,
        reason=decision.reason,
        lines=decision.lines,
        rule_hash=decision.rule_hash,
        trigger=decision.trigger,
        event=decision.event,
        starts=tuple(msgspec.to_builtins(start) for start in decision.starts),
    )


def _looked_at(simulation: Simulation, rule: str, customer: str, at: Micros) -> Explanation:
    """Show the lines as of an instant for a rule that had no cause to look."""
    compiled = simulation.ruleset.rule(rule)
    if compiled is None:
        raise NotFoundError(f"there was no live rule {rule} then; name another rule, or a later time")
    member = simulation.cast.get(customer)
    moment = Moment(simulation.world, member, simulation.changes, at, [], at_event=True)
    seen = preview(moment, Occasion(rule=compiled, kind="none", cause="why", event={}, from_at=at))
    return Explanation(rule, customer, at, None, NO_OCCASION, seen.lines, compiled.hash)
