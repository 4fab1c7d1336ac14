"""Revenue: what moved of it month by month, and who says that customers left."""

from __future__ import annotations

import asyncio
from typing import Any

from litestar import Response, get

from api.console import words
from api.console.asking import Api
from api.console.charts import Bar, Chart, Series, bars, lines
from api.console.charts.movements import Moved, movements
from api.console.lists import csv_of, wants_csv
from api.console.pages import SEE, page, shown
from api.console.retention.section import TABS, csv_address, day_of, month_of, span_of
from api.doors import Call

MONTHS = 12
"""So many months that are over begin the page."""

PARTS = (
    ("new", "New", False),
    ("expansion", "Expansion", False),
    ("reactivation", "Reactivation", False),
    ("contraction", "Contraction", True),
    ("churn", "Churn", True),
)
"""What recurring revenue moves by: the API's name, ours, and whether it goes down."""

_TITLES = (
    "From", "To", "Start", "New", "Expansion", "Reactivation", "Contraction", "Churn", "End", "Currency",
    "Unit", "Why none", "Over", "As of", "Definition",
)  # fmt: skip
_SOURCES = ("Source", "Other source", "Customers", "Both", "Only the one", "Only the other", "Disagree")


@get("/retention/revenue", opt=shown(SEE))
async def get_revenue_page(request: Call) -> Response[Any]:
    """Show what came and went of monthly recurring revenue, and who says who left."""
    api, span = Api(request), span_of(request, periods=MONTHS)
    if wants_csv(request):
        if request.query_params.get("of") == "sources":
            found = await api.get("/v1/metrics/churn_sources", span.query)
            return csv_of("churn-sources", _SOURCES, _source_rows(found))
        return csv_of("revenue-movements", _TITLES, _rows(await api.get("/v1/metrics/mrr", span.query)))
    moved, sources, reasons = await asyncio.gather(
        api.get("/v1/metrics/mrr", span.query),
        api.get("/v1/metrics/churn_sources", span.query),
        api.get("/v1/metrics/logo_churn_rate", {**span.query, "by": "reason", "formula": "stripe"}),
    )
    months = [{**one, "name": month_of(day_of(request, one["from"]))} for one in moved["items"]]
    known = [one for one in months if one["reason"] is None]
    return page(
        request,
        "retention-revenue.html",
        title="Revenue",
        tabs=TABS,
        span=span,
        found=moved,
        months=months,
        parts=PARTS,
        drawn=_movements(known, moved["currency"]) if known else None,
        ends=_ends(known, moved["currency"]) if len(known) > 1 else None,
        sources=sources,
        says=_says(sources),
        reasons=_reasons(reasons),
        csv=csv_address(request),
        csv_sources=csv_address(request, of="sources"),
    )


def _amount(value: float | None) -> str:
    """Give cents in whole units, which is what holds beside an axis and in a small table."""
    return words.number(None if value is None else round(value / 100))


def _movements(months: list[dict[str, Any]], currency: str) -> Chart:
    return movements(
        f"What moved of monthly recurring revenue, in {currency}",
        [one["name"] for one in months],
        [Moved(title, [one[name] for one in months], down) for name, title, down in PARTS],
        say=_amount,
    )


def _ends(months: list[dict[str, Any]], currency: str) -> Chart:
    return lines(
        f"Monthly recurring revenue at the end of each month, in {currency}",
        [one["name"] for one in months],
        [Series("end", [one["end"] for one in months])],
        low=0,
        by="Month",
        say=_amount,
    )


def _says(sources: dict[str, Any]) -> Chart | None:
    found = [Bar(words.words(name), number) for name, number in sources["sources"].items()]
    return bars("Customers who left, by who says so", found, of="Customers", by="Source") if found else None


def _reasons(churn: dict[str, Any]) -> Chart | None:
    found = [Bar(words.words(one["group"]), one["numerator"] or 0) for one in churn["groups"]]
    found.sort(key=lambda bar: (-bar.value, bar.label))
    return bars("Customers who left, by reason", found, of="Customers", by="Reason") if found else None


def _rows(moved: dict[str, Any]) -> list[list[Any]]:
    names = ("from", "to", "start", "new", "expansion", "reactivation", "contraction", "churn", "end")
    return [
        [
            *(one[name] for name in names), moved["currency"], "cents", one["reason"], one["complete"],
            moved["as_of"], moved["definition"],
        ]
        for one in moved["items"]
    ]  # fmt: skip


def _source_rows(sources: dict[str, Any]) -> list[list[Any]]:
    return [
        *([name, "", number, "", "", "", ""] for name, number in sources["sources"].items()),
        *(
            [one["one"], one["other"], "", one["both"], one["only_one"], one["only_other"], one["disagree"]]
            for one in sources["pairs"]
        ),
    ]


HANDLERS = [get_revenue_page]
