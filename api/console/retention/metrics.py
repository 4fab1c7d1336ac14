"""Metrics: each with what it says and what it rests on, over a time; and one of them month by month."""

from __future__ import annotations

import asyncio
from typing import Any

from litestar import Response, get
from litestar.params import FromPath

from api.console import words
from api.console.asking import Api, place
from api.console.charts import Bar, Chart, Series, bars, lines
from api.console.lists import csv_of, wants_csv
from api.console.pages import SEE, page, shown
from api.console.retention.section import (
    TABS,
    WHY,
    csv_address,
    day_of,
    last_months,
    month_of,
    saying,
    span_of,
)  # fmt: skip
from api.doors import Call
from engine.errors import NotFoundError

GROUPS = (
    ("Customers", ("crr", "logo_churn_rate", "repeat_purchase_ratio")),
    (
        "Revenue",
        (
            "recurring_revenue", "grr", "nrr", "revenue_growth", "arpa", "acv", "ltv_revenue", "clv_margin",
        ),
    ),
    ("Service", ("nps", "csat", "fcr", "first_response_time", "resolution_time")),
)  # fmt: skip
"""How the metrics stand on their page."""

RESTS_ON = {
    "recurring_revenue": ("cents", "count"),
    "grr": ("cents", "cents"),
    "nrr": ("cents", "cents"),
    "revenue_growth": ("cents", "cents"),
    "arpa": ("cents", "count"),
    "acv": ("cents", "count"),
    "ltv_revenue": ("cents", "share"),
    "clv_margin": ("share", "share"),
    "first_response_time": ("seconds", "count"),
    "resolution_time": ("seconds", "count"),
}
"""Units of numerator and denominator where they are no counts."""

KINDS = {
    "statistic": ("Statistic", ("median", "mean", "p90")),
    "clock": ("Clock", ("calendar", "business")),
    "variant": ("Variant", ("returning_in_period", "repeat_within_period")),
    "formula": ("Formula", ("standard", "stripe", "daily")),
    "include_reactivation": ("Who came back counts", ("true", "false")),
}
"""What may be asked of a metric, by the API's parameter: a label, and the choices."""

MONTHS = 13
"""So many months a metric's page goes back: a year ago is on it."""

_TITLES = (
    "Metric", "Title", "Of", "From", "To", "Value", "Unit", "Numerator", "Denominator", "Low", "High",
    "Observations", "Why none", "As of", "Over", "Definition", "Version", "Formula",
)  # fmt: skip


@get("/retention", opt=shown(SEE))
async def get_metrics_page(request: Call) -> Response[Any]:
    """List the metrics, each with its definition and what its figure rests on."""
    api, span = Api(request), span_of(request)
    definitions, figures = await asyncio.gather(
        api.get("/v1/metrics"), api.get("/v1/metrics/figures", span.query)
    )
    known = {one["name"]: one for one in definitions["items"]}
    found = {one["metric"]: one for one in figures["items"]}
    if wants_csv(request):
        return csv_of("metrics", _TITLES, [_row(known[name], one) for name, one in found.items()])
    return page(
        request,
        "retention.html",
        title="Metrics",
        tabs=TABS,
        span=span,
        csv=csv_address(request),
        groups=[
            (title, [_told(request, known[name], found[name]) for name in names if name in found])
            for title, names in GROUPS
        ],
        one=figures["items"][0],
    )


def _row(definition: dict[str, Any], figure: dict[str, Any]) -> list[Any]:
    return [
        figure["metric"], definition["title"], figure["group"] or "everybody", figure["from"], figure["to"],
        figure["value"], figure["unit"], figure["numerator"], figure["denominator"], figure["low"],
        figure["high"], figure["of"], figure["reason"], figure["as_of"], figure["complete"],
        figure["definition"], figure["version"], definition["formula"],
    ]  # fmt: skip


