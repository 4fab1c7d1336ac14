"""Cohorts: of the customers of a period, how many were active in the later ones, as a map of shaded cells."""

from __future__ import annotations

from typing import Any

from litestar import Response, get

from api.console.asking import Api
from api.console.lists import csv_of, wants_csv
from api.console.pages import SEE, page, shown
from api.console.retention.section import TABS, csv_address, day_of, month_of, span_of
from api.console.words import spelled_day
from api.doors import Call, engine_of
from engine.errors import RequestError
from engine.metrics.periods import Unit

UNITS: tuple[Unit, ...] = ("month", "week", "day")
KINDS = (("n_day", "in that period"), ("unbounded", "in it or later"))
COHORTS = (("first", "their first activity"), ("active", "any activity"))
CELLS = ("6", "12", "24")

PERIODS = 12
"""So many periods that are over begin the page."""

ROWS = 60
"""So many cohorts a page shows; the CSV has all."""

SHADES = 10
"""So many shades cells have; the number in each is what counts."""

_TITLES = (
    "Of", "Cohort from", "To", "Size", "First period after", "Last period after", "Value", "Active",
    "Of customers", "Why none", "As of", "Definition",
)  # fmt: skip


@get("/retention/cohorts", opt=shown(SEE))
async def get_cohorts_page(request: Call) -> Response[Any]:
    """Show who stayed, cohort by cohort."""
    asked = request.query_params
    unit = _chosen(asked.get("unit"), UNITS, "unit")
    kind = _chosen(asked.get("kind"), [name for name, _ in KINDS], "kind")
    cohort = _chosen(asked.get("cohort"), [name for name, _ in COHORTS], "cohort")
    cells = _chosen(asked.get("cells") or "12", CELLS, "cells")
    segments = sorted(engine_of(request).workspace.segments)
    segment = _chosen(asked.get("segment"), ["", *segments], "segment")
    span = span_of(request, periods=PERIODS, unit=unit)
    query = {**span.query, "unit": unit, "kind": kind, "cohort": cohort, "cells": cells}
    found = await Api(request).get("/v1/metrics/retention", {**query, "by": "segment" if segment else None})
    rows = [row for row in found["items"] if (row["group"] or "") == segment]
    if wants_csv(request):
        return csv_of("cohorts", _TITLES, _rows(found, rows))
    return page(
        request,
        "retention-cohorts.html",
        title="Cohorts",
        tabs=TABS,
        span=span,
        found=found,
        unit=unit,
        kind=kind,
        cohort=cohort,
        cells=cells,
        segment=segment,
        units=UNITS,
        kinds=KINDS,
        cohorts=COHORTS,
        all_cells=CELLS,
        segments=segments,
        rows=[{**row, "name": _named(request, row, unit), "cells": _shaded(row)} for row in rows[-ROWS:]],
        more=max(0, len(rows) - ROWS),
        nobody=not any(row["size"] for row in rows),
        csv=csv_address(request),
    )


def _chosen(text: str | None, choices: Any, name: str) -> Any:
    """Give what was chosen, the first where nothing was; raises `RequestError` for what is no choice."""
    if not text:
        return choices[0]
    if text not in choices:
        known = ", ".join(choices)
        raise RequestError(f"{name} is one of {known}; send one of these", code="invalid_parameter")
    return text


def _named(request: Call, row: dict[str, Any], unit: Unit) -> str:
    day = day_of(request, row["from"])
    return month_of(day) if unit == "month" else spelled_day(day)


def _shaded(row: dict[str, Any]) -> list[dict[str, Any]]:
    """Give the cells, each with how dark it is: 0 to `SHADES`."""
    return [
        {**cell, "shade": 0 if cell["value"] is None else round(SHADES * float(cell["value"]))}
        for cell in row["cells"]
    ]


def _rows(found: dict[str, Any], rows: list[dict[str, Any]]) -> list[list[Any]]:
    return [
        [
            row["group"] or "everybody", row["from"], row["to"], row["size"], cell["first"], cell["last"],
            cell["value"], cell["numerator"], cell["denominator"], cell["reason"], found["as_of"],
            found["definition"],
        ]
        for row in rows
        for cell in row["cells"]
    ]  # fmt: skip


HANDLERS = [get_cohorts_page]
