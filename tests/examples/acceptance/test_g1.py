"""G1: a goal's pace between a frozen baseline and its target, and what is said at the deadline."""

import datetime as dt
from decimal import Decimal

import pytest

from engine.authoring.loader import load
from engine.customers.zones import instant_of
from engine.metrics.goals import pace_of
from tests.measured_base import MeasuredBase, Measuring

GOAL = """
goal: faster-first-response
owner: support
description: Answer within two hours by the summer.
metric: first_response_time
statistic: median
change: {kind: absolute, from: 24h, to: 2h}
between: [2026-01-01, 2026-07-01]
because: poor_service
at_least: 30 observations
"""


def tickets(base: MeasuredBase, day: str, hours: float, number: int = 30) -> None:
    """Tickets that were opened on a day and first answered so long after."""
    opened = dt.datetime.fromisoformat(day)
    for each in range(number):
        id = f"{day}-{each}"
        answered = opened + dt.timedelta(hours=hours)
        base.tell(day, "ann", "ticket_opened", ticket_id=id)
        base.tell(f"{answered:%Y-%m-%d %H:%M:%S}", "ann", "ticket_answered", ticket_id=id)


def hours(seconds: float) -> float:
    return round(seconds / 3600, 2)


def test_the_pace_is_a_straight_line() -> None:
    start, now, end = (instant_of(dt.datetime(2026, month, 1, tzinfo=dt.UTC)) for month in (1, 4, 7))
    assert round(pace_of(24, 2, start, end, now), 2) == Decimal("13.06")
    assert (pace_of(24, 2, start, end, start), pace_of(24, 2, start, end, end)) == (24, 2)


@pytest.mark.parametrize(("taken", "status"), [(12.0, "on_track"), (13.0, "on_track"), (15.0, "behind")])
def test_on_the_first_of_april_twelve_hours_are_on_track(
    measuring: Measuring, taken: float, status: str
) -> None:
    base = measuring("2026-04-01 00:00", goal=GOAL)
    tickets(base, "2026-03-20", taken)

    goal = base.ask("/v1/goals/faster-first-response")

    assert (goal["status"], hours(goal["pace"]), hours(goal["current"]["value"])) == (status, 13.06, taken)
    assert (goal["current"]["of"], goal["because"], goal["target"]) == (30, "poor_service", 7200)
    assert base.ask("/v1/goals")["items"] == [goal]


def test_too_few_observations_say_nothing(measuring: Measuring) -> None:
    base = measuring("2026-04-01 00:00", goal=GOAL)
    tickets(base, "2026-03-20", 1.0, number=29)
    assert base.ask("/v1/goals/faster-first-response")["status"] == "insufficient_data"


def test_before_its_first_day_it_has_not_started(measuring: Measuring) -> None:
    assert measuring("2025-12-20 00:00", goal=GOAL).ask("/v1/goals")["items"][0]["status"] == "not_started"


@pytest.mark.parametrize(("taken", "status"), [(1.5, "achieved"), (2.5, "missed")])
def test_after_the_deadline_nothing_changes_it(measuring: Measuring, taken: float, status: str) -> None:
    # given a goal that was measured at its deadline
    base = measuring("2026-07-01 00:00", goal=GOAL)
    tickets(base, "2026-06-20", taken)
    first = base.ask("/v1/goals/faster-first-response")
    assert (first["status"], first["final"]) == (status, True)

    # when tickets of June come to light that tell otherwise, months later
    tickets(base, "2026-06-21", 40.0 if status == "achieved" else 0.5, number=90)
    base.clock.move_to(instant_of(dt.datetime(2026, 9, 1, tzinfo=dt.UTC)))
    later = base.ask("/v1/goals/faster-first-response")

    # then it stays as it was measured
    assert (later["status"], later["current"]) == (status, first["current"])


def test_the_baseline_is_frozen_when_the_goal_is_first_looked_at(measuring: Measuring) -> None:
    # given a goal of a tenth less, looked at on its second day
    goal = GOAL.replace("{kind: absolute, from: 24h, to: 2h}", "{kind: relative, by: -10%}")
    base = measuring("2026-01-02 00:00", goal=goal)
    tickets(base, "2025-12-20", 10.0)
    first = base.ask("/v1/goals/faster-first-response")
    assert (hours(first["baseline"]), hours(first["target"]), first["frozen"]) == (10.0, 9.0, True)
    assert (first["measured"]["of"], first["measured"]["as_of"]) == (30, "2026-01-02T00:00:00Z")

    # when more of December comes to light
    tickets(base, "2025-12-21", 90.0, number=300)

    # then it still starts from where it did
    assert base.ask("/v1/goals/faster-first-response")["measured"] == first["measured"]


def test_a_fall_without_its_kind_is_refused() -> None:
    text = GOAL.replace("{kind: absolute, from: 24h, to: 2h}", "{by: -20%}")

    loaded = load({"holdfast.yaml": b"name: x\n", "rules/faster-first-response.yaml": text.lstrip().encode()})

    assert loaded.workspace is None
    assert [str(error) for error in loaded.errors] == [
        "rules/faster-first-response.yaml:6:9: needs `kind:`; write absolute, relative or points"
    ]
