import random
from collections import defaultdict
from statistics import fmean, pstdev

import pytest

from engine.authoring.demo.calendar import FIRST_MONDAY, OUTAGE_WEEK, YEAR, calendar
from engine.authoring.demo.people import Course, Customer, Part, Volume
from engine.authoring.demo.usage import RISK_RULE, outage, poisson, usage
from engine.model.values import DAY

from .conftest import SEED, Log

WEEK = 7 * DAY
PLAYED = calendar(FIRST_MONDAY, YEAR)
USUAL = range(10, 25)


def somebody(number: int, volume: Volume, course: Course) -> Customer:
    fall = None if course == "steady" else 70
    part = Part(volume, course)
    return Customer(id=f"c{number}", zone="Asia/Tokyo", email=True, consent=True, part=part, fall=fall)


def weeks_of(course: Course, volume: Volume, customers: int = 300) -> list[list[int]]:
    """Minutes by week of so many customers who all do the same."""
    base = tuple(somebody(number, volume, course) for number in range(customers))
    weeks: dict[str, list[int]] = defaultdict(lambda: [0] * 53)
    for happening in usage(base, PLAYED, random.Random(SEED)).happenings:
        if happening.event == "usage":
            week = (happening.at - PLAYED.start) // WEEK
            weeks[str(happening.customer)][week] += happening.properties["minutes"]
    return [weeks[customer.id][:52] for customer in base]


@pytest.mark.parametrize("volume", [2, 10, 50])
def test_a_usual_week_has_the_volume_and_varies_by_gamma_and_poisson(volume: Volume) -> None:
    amounts = [week[number] for week in weeks_of("steady", volume) for number in USUAL]
    assert fmean(amounts) == pytest.approx(volume, rel=0.03)
    assert pstdev(amounts) / fmean(amounts) == pytest.approx((0.22**2 + 1 / volume) ** 0.5, rel=0.05)


def test_a_fall_takes_60_percent_for_good() -> None:
    weeks = weeks_of("falls", 50)
    assert fmean(week[number] for week in weeks for number in (7, 8, 9)) == pytest.approx(50, rel=0.03)
    assert fmean(week[number] for week in weeks for number in (12, 20, 45)) == pytest.approx(20, rel=0.03)


def test_everybody_falls_in_the_outage() -> None:
    totals = [sum(week[number] for week in weeks_of("steady", 50)) for number in range(24, 28)]
    assert totals[OUTAGE_WEEK - 24] < 0.4 * min(totals[0], totals[2])


def test_the_outage_is_one_case_when_its_week_is_over_and_none_elsewhere() -> None:
    case, before, after = outage(PLAYED, OUTAGE_WEEK, "*").planted
    assert case.expect == "fire"
    assert case.at == PLAYED.at(7 * OUTAGE_WEEK + 7, 0)
    assert before.within < case.at < after.at


def test_innocents_are_watched_one_time_after_the_other_and_do_not_fall(log: Log) -> None:
    fallen = {case.customer for case in log.planted["usage-drop", "fire"]}
    innocents = log.planted["usage-drop", "innocent"]
    assert fallen.isdisjoint(case.customer for case in innocents)
    assert {case.within - case.at + 1 for case in innocents} == {56 * DAY}


def test_who_takes_a_plan_with_hardly_any_use_is_at_risk_on_the_third_day(log: Log) -> None:
    for case in log.planted[RISK_RULE, "fire"]:
        (_, _, free), *_, (taken, _, team) = [
            row for row in log.of("identify", case.customer) if "plan" in row[2]["properties"]
        ]
        assert (free["properties"]["plan"], team["properties"]["plan"]) == ("free", "team")
        assert taken < case.at < taken + DAY


def test_a_small_users_sessions_fall_with_the_use(log: Log) -> None:
    for case in log.planted["engagement-decline", "fire"]:
        times = [at for at, _, _ in log.of("session_started", case.customer)]
        fell = case.at - 13 * DAY
        before = sum(fell - 28 * DAY <= at < fell for at in times)
        assert before >= 8
        assert sum(fell <= at < fell + 28 * DAY for at in times) <= before


@pytest.mark.parametrize("mean", [0.1, 2.0, 25.0])
def test_poisson_has_its_mean_and_variance(mean: float) -> None:
    rng = random.Random(SEED)
    draws = [poisson(mean, rng) for _ in range(20_000)]
    assert fmean(draws) == pytest.approx(mean, rel=0.05)
    assert pstdev(draws) ** 2 == pytest.approx(mean, rel=0.06)
