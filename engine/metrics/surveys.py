"""Surveys: satisfaction with its interval, and the net promoter score."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import Any

import msgspec

from engine.customers.buckets import key_of
from engine.customers.event import Event
from engine.customers.functions import wilson
from engine.customers.kinds import is_number
from engine.metrics.figure import Quotient, divided, ratio
from engine.model.metric import Survey
from engine.model.values import Micros


def scores(
    events: Iterable[Event], survey: Survey, start: Micros, end: Micros, revises: str | None = None
) -> list[Decimal]:
    """Give a customer's scores that count in [start, end): those on the scale.

    Of the answers about one thing (`per`, or what the event revises) that occurred before `end` the
    latest counts, at its own time.
    """
    per = survey.per or revises
    latest: dict[str, Event] = {}
    answers = (one for one in events if one.name == survey.event and one.occurred_at < end)
    for event in sorted(answers, key=lambda one: (one.occurred_at, one.seq)):
        about = event.properties.get(per) if per is not None else None
        key = f"\x00{event.source}\x00{event.message_id}" if about is None else key_of(about)
        latest[key] = event
    low, high = survey.scale
    found: list[Decimal] = []
    for event in latest.values():
        score: Any = event.properties.get(survey.score)
        if event.occurred_at >= start and is_number(score) and low <= score <= high:
            found.append(Decimal(score))
    return found


def satisfaction(good: int, answers: int) -> Quotient:
    """Give the share of good answers with its 95% interval (E. B. Wilson, JASA 22, 1927)."""
    share = msgspec.structs.replace(ratio(good, answers), of=answers)
    if not answers:
        return share
    low, high = wilson(good, answers)
    return msgspec.structs.replace(share, low=divided(low, 1), high=divided(high, 1))
