"""A simulated base: how often a drop is a false alarm, how soon a true one is found, what a holiday does."""

import pytest

from engine.model.reasons import UnknownReason
from tests.simulated_base import MONDAYS, Played, a_year, alarmed, alarms, calm_base, holiday_base


@pytest.fixture(scope="module")
def calm() -> Played:
    return calm_base(20260105)


def test_at_fifty_a_week_chance_alarms_at_most_six_times_in_ten_years(calm: Played) -> None:
    assert 0 < a_year(calm.falls[50]) <= 0.6


def test_at_two_a_week_no_percentage_ever_alarms(calm: Played) -> None:
    # given customers who fall silent for weeks by chance alone
    assert not any(alarms(falls) for falls in calm.falls[2])
    # then there is a reason for it, which `why` tells
    assert calm.reasons == {UnknownReason.INSUFFICIENT_VOLUME, UnknownReason.INSUFFICIENT_HISTORY}


def test_at_fifty_a_week_a_drop_by_sixty_percent_is_found_within_two_weeks(calm: Played) -> None:
    assert sum(one.found for one in calm.fallen) / len(calm.fallen) >= 0.85


@pytest.fixture(scope="module")
def holiday() -> Played:
    return holiday_base(20261228)


@pytest.mark.parametrize(("volume", "most"), [(50, 0.05), (10, 0.13), (2, 0.0)])
def test_a_holiday_of_everybody_alarms_few(holiday: Played, volume: int, most: float) -> None:
    assert alarmed([falls[MONDAYS] for falls in holiday.falls[volume]]) <= most


def test_without_the_bases_movement_the_holiday_would_alarm_many(holiday: Played) -> None:
    # then it is the base's movement that keeps them quiet, not chance
    assert alarmed(holiday.without_base[50]) > 0.15
