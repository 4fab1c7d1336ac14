"""Durations of a case: how long until somebody responded, and until it was resolved."""

from __future__ import annotations

import msgspec

from engine.escalation.calendar import Span, open_time_between
from engine.escalation.case import Case
from engine.escalation.history import last, pauses, united
from engine.model.ladder import Calendar
from engine.model.values import Micros


class Durations(msgspec.Struct, frozen=True, kw_only=True):
    """Durations in microseconds; None where it has not come to that.

    `response` and `resolution` are elapsed time, subtracted in UTC; `business_response` and
    `business_resolution` count only while the calendar is open and the case was neither paused nor closed.
    """

    response: Micros | None = None
    business_response: Micros | None = None
    resolution: Micros | None = None
    business_resolution: Micros | None = None


def durations(case: Case, calendar: Calendar | None) -> Durations:
    """Give a case's first response and its resolution, from when it began to what its history says.

    The first response is the first acknowledgement or resolution; the resolution is the last one, None
    while the case is open (also again) and where it was cancelled. Without a calendar all time is
    business time.
    """
    opened = last(case.history, "opened")
    if opened is None:
        return Durations()
    answered = next((each for each in case.history if each.what in ("acknowledged", "resolved")), None)
    resolved = last(case.history, "resolved") if case.status == "resolved" else None
    away = _away(case)
    response = None if answered is None else (opened.at, max(answered.at, opened.at))
    resolution = None if resolved is None else (opened.at, max(resolved.at, opened.at))
    return Durations(
        response=_elapsed(response),
        business_response=_business(calendar, response, away),
        resolution=_elapsed(resolution),
        business_resolution=_business(calendar, resolution, away),
    )


def _away(case: Case) -> list[Span]:
    """Give the spans in which nobody had to do anything: pauses, and closed until reopened."""
    spans, _ = pauses(case.history)
    closed: Micros | None = None
    for each in case.history:
        if each.what in ("resolved", "cancelled"):
            closed = each.at
        elif each.what == "reopened" and closed is not None:
            spans.append((closed, each.at))
    return united(spans)


def _elapsed(span: Span | None) -> Micros | None:
    return None if span is None else span[1] - span[0]


def _business(calendar: Calendar | None, span: Span | None, away: list[Span]) -> Micros | None:
    if span is None:
        return None
    start, end = span
    off = sum(open_time_between(calendar, max(opens, start), min(closes, end)) for opens, closes in away)
    return open_time_between(calendar, start, end) - off
