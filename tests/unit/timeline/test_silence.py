"""When a workflow that starts no more is told, and when it is not."""

from collections.abc import Callable

import pytest

from engine.customers.zones import zone
from engine.model.values import DAY, HOUR, Micros
from engine.timeline.silence import ENOUGH, Silence, silence_of
from tests.virtual_engine import instant

NOW = instant("2026-03-31 10:00")
"""A Tuesday, two days after the clocks went forward in Berlin."""


def told(
    starts: list[Micros], now: Micros = NOW, ran: Callable[[Micros, Micros], bool] = lambda start, end: True
) -> Silence | None:
    def count(start: Micros, end: Micros) -> int:
        return min(sum(start <= at < end for at in starts), ENOUGH)

    return silence_of("cart", zone("Europe/Berlin"), now, count, ran)


def each_day(number: int, *, until: Micros, weekdays: range = range(7)) -> list[Micros]:
    """So many starts a day for five weeks, on some days of the week, Monday being 0."""
    monday = instant("2026-02-16 00:00 Europe/Berlin")
    days = [monday + day * DAY for day in range(45) if day % 7 in weekdays]
    found = [day + 9 * HOUR + n * HOUR // number for day in days for n in range(number)]
    return [at for at in found if at < until]


def test_a_workflow_that_started_each_day_and_not_since_yesterday_is_silent() -> None:
    found = told(each_day(10, until=NOW - DAY))
    assert found is not None
    assert (found.workflow, found.days, found.usual) == ("cart", 1, 10)


def test_one_start_is_no_silence() -> None:
    assert told([*each_day(10, until=NOW - DAY), NOW - HOUR]) is None


def test_a_workflow_that_does_not_start_on_this_weekday_is_not_silent() -> None:
    # given one that starts from Wednesday to Sunday, looked at on a Tuesday morning
    assert told(each_day(10, until=NOW, weekdays=range(2, 7))) is None


def test_three_weeks_of_four_are_enough_and_two_are_not() -> None:
    starts = each_day(12, until=NOW - DAY)
    holiday = [at for at in starts if not NOW - 8 * DAY <= at < NOW - 7 * DAY]
    assert told(holiday) is not None
    both = [at for at in holiday if not NOW - 15 * DAY <= at < NOW - 14 * DAY]
    assert told(both) is None


@pytest.mark.parametrize(("number", "days"), [(7, 1), (6, None)])
def test_few_starts_a_day_say_nothing_of_one_day_without(number: int, days: int | None) -> None:
    found = told(each_day(number, until=NOW - DAY))
    assert (found and found.days) == days


def test_of_a_rare_workflow_a_week_without_starts_is_told() -> None:
    # given two starts a day, the last eight days ago
    found = told(each_day(2, until=NOW - 7 * DAY))
    assert found is not None
    assert (found.days, found.usual) == (7, 14)


def test_a_new_workflow_and_one_that_never_started_are_not_silent() -> None:
    assert told([]) is None
    assert told([at for at in each_day(10, until=NOW - DAY) if at > NOW - 14 * DAY]) is None


def test_where_the_engine_did_not_run_nothing_is_told() -> None:
    starts = each_day(10, until=NOW - DAY)
    assert told(starts, ran=lambda start, end: False) is None


def test_a_change_of_the_clocks_does_not_shift_the_hours() -> None:
    # given starts at nine of Berlin each day, and a look at half past eight after the change
    starts = each_day(10, until=NOW)
    before = instant("2026-03-30 08:30 Europe/Berlin")
    assert told([at for at in starts if at < before], now=before) is None
