"""Metrics: figures with what they rest on, retention curves, revenue by month, and who says who left."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from litestar import get
from litestar.params import FromPath

from api.answers.measured import (
    DefinitionAnswer,
    FigureAnswer,
    MetricAnswer,
    MovementsAnswer,
    RetentionAnswer,
    SourcesAnswer,
    brackets_of,
    definitions,
    figure_answer,
    metric_answer,
    moment,
    movements_answer,
    retention_answer,
    sources_answer,
    span,
)
from api.auth import SEE
from api.doors import Call, aside, door, engine_of, query_of
from api.written import Moment
from engine.customers.zones import Zone, zone
from engine.errors import RequestError
from engine.metrics.catalog import METRICS, definition_id
from engine.metrics.curves import Cohort, Curve, Kind
from engine.metrics.figure import Figure
from engine.metrics.formulas import retention_of_counts
from engine.metrics.history import Clock, Options, Statistic, Variant
from engine.metrics.periods import Unit
from engine.model.metric import ChurnFormula
from engine.model.values import DAY, Micros
from engine.runtime.engine import Engine
from engine.runtime.reports.measures import Told
from engine.runtime.reports.measuring import metric_named

Count = Annotated[int, msgspec.Meta(ge=0, le=10**15)]


class Span(msgspec.Struct, kw_only=True, frozen=True, forbid_unknown_fields=True):
    """Half-open, from `from` to before `to`; the last closed month by default."""

    from_: Moment | None = msgspec.field(name="from", default=None)
    to: Moment | None = None
    as_of: Annotated[
        Moment | None, msgspec.Meta(description="Only what had been received by then; now by default.")
    ] = None


class KindQuery(Span, kw_only=True, frozen=True, forbid_unknown_fields=True):
    """Over which time, and which of a metric's kinds."""

    statistic: Statistic = "median"
    clock: Clock = "calendar"
    variant: Variant = "returning_in_period"
    formula: ChurnFormula | None = None
    include_reactivation: bool | None = None


class MetricQuery(KindQuery, kw_only=True, frozen=True, forbid_unknown_fields=True):
    """Over which time, by what, and which of its kinds. `start`, `new` and `end` are counts, for crr only."""

    by: str | None = None
    start: Count | None = None
    new: Count | None = None
    end: Count | None = None


class CurveQuery(Span, kw_only=True, frozen=True, forbid_unknown_fields=True):
    """Which cohorts, in which periods. `by` is segment, or day, week or month for `unit`."""

    by: Literal["segment", "day", "week", "month"] | None = None
    unit: Unit = "month"
    kind: Kind = "n_day"
    cohort: Cohort = "first"
    cells: Annotated[int, msgspec.Meta(ge=1, le=400)] = 12
    brackets: str | None = None


class Definitions(msgspec.Struct, frozen=True):
    """Every metric that there is."""

    items: list[DefinitionAnswer]
    next_cursor: str | None = None


class Figures(msgspec.Struct, frozen=True):
    """Figures: of each metric over one time, or of one metric month by month."""

    items: list[FigureAnswer]
    next_cursor: str | None = None


LONGEST_CURVE = 2000
"""So many cohorts at most in one answer."""

LONGEST_SERIES = 120
"""So many months of a metric at most in one answer."""


def _zone(engine: Engine) -> Zone:
    settings = engine.workspace.settings
    return zone(settings.timezone, settings.week_starts)


def _span(engine: Engine, query: Span) -> tuple[Micros, Micros, Micros | None]:
    where = _zone(engine)
    start, end = span(query.from_, query.to, where, engine.measures.now())
    return start, end, None if query.as_of is None else moment(query.as_of, where, "as_of")


@get("/v1/metrics", opt=door(SEE))
async def get_metric_definitions(request: Call) -> Definitions:
    """List the metrics: what each says, its formula, and the id of its definition in this workspace."""
    return Definitions(definitions(engine_of(request).workspace))


@get("/v1/metrics/figures", opt=door(SEE, query=Span))
async def get_figures(request: Call) -> Figures:
    """Give the figure of each metric over a time, with what it rests on; the base is gone through once."""
    query, engine = query_of(request, Span), engine_of(request)
    start, end, as_of = _span(engine, query)
    found = await aside(lambda: engine.measures.every(start, end, as_of))
    return Figures([figure_answer(each) for each in found])


