"""What the pages about retention share: tabs, the time that is asked for, and why there is no figure."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any
from urllib.parse import urlencode

import msgspec

from api.console.lists import instant_of_day
from api.console.words import instant, measured
from api.doors import Call, engine_of
from engine.customers.zones import Zone
from engine.metrics.periods import Unit, first_day, number_of

TABS = [
    ("Metrics", "/retention"),
    ("Cohorts", "/retention/cohorts"),
    ("Revenue", "/retention/revenue"),
    ("Goals", "/retention/goals"),
    ("Experiments", "/retention/experiments"),
]

WHY = {
    "empty_denominator": "nothing to count",
    "no_churn": "nobody left, so that a life has no end; set lifespan_cap",
    "no_margin": "no margin is written under metrics",
    "insufficient_data": "fewer observations than are needed",
    "incomplete": "its time has not ended yet",
}
"""Why there is no figure, in words, by the API's `reason`."""


class Span(msgspec.Struct, frozen=True, kw_only=True):
    """A time that is asked for in days of the workspace, both included; `query` is what the API is asked."""

    start: str
    end: str
    as_of: str
    query: dict[str, str | None]
    links: list[dict[str, Any]]


def span_of(request: Call, *, periods: int = 1, unit: Unit = "month") -> Span:
    """Give the time of the address; by default the last so many months, or other units, that are over.

    What the address has beside the time stays in the links to other times. Raises `RequestError`.
    """
    asked = request.query_params
    given = [asked.get(name, "").strip() for name in ("from", "to", "as_of")]
    zone = engine_of(request).ruleset.zone
    today = zone.day_of(engine_of(request).measures.now())
    if not given[0] and not given[1]:
        given[:2] = last_periods(zone, today, periods, unit)
    names = ("from", "to", "as_of")
    sent = [
        instant_of_day(request, day, name != "from") if day else None
        for name, day in zip(names, given, strict=True)
    ]
    more = {name: value for name, value in asked.items() if name not in ("from", "to", "as", "of") and value}
    return Span(
        start=given[0],
        end=given[1],
        as_of=given[2],
        query=dict(zip(names, sent, strict=True)),
        links=[
            {
                "title": title,
                "address": f"?{urlencode({**more, 'from': first, 'to': last})}",
                "here": [first, last] == given[:2],
            }
            for title, (first, last) in _usual(zone, today)
        ],
    )


def last_periods(zone: Zone, today: int, count: int, unit: Unit) -> list[str]:
    """Give the first and the last day of so many periods that are over."""
    current = number_of(unit, today, zone)
    days = first_day(unit, current - count, zone), first_day(unit, current, zone) - 1
    return [date.fromordinal(day).isoformat() for day in days]


def last_months(request: Call, count: int) -> dict[str, str | None]:
    """Give the last months that are over, as the API is asked for them."""
    zone = engine_of(request).ruleset.zone
    first, last = last_periods(zone, zone.day_of(engine_of(request).measures.now()), count, "month")
    return {"from": instant_of_day(request, first, False), "to": instant_of_day(request, last, True)}


def _usual(zone: Zone, today: int) -> list[tuple[str, list[str]]]:
    begins = date.fromordinal(first_day("month", number_of("month", today, zone), zone))
    return [
        ("This month", [begins.isoformat(), date.fromordinal(today).isoformat()]),
        ("Last month", last_periods(zone, today, 1, "month")),
        ("3 months", last_periods(zone, today, 3, "month")),
        ("12 months", last_periods(zone, today, 12, "month")),
    ]


def csv_address(request: Call, **more: str) -> str:
    """Give the address of a page's numbers as a CSV file, as the page is filtered."""
    kept = {name: value for name, value in request.query_params.items() if value}
    return f"{request.scope['path']}?{urlencode({**kept, **more, 'as': 'csv'})}"


def saying(request: Call, unit: str) -> Callable[[Any], str]:
    """Give how figures of a unit are written: amounts of money in the workspace's currency."""
    currency = engine_of(request).workspace.settings.currency
    return lambda value: measured(value, unit, currency)


def month_of(day: date) -> str:
    """Give a month as charts name it: Jan 2026."""
    return f"{day:%b %Y}"


def day_of(request: Call, text: str) -> date:
    """Give the workspace's day in which a time of the API lies."""
    return instant(text).astimezone(engine_of(request).ruleset.zone.tz).date()
