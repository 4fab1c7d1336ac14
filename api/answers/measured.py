"""What the doors and the command line answer with about metrics and goals."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import msgspec

from engine.customers.zones import Zone, instant_of, moment_of
from engine.errors import RequestError
from engine.metrics.catalog import METRICS, Metric, curve_definition, definition_of, movements_definition
from engine.metrics.curves import Curve, Row, spans_of
from engine.metrics.figure import Window
from engine.metrics.formulas import Movements
from engine.metrics.history import Declared, Options, declared
from engine.metrics.periods import begins, number_of
from engine.model.reasons import GoalStatus, NoFigure, Restatement
from engine.model.values import Micros
from engine.model.workspace import Workspace
from engine.runtime.reports.goals import GoalState
from engine.runtime.reports.measures import Told
from engine.runtime.reports.measuring import Month, Sources


class VersionAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """A version of a closed month's figure, and why there is another one."""

    version: int
    computed_at: datetime
    why: Restatement
    value: int | Decimal | None
    numerator: int | Decimal | None
    denominator: int | Decimal | None
    reason: NoFigure | None
    definition: str


class FigureAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """A metric's value over [from, to), with what it rests on. `value` is null with a `reason`.

    Shares are parts of 1, money is in cents, times are in seconds. `of` counts observations, `low` and
    `high` are a 95% interval. `versions` are those that are kept of a closed month; `restated` tells
    that the latest is not the first.
    """

    metric: str
    group: str | None
    value: int | Decimal | None
    unit: str
    numerator: int | Decimal | None
    denominator: int | Decimal | None
    reason: NoFigure | None
    low: Decimal | None
    high: Decimal | None
    of: int | None
    from_: datetime = msgspec.field(name="from")
    to: datetime
    as_of: datetime
    zone: str
    complete: bool
    definition: str
    definition_version: int
    restated: bool
    version: int | None
    versions: list[VersionAnswer]


class MetricAnswer(FigureAnswer, frozen=True, kw_only=True):
    """A metric's figure about everybody, and one for each segment or part where that was asked."""

    groups: list[FigureAnswer]


def figure_answer(told: Told) -> FigureAnswer:
    """Give a figure as it is answered with."""
    figure = told.figure
    return FigureAnswer(
        metric=figure.metric,
        group=figure.group,
        value=figure.value,
        unit=figure.unit,
        numerator=figure.numerator,
        denominator=figure.denominator,
        reason=figure.reason,
        low=figure.low,
        high=figure.high,
        of=figure.of,
        from_=moment_of(figure.start),
        to=moment_of(figure.end),
        as_of=moment_of(figure.as_of),
        zone=figure.zone,
        complete=figure.complete,
        definition=figure.definition,
        definition_version=figure.definition_version,
        restated=told.restated,
        version=told.versions[-1].version if told.versions else None,
        versions=[
            VersionAnswer(
                version=one.version,
                computed_at=moment_of(one.computed_at),
                why=one.why,
                value=one.figure.value,
                numerator=one.figure.numerator,
                denominator=one.figure.denominator,
                reason=one.figure.reason,
                definition=one.figure.definition,
            )
            for one in told.versions
        ],
    )


def metric_answer(told: Sequence[Told]) -> MetricAnswer:
    """Give a metric's figures: the first is about everybody."""
    first = figure_answer(told[0])
    return MetricAnswer(
        **{name: getattr(first, name) for name in FigureAnswer.__struct_fields__},
        groups=[figure_answer(each) for each in told[1:]],
    )


class DefinitionAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """A metric: its formula in words, the id of its definition here, and what may be asked of it."""

    name: str
    title: str
    formula: str
    unit: str
    definition: str
    version: int
    options: list[str]
    by: list[str]


def definition_answer(metric: Metric, terms: Declared) -> DefinitionAnswer:
    """Give a metric as it is listed."""
    return DefinitionAnswer(
        name=metric.name,
        title=metric.title,
        formula=metric.formula,
        unit=metric.unit,
        definition=definition_of(metric, terms, Options()),
        version=metric.version,
        options=list(metric.options),
        by=["segment", *metric.parts],
    )