def _told(request: Call, definition: dict[str, Any], figure: dict[str, Any]) -> dict[str, Any]:
    """Give a figure with its numbers in words."""
    say = saying(request, figure["unit"])
    above, below = RESTS_ON.get(figure["metric"], ("count", "count"))
    interval = None
    if figure["low"] is not None:
        interval = f"{say(figure['low'])} to {say(figure['high'])}"
    return {
        **figure,
        "title": definition["title"],
        "formula": definition["formula"],
        "value": say(figure["value"]),
        "why": WHY.get(figure["reason"], words.words(figure["reason"])) if figure["reason"] else None,
        "numerator": saying(request, above)(figure["numerator"]),
        "denominator": saying(request, below)(figure["denominator"]),
        "interval": interval,
        "versions": [{**one, "value": say(one["value"])} for one in figure["versions"]],
    }


@get("/retention/metrics/{name:str}", opt=shown(SEE))
async def get_metric_page(request: Call, name: FromPath[str]) -> Response[Any]:
    """Tell one metric: over a time, month by month, and taken apart."""
    api, span = Api(request), span_of(request)
    known = {one["name"]: one for one in (await api.get("/v1/metrics"))["items"]}
    if name not in known or not any(name in names for _, names in GROUPS):
        raise NotFoundError(f"there is no metric {name}; choose one that is listed under Retention")
    definition = known[name]
    by = request.query_params.get("by", "").strip()
    kinds = {one: value for one in definition["options"] if (value := request.query_params.get(one))}
    past = last_months(request, MONTHS)
    figure, months = await asyncio.gather(
        api.get(place("/v1/metrics/{}", name), {**span.query, **kinds, "by": by or None}),
        api.get(place("/v1/metrics/{}/months", name), {**past, **kinds, "as_of": span.query["as_of"]}),
    )
    every = [figure, *figure["groups"]]
    if wants_csv(request):
        of = months["items"] if request.query_params.get("of") == "months" else every
        return csv_of(f"metric-{name}", _TITLES, [_row(definition, one) for one in of])
    told = [_told(request, definition, one) for one in every]
    lived = _since_there_is_any(months["items"])
    return page(
        request,
        "retention-metric.html",
        title=definition["title"],
        tabs=TABS,
        span=span,
        definition=definition,
        by=by,
        figure=told[0],
        groups=[{**one, "group": _group(one, by)} for one in told[1:]],
        drawn=_groups(request, definition, figure["groups"], by),
        trend=_trend(request, definition, lived),
        months=[
            {**_told(request, definition, one), "month": month_of(day_of(request, one["from"]))}
            for one in lived
        ],
        kinds=[(one, *KINDS[one], request.query_params.get(one, "")) for one in definition["options"]],
        csv=csv_address(request),
        csv_months=csv_address(request, of="months"),
    )


def _since_there_is_any(months: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Leave out the months before the first that has a figure."""
    first = next((at for at, one in enumerate(months) if one["value"] is not None), len(months))
    return months[first:]


def _trend(request: Call, definition: dict[str, Any], months: list[dict[str, Any]]) -> Chart | None:
    values = [None if one["value"] is None else float(one["value"]) for one in months]
    if sum(value is not None for value in values) < 2:
        return None
    return lines(
        f"{definition['title']}, month by month",
        [month_of(day_of(request, one["from"])) for one in months],
        [Series("value", values)],
        by="Month",
        say=saying(request, definition["unit"]),
    )


def _group(figure: dict[str, Any], by: str) -> str:
    """Give what a figure is about: a segment by its id, what is of a closed list in words."""
    return str(figure["group"]) if by == "segment" else words.words(figure["group"])


def _groups(request: Call, definition: dict[str, Any], groups: list[dict[str, Any]], by: str) -> Chart | None:
    """Draw the groups that have a figure; what may be below zero stays a table."""
    found = [Bar(_group(one, by), float(one["value"])) for one in groups if one["value"] is not None]
    if not any(bar.value > 0 for bar in found) or any(bar.value < 0 for bar in found):
        return None
    return bars(
        f"{definition['title']} of each",
        sorted(found, key=lambda bar: (-bar.value, bar.label)),
        of=definition["title"],
        by="Of",
        say=saying(request, definition["unit"]),
    )


HANDLERS = [get_metrics_page, get_metric_page]
