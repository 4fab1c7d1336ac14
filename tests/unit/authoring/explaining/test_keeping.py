"""Snapshots: who has been asked about is played from where the last replay stood."""

from __future__ import annotations

from collections.abc import Callable

import msgspec
import pytest

from engine.authoring.explaining.keeping import Snapshots
from engine.authoring.explaining.record import Record, Release
from engine.authoring.explaining.why import Explanation, explain
from engine.authoring.simulate import Figures
from engine.customers.event import Event
from engine.errors import NotFoundError
from engine.model.values import DAY, HOUR, Micros
from tests.counted import counted
from tests.virtual_engine import instant, ruleset

START = instant("2026-03-02 10:00")
POLICY = ruleset(
    "facts: {pages_7d: {count: page_viewed, over: 7d}}",
    "score: health\nparts: {pages: {weight: 100, is: customer.pages_7d / 80}}\n"
    "bands: {good: {from: 50}, poor: {from: 0}}",
    "rule: improved\nwhen: {score: health, becomes: good}\nthen: [{run: tell}]",
    "rule: each-page\nwhen: {event: page_viewed}\nif: customer.health_band == 'good'\nthen: [{run: tell}]",
    "workflow: tell\nclass: service\nreentry: always\nsteps: [{do: event.emit, with: {event: told}}]",
)


def pages(number: int, customer: str = "ana", first: int = 1) -> list[Event]:
    """Gives pages that were viewed, one each hour."""
    return [
        Event(source="shop", message_id=f"{customer}{each}", customer=customer, name="page_viewed",
              occurred_at=START + each * HOUR, received_at=START + each * HOUR, seq=each)
        for each in range(first, first + number)
    ]  # fmt: skip


def asking(
    snapshots: Snapshots, rule: str, events: list[Event], at: Micros, told: list[Explanation] | None = None
) -> Callable[[], None]:
    """Gives what asks why of the customer of these events."""
    record = Record([Release(START - DAY, POLICY)], events, Figures())

    def ask() -> None:
        found = explain(rule, events[0].customer, at, record, snapshots=snapshots)
        if told is not None:
            told.append(found)

    return ask


def test_the_next_question_plays_the_last_events_alone() -> None:
    # given a customer of three hundred events who was asked about
    snapshots, events, end = Snapshots(), pages(300), START + 301 * HOUR
    first = counted(asking(snapshots, "each-page", events, end))
    assert first["play_event"] == 300
    # when it is asked about another rule, now or at another time, or after more has come
    for rule, some, at in (
        ("each-page", events, end),
        ("each-page", events, START + 200 * HOUR),
        ("each-page", [*events, *pages(5, first=301)], START + 306 * HOUR),
    ):
        later = counted(asking(snapshots, rule, some, at))
        # then no more is played than lies between two snapshots
        assert 0 < later["play_event"] <= 64, (rule, at)


def test_the_last_look_of_a_rule_that_looks_seldom_is_found_where_it_was() -> None:
    # given a score that became good once, long ago
    snapshots, events, end, told = Snapshots(), pages(300), START + 301 * HOUR, list[Explanation]()
    asking(snapshots, "each-page", events, end)()
    # when it is asked about a rule that looks only then
    calls = counted(asking(snapshots, "improved", events, end, told))
    # then that one span is played besides the last one
    assert calls["play_event"] <= 128
    assert (told[0].decision, told[0].at) == ("fired", START + 40 * HOUR)


def test_after_a_change_of_the_past_it_is_kept_anew_from_there_on() -> None:
    # given a customer who was asked about
    snapshots, events, end = Snapshots(), pages(300), START + 301 * HOUR
    asking(snapshots, "each-page", events, end)()
    # when the two hundredth event turns out to be another one
    other = [*events[:200], *pages(1, first=1000), *events[201:]]
    other[200] = msgspec.structs.replace(other[200], received_at=events[200].received_at)
    changed = counted(asking(snapshots, "each-page", other, end))
    # then what came before it is not played again, and the next question plays the last events alone
    assert 100 <= changed["play_event"] <= 164
    assert counted(asking(snapshots, "each-page", other, end))["play_event"] <= 64


def test_of_a_customer_of_whom_little_is_known_nothing_is_kept() -> None:
    snapshots, events = Snapshots(), pages(20)
    for _ in range(2):
        calls = counted(asking(snapshots, "each-page", events, START + 2 * DAY))
        assert calls["play_event"] == 20


def test_those_most_lately_asked_about_are_kept() -> None:
    # given room for the snapshots of two customers
    lives = {name: pages(200, name) for name in ("ana", "bob", "cem")}
    end = START + 201 * HOUR
    alone = Snapshots()
    asking(alone, "each-page", lives["ana"], end)()
    snapshots = Snapshots(most_bytes=alone.bytes * 5 // 2)

    def ask(name: str) -> int:
        return counted(asking(snapshots, "each-page", lives[name], end))["play_event"]

    # when three are asked about, the first one twice
    for name in ("ana", "bob", "ana", "cem"):
        ask(name)
    # then the one who was asked about longest ago is played from the beginning
    assert (ask("ana") <= 64, ask("cem") <= 64, ask("bob")) == (True, True, 200)
    assert snapshots.bytes <= alone.bytes * 5 // 2


def test_nothing_is_kept_of_somebody_who_is_not_there_any_more() -> None:
    # given a customer who was asked about
    snapshots, events, end = Snapshots(), pages(200), START + 201 * HOUR
    asking(snapshots, "each-page", events, end)()
    assert snapshots.bytes
    # when it is asked again after an erasure
    with pytest.raises(NotFoundError):
        explain("each-page", "ana", end, Record([Release(START, POLICY)], [], Figures()), snapshots=snapshots)
    # then what was kept is gone
    assert snapshots.bytes == 0
