"""Why: what a rule saw and decided for one customer at a past instant, rebuilt from its record.

The customer's events are played again under the releases that were live, with the base's figures as
they were stored; what the engine's own runs did comes from the record, what it derived is derived
again. So a rule that did not fire is explained with the lines as they were then. What does not bear on
the rule is left out (see `engine.authoring.bearing`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import msgspec

from engine.authoring.bearing import Bearing, bearing_on
from engine.authoring.simulate import Figures, Simulation
from engine.customers.event import Event
from engine.customers.merging import rebuild
from engine.decisions.decide import Occasion
from engine.decisions.decision import Decision, Line
from engine.errors import NotFoundError
from engine.model.values import Micros
from engine.timeline import play
from engine.timeline.choose import preview
from engine.timeline.moment import Moment
from engine.timeline.ruleset import Ruleset
from engine.timeline.world import Outage

NO_OCCASION = "no_occasion"
"""The rule had no cause to look at this customer up to that instant; its lines are as of then."""


class Release(msgspec.Struct, frozen=True):
    """A ruleset, and the instant from which it was live."""

    at: Micros
    ruleset: Ruleset


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
    *,
    releases: Sequence[Release],
    events: Sequence[Event],
    figures: Figures,
    outages: Sequence[Outage] = (),
    recorded: Sequence[Decision] = (),
    sparing: bool = True,
) -> Explanation:
    """Explain a rule for a customer as of an instant.

    `releases` in the order of time, `events` of the customer (and, for an account, of its members)
    up to the instant in the order (received, seq), `recorded` the rule's stored decisions for the
    customer. Not `sparing`, everything is played, which comes to the same. Raises NotFoundError where no
    release up to then had the rule, or there was no such customer.
    """
    live = [release for release in releases if release.at <= at] or list(releases[:1])
    if not live or live[-1].ruleset.rule(rule) is None:
        raise NotFoundError(f"there was no live rule {rule} then; name another rule, or a later time")
    came = [event for event in events if event.received_at <= at]
    rulesets = [release.ruleset for release in live]
    bearing = bearing_on(rule, rulesets, came) if sparing else Bearing(tuple(rulesets))
    witness = _Witness(rule, customer)
    simulation = _play(live, came, at, figures, outages, witness, bearing=bearing)
    if _is_about_another_kind(simulation, rule, customer, bearing):
        witness = _Witness(rule, customer)
        simulation = _play(live, came, at, figures, outages, witness)
    if customer not in simulation.cast.members:
        raise NotFoundError(f"there was no customer {customer} then; name another customer, or a later time")
    stored = [decision for decision in recorded if decision.at <= at]
    last = max(stored, key=lambda decision: decision.at, default=None)
    seen = witness.seen
    if seen is not None and seen.at < releases[0].at:
        seen = None  # nothing was live yet: it is history that was imported later
    if seen is None or (last is not None and last.at >= seen.at):
        if last is not None:
            return _told(last)
    if seen is not None:
        return _told(seen)
    return _looked_at(simulation, rule, customer, at)


def decide_again(
    customer: str,
    at: Micros,
    *,
    releases: Sequence[Release],
    events: Sequence[Event],
    figures: Figures,
    outages: Sequence[Outage] = (),
    calls: Sequence[Decision] = (),
) -> list[Decision]:
    """Give everything that the rules decide for a customer up to an instant, from what was there by then.

    `calls` are the recorded decisions that somebody asked for: they are asked for again. The rest is as
    in `explain`.
    """
    live = [release for release in releases if release.at <= at] or list(releases[:1])
    asked = sorted(
        (msgspec.structs.replace(call, customer=customer) for call in calls),
        key=lambda call: (call.at, call.after or (0, 0), call.id),
    )
    return _play(live, events, at, figures, outages, None, asked).changes.decisions


def _is_about_another_kind(simulation: Simulation, rule: str, customer: str, bearing: Bearing) -> bool:
    """Tell whether the rule is not about such customers, so that what it reads of them is not known."""
    member, found = simulation.cast.members.get(customer), bearing.rulesets[-1].rule(rule)
    return member is None or found is None or found.rule.on != member.kind


def _play(
    releases: Sequence[Release],
    events: Sequence[Event],
    at: Micros,
    figures: Figures,
    outages: Sequence[Outage],
    witness: _Witness | None,
    calls: Sequence[Decision] = (),
    bearing: Bearing | None = None,
) -> Simulation:
    """Play events up to an instant, changing over to each release when it went live.

    `bearing` tells what of it is to be played; without it all is. Whose time begins does so with their
    first event in any case.
    """
    bearing = bearing or Bearing(tuple(release.ruleset for release in releases))
    releases = [
        msgspec.structs.replace(release, ruleset=ruleset)
        for release, ruleset in zip(releases, bearing.rulesets, strict=True)
    ]
    simulation = _under(releases[0].ruleset, figures, outages, witness)
    played: list[Event] = []
    learnt: dict[str, Micros] = {}
    coming, asked = list(releases[1:]), list(calls)
    for event in [event for event in events if event.received_at <= at]:
        while asked and _came_before(asked[0], event):
            _settle(simulation, learnt)
            while coming and coming[0].at <= asked[0].at:
                simulation = _change_over(simulation, coming.pop(0), played, figures, outages, witness)
            _ask(simulation, asked.pop(0))
        while coming and coming[0].at <= event.received_at:
            simulation = _change_over(simulation, coming.pop(0), played, figures, outages, witness)
        wanted = bearing.concerns(event) or not simulation.cast.members
        if wanted or bearing.contracts:
            played.append(event)
        if event.cause == "history":
            simulation.learn(event)
            learnt[event.customer] = event.received_at
            continue
        _settle(simulation, learnt)
        if wanted:
            simulation.follow(event)
        else:
            simulation.pass_by(event)
    _settle(simulation, learnt)
    for call in asked:
        while coming and coming[0].at <= call.at:
            simulation = _change_over(simulation, coming.pop(0), played, figures, outages, witness)
        _ask(simulation, call)
    while coming and coming[0].at <= at:
        simulation = _change_over(simulation, coming.pop(0), played, figures, outages, witness)
    simulation.advance(at)
    return simulation


def _came_before(call: Decision, event: Event) -> bool:
    """Tell whether a call was decided before an event was accepted, at the same instant perhaps."""
    if call.at != event.received_at:
        return call.at < event.received_at
    return isinstance(call.after, tuple) and call.after[0] < event.seq


def _ask(simulation: Simulation, call: Decision) -> None:
    """Ask for a decision again that somebody asked for."""
    simulation.advance(call.at - 1)
    if simulation.ruleset.rule(call.rule) is not None:
        key = call.trigger_key.partition("/call/")[2]
        play.call_rule(
            simulation.world, simulation.cast, simulation.changes, call.rule, call.customer, call.event,
            call.at, key,
        )  # fmt: skip
        simulation.touched()


def _settle(simulation: Simulation, learnt: dict[str, Micros]) -> None:
    """Go on from imported history once it is all in."""
    for name, now in learnt.items():
        simulation.settle_in(name, now)
    learnt.clear()


def _under(
    ruleset: Ruleset, figures: Figures, outages: Sequence[Outage], witness: _Witness | None
) -> Simulation:
    return Simulation(ruleset, figures=figures, outages=outages, starts_runs=False, witness=witness)


def _change_over(
    before: Simulation,
    release: Release,
    played: Sequence[Event],
    figures: Figures,
    outages: Sequence[Outage],
    witness: _Witness | None,
) -> Simulation:
    """Do as a release does: build the facts anew from the events, keep what was decided."""
    before.advance(release.at - 1)
    after = _under(release.ruleset, figures, outages, witness)
    after.changes.decisions += before.changes.decisions
    for name, member in before.cast.members.items():
        own = [event for event in played if name in (event.customer, event.account)]
        member.facts = rebuild(release.ruleset.facts, name, member.kind, own)
        after.cast.members[name] = member
        play.adopt(after.world, after.cast, after.changes, name, release.at, "release")
    after.touched()
    return after


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
