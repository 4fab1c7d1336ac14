"""`why` of a past instant: the lines as they were then, after facts, rules and traits have changed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from engine.model.values import DAY, HOUR, Micros
from engine.runtime.actions.recorder import recording
from engine.runtime.clock import VirtualClock
from engine.runtime.engine import Engine

START: Micros = 1_767_614_400_000_000  # 2026-01-05 12:00 UTC
THEN = START + 2 * DAY
LATER = START + 40 * DAY

FILES = {
    "holdfast.yaml": "name: Test\ntimezone: Europe/Berlin\n",
    "rules/facts.yaml": """
facts:
  plan: {type: text}
  orders_7d: {count: order_completed, over: 7d}
  spent: {sum: total, of: order_completed, over: 30d}
""",
    "rules/keen.yaml": """
segment: keen
enter_if: customer.orders_7d >= 3
leave_if: customer.orders_7d == 0
""",
    "rules/big-order.yaml": """
rule: big-order
when: {event: order_completed}
if:
  - event.total >= 100
  - customer.plan == 'team'
  - customer.spent >= 150
then:
  - run: tell
""",
    "rules/keen-daily.yaml": """
rule: keen-daily
when: {schedule: daily at 06:00}
if:
  - "'keen' in customer.segments"
  - customer.orders_7d >= 5
then:
  - run: tell
""",
    "workflows/tell.yaml": """
workflow: tell
class: service
reentry: always
steps:
  - do: event.emit
    with: {event: told}
""",
}
CHANGED = {
    **FILES,
    "rules/facts.yaml": """
facts:
  plan: {type: text, default: free}
  orders_7d: {count: order_completed, over: 1d}
  spent: {sum: total, of: order_completed, over: 2d}
""",
    "rules/keen.yaml": "segment: keen\nenter_if: customer.orders_7d >= 300\n",
    "rules/big-order.yaml": """
rule: big-order
when: {event: order_completed}
if: event.total >= 100000
then:
  - run: tell
""",
    "rules/keen-daily.yaml": """
rule: keen-daily
when: {schedule: daily at 07:00}
if: customer.plan == 'gone'
then:
  - run: tell
""",
}


@pytest.fixture
def engine(tmp_path: Path) -> Any:
    """An engine that lived through two days, then a release, and more than a month besides."""
    clock = VirtualClock(START)
    lay(tmp_path, FILES)
    with open_engine(tmp_path, clock) as before:
        post(before, clock, START, "identify", plan="team")
        for hour, total in ((1, 60), (2, 40), (3, 120), (26, 30)):
            post(before, clock, START + hour * HOUR, "order_completed", order_id=f"o{hour}", total=total)
        post(before, clock, START + 27 * HOUR, "order_completed", order_id="small", total=99)
        before.run_until(THEN)
    lay(tmp_path, CHANGED)
    clock.move_to(THEN + DAY)
    with open_engine(tmp_path, clock) as after:
        post(after, clock, THEN + 2 * DAY, "identify", plan="enterprise")
        post(after, clock, THEN + 3 * DAY, "order_completed", order_id="new", total=500)
        after.run_until(LATER)
        yield after


def lay(folder: Path, files: dict[str, str]) -> None:
    for path, text in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text)


def open_engine(folder: Path, clock: VirtualClock) -> Engine:
    return Engine.open(folder, f"sqlite:///{folder}/holdfast.db", clock, actions=recording()[0], work=False)


def post(engine: Engine, clock: VirtualClock, at: Micros, name: str, **properties: Any) -> None:
    engine.run_until(at)
    clock.move_to(at)
    raw = {"customer": "ana", "event": name, "properties": properties, "id": f"{name}-{at}"}
    assert engine.ingest([raw], source="test").result().accepted == 1


def lines(found: Any) -> list[tuple[str, str, dict[str, Any]]]:
    return [(line.text, line.outcome, dict(line.values)) for line in found.lines]


def test_a_decision_of_a_month_ago_shows_its_lines_as_they_were(engine: Engine) -> None:
    # given a big order of a month ago, when it is asked why the rule fired
    found = engine.why("big-order", "ana", START + 4 * HOUR)

    # then
    assert found.decision == "fired"
    assert lines(found) == [
        ("event.total >= 100", "met", {"event.total": 120}),
        ("customer.plan == 'team'", "met", {"customer.plan": "team"}),
        ("customer.spent >= 150", "met", {"customer.spent": 220}),
    ]


def test_a_rule_that_did_not_fire_then_shows_its_lines_as_they_were(engine: Engine) -> None:
    # given a small order, of which no row was kept
    found = engine.why("big-order", "ana", START + 28 * HOUR)

    # then it is rebuilt from the events, under the files that were live
    assert (found.decision, found.at) == ("not_met", START + 27 * HOUR)
    assert lines(found) == [
        ("event.total >= 100", "not_met", {"event.total": 99}),
        ("customer.plan == 'team'", "met", {"customer.plan": "team"}),
        ("customer.spent >= 150", "met", {"customer.spent": 349}),
    ]


def test_a_schedule_that_found_nothing_then_shows_segments_and_windows_of_then(engine: Engine) -> None:
    # given the daily look at 06:00 in Berlin on the next day
    found = engine.why("keen-daily", "ana", START + 20 * HOUR)

    # then
    assert (found.decision, found.at) == ("not_met", START + 17 * HOUR)
    assert lines(found) == [
        ("'keen' in customer.segments", "met", {"customer.segments": ["keen"]}),
        ("customer.orders_7d >= 5", "not_met", {"customer.orders_7d": 3}),
    ]


def test_after_the_release_the_new_lines_are_shown(engine: Engine) -> None:
    # given the last order, when it is asked why nothing fired
    found = engine.why("big-order", "ana", LATER)

    # then
    assert found.decision == "not_met"
    assert lines(found) == [("event.total >= 100000", "not_met", {"event.total": 500})]
