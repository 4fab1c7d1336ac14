"""Why runs that rules asked for could not start, counted beside how often."""

from __future__ import annotations

from typing import Any

from engine.authoring.backtest import backtest
from engine.authoring.loader import load, require
from engine.customers.event import Event
from engine.model.values import DAY, HOUR
from engine.timeline.ruleset import compile_ruleset
from tests.virtual_engine import CONSENT, POLICY, files, instant

START = instant("2026-01-05 12:00")
ALERTED = """
rule: alerted
owner: shop
description: Send the news to whoever asks.
status: live
when: {event: asked}
then:
  - run: news
"""
NEWS = """
workflow: news
owner: shop
class: marketing
holdout: 0%
reentry: after 7d
description: Wait an hour.
steps:
  - wait: 1h
"""


def event(customer: str, name: str, at: int, **properties: Any) -> Event:
    return Event(
        source="shop", message_id=f"{customer}-{name}-{at}", customer=customer, name=name, occurred_at=at,
        received_at=at, properties=properties, seq=at,
    )  # fmt: skip


def test_refusals_are_told_by_their_reason() -> None:
    # given a customer who asks while a run is open, and again a day later
    ruleset = compile_ruleset(require(load(files(CONSENT, POLICY, ALERTED, NEWS))))
    times = (START, START + HOUR // 2, START + DAY)
    events = [event("ana", "asked", at) for at in times]
    report = backtest(ruleset, events)
    # then the decisions fired, and it is told why two of their runs could not start
    assert (report.rules["alerted"].fired, report.rules["alerted"].refused) == (3, 2)
    assert report.refusals == {"alerted": {"running": 1, "reentry": 1}}
