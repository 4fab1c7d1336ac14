"""Windows: whole calendar days of the workspace's zone and today so far; hours by the hour."""

import pytest

from engine.customers.windows import Window
from engine.customers.zones import zone
from engine.model.values import Duration, Micros
from tests.customer_facts import Customer, at, computed, happened, table_of, workspace_of


def window(over: str | None = None, ending: str | None = None) -> Window:
    return Window(Duration.parse(over) if over else None, Duration.parse(ending) if ending else None)


@pytest.mark.parametrize(
    ("over", "ending", "start", "end"),
    [
        ("28d", None, "2026-02-08T00:00+01:00", None),
        ("2w", None, "2026-02-22T00:00+01:00", None),
        ("28d", "28d", "2026-01-11T00:00+01:00", "2026-02-08T00:00+01:00"),
        (None, "28d", None, "2026-02-08T00:00+01:00"),
        ("12h", None, "2026-03-08T02:00+01:00", None),
        ("12h", "1d", "2026-03-06T12:00+01:00", "2026-03-07T00:00+01:00"),
        ("30m", None, "2026-03-08T14:07+01:00", None),
    ],
)
def test_a_window_begins_and_ends(over: str, ending: str, start: str, end: str) -> None:
    # Given an afternoon in Berlin
    now = at("2026-03-08T14:37:21+01:00")
    # When a window is laid there
    bounds = window(over, ending).bounds(now, zone("Europe/Berlin"))
    # Then it begins with a whole unit of its own, as many back as it says
    assert bounds == (start and at(start), end and at(end))


def test_a_day_that_loses_an_hour_is_still_one_day() -> None:
    # Given noon of the day after New York's clocks went forward
    now = at("2026-03-09T12:00-04:00")
    # When one day back is asked for
    start, _ = window("1d").bounds(now, zone("America/New_York"))
    # Then it begins with that day's own midnight, 23 hours before the next
    assert start == at("2026-03-08T00:00-05:00")


def counted(over: str, occurred: str, now: str, at_event: bool = False) -> int:
    customer = Customer(table_of(workspace_of("Europe/Berlin", n=computed(over, count="visit"))))
    customer.take(happened("visit", at(occurred)))
    value: int = customer.facts(at(now), at_event)["n"]
    return value


@pytest.mark.parametrize(
    ("occurred", "now", "counts"),
    [
        ("2026-02-08T00:00:00+01:00", "2026-03-08T23:59:59+01:00", 1),
        ("2026-02-07T23:59:59.999999+01:00", "2026-03-08T00:00:00+01:00", 0),
        ("2026-03-08T11:59:59+01:00", "2026-03-08T12:00:00+01:00", 1),
        ("2026-03-08T12:00:00+01:00", "2026-03-08T12:00:00+01:00", 0),
    ],
)
def test_at_a_timer_what_occurred_before_it_counts(occurred: str, now: str, counts: int) -> None:
    assert counted("28d", occurred, now) == counts


def test_at_an_event_that_very_event_counts() -> None:
    instant = "2026-03-08T12:00:00+01:00"
    assert counted("28d", instant, instant, at_event=True) == 1


def test_an_event_whose_clock_runs_ahead_counts_at_itself_only() -> None:
    # Given an event that occurred three minutes after it was received, over midnight
    received, occurred = at("2026-03-07T23:59:00+01:00"), at("2026-03-08T00:02:00+01:00")
    customer = Customer(table_of(workspace_of("Europe/Berlin", n=computed("1d", count="visit"))))
    customer.take(happened("visit", occurred, received))
    # Then it counts where it is decided, and at a timer only once its time has come
    assert customer.facts(received, at_event=True)["n"] == 1
    assert customer.facts(at("2026-03-08T00:01:00+01:00"))["n"] == 0
    assert customer.facts(at("2026-03-08T00:03:00+01:00"))["n"] == 1


def test_a_late_event_counts_when_it_occurred() -> None:
    # Given a window of last month and an event of then that was received today
    table = table_of(
        workspace_of(now_=computed("28d", count="visit"), then=computed("28d", "28d ago", count="visit"))
    )
    customer = Customer(table)
    customer.take(happened("visit", at("2026-03-08T10:00")))
    customer.take(happened("visit", at("2026-02-01T10:00"), at("2026-03-08T11:00")))
    # Then it counts there and not here
    facts = customer.facts(at("2026-03-08T12:00"))
    assert (facts["now_"], facts["then"]) == (1, 1)


def test_a_window_may_reach_back_400_days() -> None:
    # Given one event a day for two years, each rolling the one before it away
    customer = Customer(table_of(workspace_of(n=computed("400d", count="visit"))))
    day: Micros = at("2026-01-02") - at("2026-01-01")
    customer.take(*(happened("visit", at("2025-01-01T12:00") + n * day) for n in range(730)))
    # Then the last 400 days and today count, and older months are forgotten
    assert customer.facts(at("2026-12-31T23:00"))["n"] == 401
    assert customer.state.chunks.months()[0] == 2025 * 12 + 10
