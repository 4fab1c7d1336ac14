import random
from collections import defaultdict
from statistics import fmean, pstdev

import pytest

from engine.authoring.demo.calendar import FIRST_MONDAY, HOLIDAY_WEEKS, calendar
from engine.authoring.demo.people import Customer, Volume
from engine.authoring.demo.usage import poisson, usage
from engine.model.values import DAY

from .conftest import SEED, Log

WEEK = 7 * DAY
PLAYED = calendar(FIRST_MONDAY, 120)
BEFORE = [week for week in range(17) if week not in HOLIDAY_WEEKS]


def weeks_of(course: str, volume: Volume, customers: int = 300) -> list[list[int]]:
    """Minutes by week of so many customers who all do the same."""
    base = tuple(
        Customer(id=f"c{n}", zone="Asia/Tokyo", email=True, consent=True, volume=volume, course=course)  # type: ignore[arg-type]
        for n in range(customers)
    )
    weeks: dict[str, list[int]] = defaultdict(lambda: [0] * 18)
    for happening in usage(base, PLAYED, random.Random(SEED)).happenings:
        weeks[str(happening.customer)][(happening.at - PLAYED.start) // WEEK] += happening.properties[
            "minutes"
        ]
    return [weeks[customer.id][:17] for customer in base]


@pytest.mark.parametrize("volume", [2, 10, 50])
def test_a_usual_week_has_the_volume_and_varies_by_gamma_and_poisson(volume: Volume) -> None:
    amounts = [week[number] for week in weeks_of("steady", volume) for number in BEFORE]
    assert fmean(amounts) == pytest.approx(volume, rel=0.03)
    assert pstdev(amounts) / fmean(amounts) == pytest.approx((0.22**2 + 1 / volume) ** 0.5, rel=0.05)


def test_everybody_is_away_in_a_holiday_week() -> None:
    for number in HOLIDAY_WEEKS:
        assert fmean(week[number] for week in weeks_of("steady", 50)) == pytest.approx(17.5, rel=0.05)


def test_a_fall_takes_60_percent_for_good() -> None:
    weeks = weeks_of("falls", 50)
    assert fmean(week[number] for week in weeks for number in (7, 8, 9)) == pytest.approx(50, rel=0.03)
    assert fmean(week[number] for week in weeks for number in (12, 13, 15, 16)) == pytest.approx(20, rel=0.03)


def test_a_day_has_one_event_and_an_idle_day_none(log: Log) -> None:
    for (event, _), rows in log.bodies.items():
        if event == "usage":
            days = [body["at"][:10] for _, _, body in rows if "sent_at" not in body]
            assert len(days) == len(set(days))
            assert all(body["properties"]["minutes"] > 0 for _, _, body in rows)


def test_falls_begin_on_mondays_with_ten_weeks_before_and_two_after(log: Log) -> None:
    falls = log.planted["usage-drop", "fire"]
    begun = {(case.at - log.start) / WEEK for case in falls}
    assert begun == {10.0, 11.0, 12.0}
    assert {case.within - case.at for case in falls} == {15 * DAY}
    assert max(case.within for case in falls) < PLAYED.end


def test_innocents_are_watched_the_whole_time_and_do_not_fall(log: Log) -> None:
    innocents = {case.customer for case in log.planted["usage-drop", "innocent"]}
    assert innocents.isdisjoint(case.customer for case in log.planted["usage-drop", "fire"])
    assert {(case.at, case.within) for case in log.planted["usage-drop", "innocent"]} == {
        (PLAYED.start, PLAYED.end)
    }


def test_the_base_as_a_whole_keeps_its_level(log: Log) -> None:
    totals = [0] * 18
    for (event, _), rows in log.bodies.items():
        if event == "usage":
            for at, _, body in rows:
                totals[(at - log.start) // WEEK] += body["properties"]["minutes"]
    usual = fmean(totals[number] for number in range(1, 9) if number not in HOLIDAY_WEEKS)
    for number in (10, 11, 12, 13, 15, 16):
        assert totals[number] == pytest.approx(usual, rel=0.08)


@pytest.mark.parametrize("mean", [0.1, 2.0, 15.0])
def test_poisson_has_its_mean_and_variance(mean: float) -> None:
    rng = random.Random(SEED)
    draws = [poisson(mean, rng) for _ in range(20_000)]
    assert fmean(draws) == pytest.approx(mean, rel=0.05)
    assert pstdev(draws) ** 2 == pytest.approx(mean, rel=0.06)
