"""The matrix: declared facts of every customer at a few instants, through the engine's own fact code."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from decimal import Decimal
from typing import Any

import msgspec

from engine.authoring.outcomes.outcome import History, Outcome
from engine.authoring.outcomes.replay import Progress, replay
from engine.authoring.simulate import Simulation
from engine.customers.definitions import ComputedFact, NamedFact, TraitFact
from engine.customers.event import Event
from engine.errors import RequestError
from engine.expressions import Kind
from engine.model.actions import CONTRACT_EVENTS
from engine.model.values import DAY, SECOND, Micros
from engine.runs.changes import Changes
from engine.timeline.moment import Moment
from engine.timeline.ruleset import Ruleset

_PLAIN = (Kind.NUMBER, Kind.BOOLEAN, Kind.DURATION)


class Row(msgspec.Struct, frozen=True):
    """A customer at a look: numbers of the facts in their order (None: unknown), and what came after."""

    customer: str
    at: Micros
    values: tuple[float | None, ...]
    came: bool


def usable(ruleset: Ruleset) -> list[str]:
    """Give the facts of persons that are numbers, lengths of time or yes and no, by name."""
    found = []
    for name, fact in sorted(ruleset.facts.facts["person"].items()):
        kind = ruleset.catalog.person[name]
        counted = isinstance(fact, ComputedFact) and fact.function != "cohort" and kind in (*_PLAIN, Kind.ANY)
        if counted or (isinstance(fact, TraitFact) and kind in _PLAIN) or isinstance(fact, NamedFact):
            found.append(name)
    return found


def quiet_fact(ruleset: Ruleset, wanted: str | None = None) -> str:
    """Give the fact that tells how long a customer has been quiet: the one named, else a `since`.

    One of any event goes before one of a certain event. Raises RequestError where there is none.
    """
    facts = ruleset.facts.facts["person"]
    silent = [
        (fact.series.form.event != "any", name)
        for name, fact in facts.items()
        if isinstance(fact, ComputedFact) and fact.function == "since"
    ]
    if wanted is not None and wanted not in facts:
        raise RequestError(f"there is no fact {wanted}; declare it in a facts file")
    if wanted is None and not silent:
        raise RequestError(
            "no fact tells how long a customer is quiet; declare one, such as quiet_for: {since: any}"
        )
    return wanted if wanted is not None else min(silent)[1]


def matrix(
    ruleset: Ruleset,
    events: Sequence[Event],
    outcome: Outcome,
    facts: Sequence[str],
    cuts: Sequence[Micros],
    *,
    within: Micros,
    until: Micros,
    progress: Progress | None = None,
) -> list[Row]:
    """Give a row for each customer and cut: the facts as a schedule at the cut sees them, and what came.

    Where the outcome is something that is sent, events only make facts, as in a backtest at an instant;
    else everything is played. Customers who cannot come to the outcome any more are left out.
    """
    seen: list[tuple[str, Micros, tuple[float | None, ...]]] = []

    def look(simulation: Simulation, history: History, at: Micros) -> None:
        for name in sorted(simulation.cast.members):
            member = simulation.cast.members[name]
            if member.kind != "person" or not history.can_have(member, at):
                continue
            known = Moment(simulation.world, member, Changes(), at, [], at_event=False).facts()
            seen.append((name, at, tuple(_number(known[fact]) for fact in facts)))

    history = replay(
        ruleset, events, outcome, cuts, look, until=until, progress=progress, facts_only=_is_sent(outcome)
    )
    return [Row(name, at, row, history.within(name, at, at + within)) for name, at, row in seen]


def _is_sent(outcome: Outcome) -> bool:
    return outcome.key is None and outcome.event not in CONTRACT_EVENTS


def _number(value: Any) -> float | None:
    """Give a fact as a number: yes is 1, a length of time is in days; None for anything else."""
    if isinstance(value, timedelta):
        return value / timedelta(microseconds=SECOND) * SECOND / DAY
    if isinstance(value, (bool, int, float, Decimal)):
        return float(value)
    return None
