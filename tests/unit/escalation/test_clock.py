"""A clock starts, pauses, goes on, stops, is called off and starts anew, as its marks say, also told late."""

import pytest

from engine.escalation.clock import Clock, Mark, Move, clocks_of, read
from engine.escalation.history import Happening
from engine.model.ladder import Ladder
from engine.model.values import HOUR, Duration, Micros

EIGHT = Duration(8, "h")


def clock(*marks: tuple[Move, int], limit: Duration = EIGHT) -> Clock:
    """The clock of marks at hours, where all time is open."""
    found = read([Mark(move, hour * HOUR) for move, hour in marks], limit, None)
    assert found is not None
    return found


def hours(at: Micros | None) -> float | None:
    return None if at is None else at / HOUR


@pytest.mark.parametrize(
    ("marks", "state", "due"),
    [
        ([("start", 10)], "running", 18),
        ([("start", 10), ("start", 12)], "running", 18),
        ([("start", 10), ("pause", 12)], "paused", None),
        ([("start", 10), ("pause", 12), ("resume", 15)], "running", 21),
        ([("start", 10), ("pause", 12), ("pause", 13), ("resume", 15)], "running", 21),
        ([("start", 10), ("resume", 12)], "running", 18),
        ([("start", 10), ("pause", 19)], "paused", 18),
        ([("start", 10), ("stop", 17)], "stopped", 18),
        ([("start", 10), ("pause", 12), ("stop", 15)], "stopped", 21),
        ([("start", 10), ("stop", 17), ("stop", 30)], "stopped", 18),
        ([("start", 10), ("cancel", 17)], "cancelled", None),
        ([("start", 10), ("stop", 17), ("reset", 20)], "running", 28),
        ([("start", 10), ("pause", 12), ("resume", 15), ("reset", 20)], "running", 28),
        # told later: it began at 8, and was paused from 11 to 12
        ([("start", 8), ("pause", 11), ("resume", 12)], "running", 17),
        # a pause before it began, and one over its beginning
        ([("start", 10), ("pause", 6), ("resume", 8)], "running", 18),
        ([("start", 10), ("pause", 6), ("resume", 12)], "running", 20),
        # one that is told of after another, and overlaps it
        ([("start", 10), ("pause", 13), ("resume", 15), ("pause", 12), ("resume", 14)], "running", 21),
    ],
)
def test_what_its_marks_make_of_a_clock(marks: list[tuple[Move, int]], state: str, due: int | None) -> None:
    found = clock(*marks)
    assert (found.state, hours(found.due)) == (state, due)


def test_a_clock_that_never_started_is_none() -> None:
    assert read([Mark("pause", 0), Mark("stop", HOUR)], EIGHT, None) is None


def test_what_is_done_in_time_to_the_instant_is_in_time() -> None:
    assert not clock(("start", 10), ("stop", 18)).breached(30 * HOUR)
    assert clock(("start", 10), ("stop", 19)).breached(30 * HOUR)
    running = clock(("start", 10))
    assert [running.breached(hour * HOUR) for hour in (17, 18, 19)] == [False, True, True]
    assert not clock(("start", 10), ("pause", 12)).breached(90 * HOUR)
    assert clock(("start", 10), ("pause", 18)).breached(18 * HOUR)
    assert not clock(("start", 10), ("cancel", 30)).breached(90 * HOUR)


def test_a_warning_is_never_before_the_start() -> None:
    marks = [Mark("start", 10 * HOUR)]
    for warn, near in ((1, 17), (7, 11), (9, 10)):
        found = read(marks, EIGHT, None, warn_before=Duration(warn, "h"))
        assert found is not None and hours(found.near) == near


def test_a_case_has_the_clocks_that_its_priority_has() -> None:
    ladder = Ladder(id="desk", levels=(), respond_within={"high": EIGHT}, resolve_within={"normal": EIGHT})
    normal = [Happening("opened", 0, 0, value="normal")]
    assert [(each.name, each.key) for each in clocks_of(normal, ladder, None)] == [
        ("resolve", "resolve.1.normal")
    ]
    high = [*normal, Happening("prioritised", HOUR, HOUR, value="high")]
    assert [(each.name, hours(each.due)) for each in clocks_of(high, ladder, None)] == [("respond", 8)]
    taken = [*high, Happening("acknowledged", 2 * HOUR, 2 * HOUR)]
    assert [each.state for each in clocks_of(taken, ladder, None)] == ["stopped"]
    again = [*taken, Happening("resolved", 3 * HOUR, 3 * HOUR), Happening("reopened", 9 * HOUR, 9 * HOUR)]
    assert [(each.key, hours(each.due)) for each in clocks_of(again, ladder, None)] == [
        ("respond.2.high", 17)
    ]
