"""A logistic model of an outcome on the workspace's own history, held against plain days of quiet."""

from __future__ import annotations

import math
from collections.abc import Sequence
from statistics import fmean, median, pstdev
from typing import Any

import msgspec

from engine.authoring.outcomes.matrix import Row, matrix, quiet_fact, usable
from engine.authoring.outcomes.outcome import outcome_of
from engine.authoring.outcomes.ranking import Bin, Difference, auc, brier, compare, reliability
from engine.authoring.outcomes.replay import Progress, month_starts, without_rules
from engine.customers.event import Event
from engine.errors import RequestError
from engine.model.values import Micros
from engine.model.workspace import Workspace

LEAST = 30
"""Under so many customers with the outcome, or without it, nothing is fitted."""

NEEDS_ML = "this needs scikit-learn; install it with: pip install 'holdfast[ml]'"


class Weight(msgspec.Struct, frozen=True, kw_only=True):
    """What the model makes of a fact.

    Unknown values are taken for `unknown_as`. Where `logarithm`, the logarithm of 1 + value is read. It is
    brought to mean 0 and sd 1 by `mean` and `sd`; then `weight` is what one sd more adds to the log-odds.
    """

    fact: str
    weight: float
    mean: float
    sd: float
    unknown_as: float
    logarithm: bool


class Judged(msgspec.Struct, frozen=True, kw_only=True):
    """How well chances told what came in the later period."""

    auc: float | None
    brier: float
    reliability: list[Bin]


class Fit(msgspec.Struct, frozen=True, kw_only=True):
    """A model, what it was made of, and how it stands against days of quiet on a later period.

    `looks` are the instants learnt from, all over by `until`, at which it is judged.
    """

    outcome: str
    within: Micros
    until: Micros
    looks: tuple[Micros, ...]
    learnt_from: int
    learnt_had: int
    intercept: float
    weights: list[Weight]
    judged_on: int
    judged_had: int
    quiet_fact: str
    model: Judged
    quiet: Judged
    difference: Difference | None

    @property
    def better(self) -> bool:
        """Whether the model ranks better beyond chance, and its chances are no further from what came."""
        ahead = self.difference is not None and self.difference.low > 0
        return ahead and self.model.brier <= self.quiet.brier


def fit(
    workspace: Workspace,
    events: Sequence[Event],
    *,
    outcome: str,
    within: Micros,
    until: Micros | None = None,
    facts: Sequence[str] = (),
    quiet: str | None = None,
    as_of: Micros | None = None,
    progress: Progress | None = None,
) -> Fit:
    """Learn from the months whose span was over at `until`, and judge at `until` by what came after.

    `until` is by default the last instant whose span is over; what is stored is whole up to `as_of`, by
    default the last event. Nothing that was received after a look is
    known in it. Raises RequestError where there is too little history, or scikit-learn is missing.
    """
    ruleset = without_rules(workspace)
    wanted = outcome_of(workspace, outcome)
    if not events:
        raise RequestError("there are no events to learn from; import some with --history")
    end = as_of if as_of is not None else max(event.received_at for event in events)
    until = end - within if until is None else until
    if until + within > end:
        raise RequestError("the span after --until is not over yet; choose an earlier one, or a shorter span")
    looks = [at for at in month_starts(ruleset.zone, events[0].received_at, until) if at + within <= until]
    silent = quiet_fact(ruleset, quiet)
    names = list(dict.fromkeys([*(facts or usable(ruleset)), silent]))
    for name in names:
        if name not in ruleset.facts.facts["person"]:
            raise RequestError(f"there is no fact {name} of persons; declare it in a facts file")
    cuts = [*looks, until]
    rows = matrix(
        ruleset, events, wanted, names, cuts, within=within, until=until + within, progress=progress
    )
    learnt = [row for row in rows if row.at < until]
    later = [row for row in rows if row.at == until]
    for what, some in (("to learn from", learnt), ("to judge by", later)):
        had = sum(row.came for row in some)
        if min(had, len(some) - had) < LEAST:
            raise RequestError(
                f"there is too little history {what}: of {len(some):,} looks at customers {had:,} came to "
                f"{outcome}; import more: {LEAST} with it and {LEAST} without it are the least"
            )
    kept = [name for place, name in enumerate(names) if _varies(learnt, place)]
    if silent not in kept:
        raise RequestError(f"{silent} is the same for everybody; name another fact with --quiet")
    chances, intercept, weights = _logistic(learnt, later, names, kept)
    quiet_chances, _, _ = _logistic(learnt, later, names, [silent])
    came = [row.came for row in later]
    return Fit(
        outcome=outcome,
        within=within,
        until=until,
        looks=tuple(looks),
        learnt_from=len(learnt),
        learnt_had=sum(row.came for row in learnt),
        intercept=intercept,
        weights=weights,
        judged_on=len(later),
        judged_had=sum(came),
        quiet_fact=silent,
        model=_judged(chances, came),
        quiet=_judged(quiet_chances, came),
        difference=compare(chances, quiet_chances, came),
    )


def _judged(chances: Sequence[float], came: Sequence[bool]) -> Judged:
    return Judged(auc=auc(chances, came), brier=brier(chances, came), reliability=reliability(chances, came))


def _varies(rows: Sequence[Row], place: int) -> bool:
    return len({row.values[place] for row in rows} - {None}) > 1


def _logistic(
    learnt: Sequence[Row], later: Sequence[Row], names: Sequence[str], kept: Sequence[str]
) -> tuple[list[float], float, list[Weight]]:
    """Fit on what was learnt; give the later chances, the intercept and the weights."""
    try:
        from sklearn.linear_model import LogisticRegression  # type: ignore[import-untyped]
    except ImportError:
        raise RequestError(NEEDS_ML, code="needs_ml") from None
    scales = [_scale(learnt, names.index(name), name) for name in kept]
    places = [names.index(name) for name in kept]
    model: Any = LogisticRegression(C=1.0, solver="lbfgs", max_iter=1000)
    model.fit(_scaled(learnt, places, scales), [row.came for row in learnt])
    chances = [float(pair[1]) for pair in model.predict_proba(_scaled(later, places, scales))]
    weights = [
        msgspec.structs.replace(scale, weight=float(weight))
        for scale, weight in zip(scales, model.coef_[0], strict=True)
    ]
    weights.sort(key=lambda one: (-abs(one.weight), one.fact))
    return chances, float(model.intercept_[0]), weights


def _scale(rows: Sequence[Row], place: int, name: str) -> Weight:
    known = [value for row in rows if (value := row.values[place]) is not None]
    logarithm = min(known) >= 0 and max(known) > 1
    middle = median(known)
    read = [
        _read(middle if row.values[place] is None else row.values[place], logarithm)  # type: ignore[arg-type]
        for row in rows
    ]
    return Weight(
        fact=name, weight=0.0, mean=fmean(read), sd=pstdev(read) or 1.0, unknown_as=middle,
        logarithm=logarithm,
    )  # fmt: skip


def _read(value: float, logarithm: bool) -> float:
    return math.log1p(max(value, 0.0)) if logarithm else value


def _scaled(rows: Sequence[Row], places: Sequence[int], scales: Sequence[Weight]) -> list[list[float]]:
    found = []
    for row in rows:
        line = []
        for place, scale in zip(places, scales, strict=True):
            value = row.values[place]
            read = _read(scale.unknown_as if value is None else value, scale.logarithm)
            line.append((read - scale.mean) / scale.sd)
        found.append(line)
    return found