def definitions(workspace: Workspace) -> list[DefinitionAnswer]:
    """Give every metric, by name, and the two that are told in rows."""
    terms = declared(workspace)
    found = [definition_answer(metric, terms) for metric in METRICS.values()]
    rows = [
        DefinitionAnswer(
            name="retention",
            title="Retention curves",
            formula="of the customers of a period, those who are active in the k-th period after",
            unit="share",
            definition=curve_definition(Curve(), terms),
            version=1,
            options=["unit", "kind", "cohort", "cells", "brackets"],
            by=["segment"],
        ),
        DefinitionAnswer(
            name="mrr",
            title="Movements of monthly recurring revenue",
            formula="start + new + expansion + reactivation - contraction - churn = end, by month",
            unit="cents",
            definition=movements_definition(terms),
            version=1,
            options=[],
            by=[],
        ),
    ]
    return sorted([*found, *rows], key=lambda one: one.name)


class MonthAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """What moved of monthly recurring revenue in a month, in cents.

    Null with a `reason` where nobody has had a contract by its end.
    """

    from_: datetime = msgspec.field(name="from")
    to: datetime
    start: int | None
    new: int | None
    expansion: int | None
    reactivation: int | None
    contraction: int | None
    churn: int | None
    end: int | None
    reason: NoFigure | None
    complete: bool


class MovementsAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """Movements month by month: start + new + expansion + reactivation - contraction - churn = end."""

    currency: str
    as_of: datetime
    zone: str
    definition: str
    definition_version: int
    items: list[MonthAnswer]


def movements_answer(months: Sequence[Month], workspace: Workspace, as_of: Micros) -> MovementsAnswer:
    """Give movements as they are answered with."""
    return MovementsAnswer(
        currency=workspace.settings.currency,
        as_of=moment_of(as_of),
        zone=workspace.settings.timezone,
        definition=movements_definition(declared(workspace)),
        definition_version=1,
        items=[_month(month) for month in months],
    )


def _month(month: Month) -> MonthAnswer:
    moved = month.movements
    amounts = dict.fromkeys(Movements.__struct_fields__) if moved is None else msgspec.structs.asdict(moved)
    return MonthAnswer(
        from_=moment_of(month.start),
        to=moment_of(month.end),
        end=None if moved is None else moved.end,
        reason=NoFigure.EMPTY_DENOMINATOR if moved is None else None,
        complete=month.complete,
        **amounts,
    )


class CellAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """How many of a cohort were active in the periods `first` to `last` after its own."""

    first: int
    last: int
    value: Decimal | None
    numerator: int | None
    denominator: int
    reason: NoFigure | None


class CohortAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """The customers of a period and what became of them."""

    group: str | None
    from_: datetime = msgspec.field(name="from")
    to: datetime
    size: int
    cells: list[CellAnswer]


class RetentionAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """Retention curves of the cohorts that begin in [from, to)."""

    from_: datetime = msgspec.field(name="from")
    to: datetime
    as_of: datetime
    zone: str
    unit: str
    kind: str
    cohort: str
    definition: str
    definition_version: int
    items: list[CohortAnswer]


def retention_answer(
    curve: Curve, window: Window, found: Sequence[tuple[str | None, list[Row]]], workspace: Workspace
) -> RetentionAnswer:
    """Give curves as they are answered with."""
    spans = spans_of(curve)
    return RetentionAnswer(
        from_=moment_of(window.start),
        to=moment_of(window.end),
        as_of=moment_of(window.as_of),
        zone=window.zone,
        unit=curve.unit,
        kind=curve.kind,
        cohort=curve.cohort,
        definition=curve_definition(curve, declared(workspace)),
        definition_version=1,
        items=[
            CohortAnswer(
                group=group,
                from_=moment_of(row.start),
                to=moment_of(row.end),
                size=row.size,
                cells=[_cell(span, cell) for span, cell in zip(spans, row.cells, strict=True)],
            )
            for group, rows in found
            for row in rows
        ],
    )


def _cell(span: tuple[int, int], cell: Any) -> CellAnswer:
    return CellAnswer(
        first=span[0],
        last=span[1],
        value=cell.value,
        numerator=cell.numerator,
        denominator=cell.denominator,
        reason=cell.reason,
    )


class PairAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """Two sources: how many customers both name, and how many only one of them does."""

    one: str
    other: str
    both: int
    only_one: int
    only_other: int
    disagree: int


class SourcesAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """How many customers each source says have left in [from, to), and where two do not agree."""

    from_: datetime = msgspec.field(name="from")
    to: datetime
    as_of: datetime
    sources: dict[str, int]
    pairs: list[PairAnswer]