@get("/v1/metrics/retention", opt=door(SEE, query=CurveQuery))
async def get_retention(request: Call) -> RetentionAnswer:
    """Give retention curves: of the customers of a period, those who are active in later ones."""
    query, engine = query_of(request, CurveQuery), engine_of(request)
    start, end, as_of = _span(engine, query)
    unit: Unit = query.unit if query.by in (None, "segment") else query.by  # type: ignore[assignment]
    brackets = brackets_of(query.brackets) if query.kind == "bracket" else ()
    curve = Curve(unit=unit, kind=query.kind, cohort=query.cohort, brackets=brackets, cells=query.cells)
    if (end - start) / {"day": 1, "week": 7, "month": 28}[unit] > LONGEST_CURVE * DAY:
        detail = f"that is more than {LONGEST_CURVE} cohorts; send a later `from`, or a longer `unit`"
        raise RequestError(detail, code="invalid_parameter", errors=(("/from", "invalid_value", detail),))
    window, found = await aside(lambda: engine.measures.curves(curve, start, end, by=query.by, as_of=as_of))
    return retention_answer(curve, window, found, engine.workspace)


@get("/v1/metrics/mrr", opt=door(SEE, query=Span))
async def get_movements(request: Call) -> MovementsAnswer:
    """Give what moved of monthly recurring revenue, month by month, in cents."""
    query, engine = query_of(request, Span), engine_of(request)
    start, end, as_of = _span(engine, query)
    months = await aside(lambda: engine.measures.revenue(start, end, as_of))
    return movements_answer(months, engine.workspace, engine.measures.now() if as_of is None else as_of)


@get("/v1/metrics/churn_sources", opt=door(SEE, query=Span))
async def get_sources(request: Call) -> SourcesAnswer:
    """Give who says that how many customers left, and where two of them do not agree."""
    query, engine = query_of(request, Span), engine_of(request)
    start, end, as_of = _span(engine, query)
    return sources_answer(await aside(lambda: engine.measures.sources(start, end, as_of)))


@get("/v1/metrics/{name:str}", opt=door(SEE, query=MetricQuery))
async def get_metric(request: Call, name: FromPath[str]) -> MetricAnswer:
    """Give a metric over a time, of everybody and of each segment or part, with what it rests on."""
    query, engine = query_of(request, MetricQuery), engine_of(request)
    metric_named(name)
    counts = (query.start, query.new, query.end)
    start, end, as_of = _span(engine, query)
    if any(count is not None for count in counts):
        return metric_answer([_of_counts(engine, name, counts, start, end)])
    options = _options(query)
    told = await aside(
        lambda: engine.measures.figures(name, start, end, by=query.by, options=options, as_of=as_of)
    )
    return metric_answer(told)


@get("/v1/metrics/{name:str}/months", opt=door(SEE, query=KindQuery))
async def get_metric_months(request: Call, name: FromPath[str]) -> Figures:
    """Give a metric of each calendar month of a time, with what it rests on."""
    query, engine = query_of(request, KindQuery), engine_of(request)
    start, end, as_of = _span(engine, query)
    if end - start > LONGEST_SERIES * 28 * DAY:
        detail = f"that is more than {LONGEST_SERIES} months; send a later `from`"
        raise RequestError(detail, code="invalid_parameter", errors=(("/from", "invalid_value", detail),))
    found = await aside(lambda: engine.measures.months(name, start, end, _options(query), as_of))
    return Figures([figure_answer(each) for each in found])


def _options(query: KindQuery) -> Options:
    return Options(
        statistic=query.statistic,
        clock=query.clock,
        variant=query.variant,
        formula=query.formula,
        include_reactivation=query.include_reactivation,
    )


def _of_counts(
    engine: Engine, name: str, counts: tuple[int | None, int | None, int | None], start: Micros, end: Micros
) -> Told:
    """Give retention from three counts: nothing that is stored is looked at."""
    first, new, last = counts
    if name != "crr" or first is None or new is None or last is None:
        detail = "start, new and end belong together, and to crr; send all three, or none"
        raise RequestError(detail, code="invalid_parameter", errors=(("/start", "invalid_value", detail),))
    found, now = retention_of_counts(first, new, last), engine.measures.now()
    return Told(
        Figure(
            metric=name,
            value=found.value,
            unit=METRICS[name].unit,
            numerator=found.numerator,
            denominator=found.denominator,
            reason=found.reason,
            start=start,
            end=end,
            as_of=now,
            zone=engine.workspace.settings.timezone,
            definition=definition_id("crr_of_counts", 1, "(end - new) / start"),
            definition_version=1,
        )
    )


HANDLERS = [
    get_metric_definitions,
    get_figures,
    get_retention,
    get_movements,
    get_sources,
    get_metric,
    get_metric_months,
]
