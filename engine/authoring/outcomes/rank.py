"""Rank: how well one fact alone tells who comes to an outcome."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec

from engine.authoring.outcomes.matrix import Row, matrix
from engine.authoring.outcomes.outcome import History, outcome_of
from engine.authoring.outcomes.ranking import auc
from engine.authoring.outcomes.replay import Progress, replay, without_rules
from engine.authoring.simulate import Simulation
from engine.customers.event import Event
from engine.errors import RequestError
from engine.model.values import Micros
from engine.model.workspace import Workspace


class Ranked(msgspec.Struct, frozen=True, kw_only=True):
    """How a fact ranks customers at an instant against what came after.

    auc: the chance that one with the outcome has a higher value than one without; unknown values are left
    out. gaps: the base's own 90th percentile of days between active days, by event, where it is asked for.
    """

    fact: str
    outcome: str
    at: Micros
    within: Micros
    n: int
    had: int
    unknown: int
    auc: float | None
    gaps: dict[str, int | None]


def rank(
    workspace: Workspace,
    events: Sequence[Event],
    fact: str,
    *,
    outcome: str,
    at: Micros,
    within: Micros,
    as_of: Micros | None = None,
    progress: Progress | None = None,
) -> Ranked:
    """Hold a fact at an instant against the outcome in the span after it.

    What is stored is whole up to `as_of`, by default the last event. Raises RequestError.
    """
    ruleset, wanted = without_rules(workspace), outcome_of(workspace, outcome)
    end = as_of if as_of is not None else max((event.received_at for event in events), default=0)
    if at + within > end:
        raise RequestError("the span after --at is not over yet; choose an earlier one, or a shorter span")
    if fact not in ruleset.facts.facts["person"]:
        raise RequestError(f"there is no fact {fact} of persons; declare it in a facts file")
    rows = matrix(ruleset, events, wanted, [fact], [at], within=within, until=at + within, progress=progress)
    known = [(row, value) for row in rows if (value := row.values[0]) is not None]
    gaps: dict[str, int | None] = {}

    def look(simulation: Simulation, history: History, cut: Micros) -> None:
        gaps.update(simulation.figures.at(cut).gaps)

    if ruleset.facts.gaps["person"]:
        replay(ruleset, events, wanted, [at], look, until=at, facts_only=True)
    return Ranked(
        fact=fact,
        outcome=outcome,
        at=at,
        within=within,
        n=len(known),
        had=_had(row for row, _ in known),
        unknown=len(rows) - len(known),
        auc=auc([value for _, value in known], [row.came for row, _ in known]),
        gaps={name.partition(":")[2]: days for name, days in gaps.items() if name.startswith("person:")},
    )


def _had(rows: Iterable[Row]) -> int:
    return sum(row.came for row in rows)