def sources_answer(found: Sources) -> SourcesAnswer:
    """Give who says that customers left, as it is answered with."""
    return SourcesAnswer(
        from_=moment_of(found.start),
        to=moment_of(found.end),
        as_of=moment_of(found.as_of),
        sources=dict(found.sources),
        pairs=[PairAnswer(**msgspec.structs.asdict(pair), disagree=pair.disagree) for pair in found.pairs],
    )


class MeasuredAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """A measurement: its value, over how many observations, of which time, as of when."""

    value: int | Decimal | None
    of: int
    from_: datetime = msgspec.field(name="from")
    to: datetime
    as_of: datetime


class GoalAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """A goal and where it stands. `baseline` is where it starts from, and `measured` what was found then.

    `pace` is what a straight line from the baseline to the target says of now. `final` tells that the
    deadline has come: nothing changes any more. `frozen` tells that the baseline is kept.
    """

    id: str
    owner: str | None
    description: str | None
    metric: str
    statistic: str
    unit: str
    status: GoalStatus
    from_: date = msgspec.field(name="from")
    deadline: date
    because: str | None
    workflows: list[str]
    at_least: int
    baseline: int | Decimal | None
    target: int | Decimal | None
    pace: int | Decimal | None
    current: MeasuredAnswer | None
    measured: MeasuredAnswer
    frozen: bool
    final: bool


def _measured(found: Any) -> MeasuredAnswer:
    return MeasuredAnswer(
        value=found.value,
        of=found.of,
        from_=moment_of(found.start),
        to=moment_of(found.end),
        as_of=moment_of(found.as_of),
    )


def goal_answer(state: GoalState) -> GoalAnswer:
    """Give a goal as it is answered with."""
    goal, standing = state.goal, state.standing
    return GoalAnswer(
        id=goal.id,
        owner=goal.owner,
        description=goal.description,
        metric=goal.metric,
        statistic=goal.statistic,
        unit=state.unit,
        status=standing.status,
        from_=goal.between[0],
        deadline=goal.between[1],
        because=goal.because,
        workflows=list(goal.workflows),
        at_least=goal.at_least.count,
        baseline=standing.baseline,
        target=standing.target,
        pace=standing.pace,
        current=None if standing.current is None else _measured(standing.current),
        measured=_measured(state.baseline),
        frozen=state.frozen,
        final=state.final,
    )


def moment(text: str, zone: Zone, name: str) -> Micros:
    """Read a day, which is its local midnight, or an instant, which is local without an offset.

    Raises RequestError.
    """
    # In a query a plus sign that was not escaped has become a space.
    written = text.strip().replace(" ", "+") if "T" in text else text.strip()
    try:
        if len(written) == len("2026-01-01"):
            return zone.start_of_day(date.fromisoformat(written).toordinal())
        found = datetime.fromisoformat(written)
        found = found if found.tzinfo is not None else found.replace(tzinfo=zone.tz)
        instant = instant_of(found)
        if not 1970 <= moment_of(instant).year <= 2200:
            raise ValueError(written)
        return instant
    except (ValueError, OverflowError):
        detail = f"{name} is no day or time of 1970 to 2200; send it as 2026-03-01 or 2026-03-01T09:00:00Z"
        raise RequestError(
            detail, code="invalid_parameter", errors=((f"/{name}", "invalid_value", detail),)
        ) from None


def span(start: str | None, end: str | None, zone: Zone, now: Micros) -> tuple[Micros, Micros]:
    """Read a span; by default the last closed month, or up to now. Raises RequestError."""
    current = number_of("month", zone.day_of(now), zone)
    if start is None and end is None:
        return begins("month", current - 1, zone), begins("month", current, zone)
    last = now if end is None else moment(end, zone, "to")
    first = begins("month", current - 1, zone) if start is None else moment(start, zone, "from")
    return first, last


def brackets_of(text: str | None) -> tuple[tuple[int, int], ...]:
    """Read brackets written as `1-1,2-3,4-7`; raises RequestError."""
    found: list[tuple[int, int]] = []
    for part in (text or "").split(","):
        first, _, last = part.strip().partition("-")
        if not first.isdigit() or not (last or first).isdigit() or len(part) > 12 or len(found) >= 100:
            break
        low, high = int(first), int(last or first)
        if not 1 <= low <= high <= 1000:
            break
        found.append((low, high))
    else:
        return tuple(found)
    detail = "brackets are periods after the cohort's own; send them as 1-1,2-3,4-7"
    raise RequestError(detail, code="invalid_parameter", errors=(("/brackets", "invalid_value", detail),))
