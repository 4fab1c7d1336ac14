"""Differing: whom an edit of the policy decides otherwise, and the lines that make it so.

Customers do not depend on one another but for the base's own figures. So those who differ are played
once more by themselves, beside the figures of the whole, and this time every line is looked at.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import msgspec

from engine.authoring.backtest.playing import (
    Backtest,
    Progress,
    evaluate_once,
    inputs_of,
    learn_all,
    play_all,
)
from engine.authoring.simulate import Simulation
from engine.customers.event import Event
from engine.decisions.decision import Decision, Line
from engine.model.reasons import DecisionOutcome
from engine.model.values import Micros
from engine.timeline.ruleset import Ruleset

Place = tuple[str, str, Micros]
"""A rule, a customer and an instant."""

WOULD = frozenset((DecisionOutcome.FIRED, DecisionOutcome.SHADOW))
"""What a rule would do, whether or not it is only looking on yet."""

NOT_ASKED = "not_asked"
"""The rule had no cause to look at that instant."""


class DifferentLine(msgspec.Struct, frozen=True):
    """A line with other outcomes on the two sides; None on the side that does not have it."""

    text: str
    old: str | None
    new: str | None
    values: dict[str, Any] = {}


class Difference(msgspec.Struct, frozen=True):
    """A customer of whom a rule decided otherwise, at the first such instant."""

    rule: str
    customer: str
    at: Micros
    old: str
    new: str
    lines: tuple[DifferentLine, ...] = ()


class _Looks:
    """Keeps what rules saw at some places."""

    def __init__(self, places: Iterable[Place]) -> None:
        self._places = {(rule, customer) for rule, customer, _ in places}
        self._at = {at for _, _, at in places}
        self.seen: dict[Place, Decision] = {}

    def __call__(self, rule: str, customer: str, look: Callable[[], Decision]) -> None:
        if (rule, customer) in self._places:
            decision = look()
            if decision.at in self._at:
                self.seen[rule, customer, decision.at] = decision


def differences(
    old: tuple[Ruleset, Backtest],
    new: tuple[Ruleset, Backtest],
    events: Sequence[Event],
    *,
    rules: Iterable[str] = (),
    progress: Progress | None = None,
) -> list[Difference]:
    """Give who fired on one side and not on the other, in the order of rule and customer."""
    only = frozenset(rules)
    before, after = _fired(old[1], only), _fired(new[1], only)
    places = [
        (rule, customer, min(before.get((rule, customer), set()) ^ after.get((rule, customer), set())))
        for rule, customer in sorted(before.keys() | after.keys())
        if before.get((rule, customer)) != after.get((rule, customer))
    ]
    if not places:
        return []
    then = _look(*old, events, places, progress)
    now = _look(*new, events, places, progress)
    return [
        Difference(
            rule=place[0],
            customer=place[1],
            at=place[2],
            old=_outcome(then.get(place)),
            new=_outcome(now.get(place)),
            lines=_lines(then.get(place), now.get(place)),
        )
        for place in places
    ]


def _fired(report: Backtest, only: frozenset[str]) -> dict[tuple[str, str], set[Micros]]:
    found: dict[tuple[str, str], set[Micros]] = {}
    for decision in report.decisions:
        if decision.outcome in WOULD and (not only or decision.rule in only):
            found.setdefault((decision.rule, decision.customer), set()).add(decision.at)
    return found


def _look(
    ruleset: Ruleset,
    report: Backtest,
    events: Sequence[Event],
    places: Sequence[Place],
    progress: Progress | None,
) -> dict[Place, Decision]:
    """Play the customers of some places again, and look at the rules there."""
    names = {customer for _, customer, _ in places}
    names |= {person for person, account in report.accounts.items() if account in names}
    names |= {report.accounts[name] for name in names if name in report.accounts}
    looks = _Looks(places)
    simulation = Simulation(ruleset, figures=report.figures, witness=looks)
    last = max(at for _, _, at in places)
    own = [
        event
        for event in inputs_of(events)
        if event.received_at <= last and (event.customer in names or event.account in names)
    ]
    if report.at is None:
        play_all(simulation, own, last, progress)
    else:
        learn_all(simulation, own, progress)
        evaluate_once(simulation, report.at, frozenset(rule for rule, _, _ in places))
    return looks.seen


def _outcome(seen: Decision | None) -> str:
    return NOT_ASKED if seen is None else seen.outcome.value


def _lines(then: Decision | None, now: Decision | None) -> tuple[DifferentLine, ...]:
    """Give the lines that are not on both sides with one outcome; where one side did not look, all."""
    if then is None or now is None:
        seen = then or now
        return () if seen is None else tuple(_one_sided(seen.lines, old=then is not None))
    before = {line.text: line for line in then.lines}
    after = {line.text: line for line in now.lines}
    found = []
    for text in dict.fromkeys([*before, *after]):
        old, new = before.get(text), after.get(text)
        outcomes = (None if old is None else old.outcome), (None if new is None else new.outcome)
        line = new or old
        if outcomes[0] != outcomes[1] and line is not None:
            found.append(DifferentLine(text, *outcomes, line.values))
    return tuple(found)


def _one_sided(lines: Iterable[Line], *, old: bool) -> Iterable[DifferentLine]:
    for line in lines:
        yield DifferentLine(
            line.text, line.outcome if old else None, None if old else line.outcome, line.values
        )
