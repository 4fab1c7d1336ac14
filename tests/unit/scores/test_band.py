"""Bands: half-open, steady before they change, unknown at once, overridden by hand."""

from decimal import Decimal

import msgspec
import pytest

from engine.model.score import Band, Part, Score
from engine.model.values import DAY, HOUR, Duration, Formula
from engine.scores.band import BandChange, Override, ScoreState, band_of, next_due, step
from engine.scores.score import PartInput, read

BANDS = {"green": Band(from_=Decimal(70)), "amber": Band(from_=Decimal(40)), "red": Band(from_=Decimal(0))}


def score(steady_for: Duration | None = None) -> Score:
    part = Part(weight=Decimal(1), is_=Formula("customer.usage"))
    return Score(id="health", parts={"usage": part}, bands=BANDS, steady_for=steady_for)


PLAIN = score()
STEADY = score(Duration(2, "d"))


def feed(
    definition: Score, state: ScoreState, value: int | None, day: int, hour: int = 12
) -> BandChange | None:
    raw = Decimal(value) / 100 if value is not None else None
    now = day * DAY + hour * HOUR
    return step(definition, state, read(definition, {"usage": PartInput(raw)}, state.parts, now), now, day)


def bands(definition: Score, state: ScoreState, *values: int | None, first_day: int = 1) -> list[str]:
    """Feed one value a day and give the band after each."""
    seen = []
    for day, value in enumerate(values, first_day):
        feed(definition, state, value, day)
        seen.append(state.band)
    return seen


@pytest.mark.parametrize(
    ("value", "band"), [("70", "green"), ("69.999", "amber"), ("40", "amber"), ("39.9", "red"), ("0", "red")]
)
def test_bands_are_half_open(value: str, band: str) -> None:
    assert band_of(PLAIN, Decimal(value)) == band


def test_no_value_and_a_value_under_all_bands_are_unknown() -> None:
    lowest = msgspec.structs.replace(PLAIN, bands={"green": BANDS["green"]})
    assert band_of(PLAIN, None) == "unknown"
    assert band_of(lowest, Decimal(10)) == "unknown"


def test_the_first_band_comes_at_once() -> None:
    state = ScoreState()
    assert feed(STEADY, state, 30, 1) == BandChange("unknown", "red", Decimal(30), fires=True)


def test_another_band_counts_once_it_was_steady() -> None:
    state = ScoreState()
    assert bands(STEADY, state, 80, 60, 80, 60, 60) == ["green", "green", "green", "green", "amber"]
    assert state.value == 60


def test_a_day_with_two_bands_is_no_steady_day() -> None:
    # given green, then amber from noon of day 2
    state = ScoreState()
    feed(STEADY, state, 80, 1)
    feed(STEADY, state, 80, 2, hour=0)
    feed(STEADY, state, 60, 2)
    # then day 3 is the first of two
    assert bands(STEADY, state, 60, 60, first_day=3) == ["green", "amber"]


def test_a_third_band_is_counted_from_its_own_first_day() -> None:
    # given amber on day 2 and red on the days after
    state = ScoreState()
    assert bands(STEADY, state, 80, 60, 30, 30) == ["green", "green", "green", "red"]
    # given amber in the morning of day 2 and red in its evening
    state = ScoreState()
    feed(STEADY, state, 80, 1)
    feed(STEADY, state, 60, 2, hour=8)
    feed(STEADY, state, 30, 2, hour=20)
    assert bands(STEADY, state, 30, 30, first_day=3) == ["green", "red"]


def test_hours_ask_for_a_timer() -> None:
    hourly = score(Duration(6, "h"))
    state = ScoreState()
    feed(hourly, state, 80, 1)
    feed(hourly, state, 60, 1, hour=20)
    assert next_due(hourly, state) == DAY + 26 * HOUR
    change = feed(hourly, state, 60, 2, hour=2)
    assert change is not None
    assert (change.from_, change.band) == ("green", "amber")
    assert next_due(hourly, state) is None


def test_unknown_comes_at_once_and_starts_the_count_anew() -> None:
    state = ScoreState()
    assert bands(STEADY, state, 80, 30, None, 30, 30) == ["green", "green", "unknown", "unknown", "red"]


def test_the_last_known_band_comes_back_at_once() -> None:
    state = ScoreState()
    assert bands(STEADY, state, 80, None, 80) == ["green", "unknown", "green"]


def test_becoming_red_after_unknown_fires_only_if_it_was_not_red_before() -> None:
    # given red, unknown, red
    state = ScoreState()
    bands(PLAIN, state, 30, None)
    assert feed(PLAIN, state, 30, 3) == BandChange("unknown", "red", Decimal(30), fires=False)
    # given green, unknown, red
    state = ScoreState()
    bands(PLAIN, state, 80, None)
    assert feed(PLAIN, state, 30, 3) == BandChange("unknown", "red", Decimal(30), fires=True)


def test_becoming_unknown_fires() -> None:
    state = ScoreState()
    feed(PLAIN, state, 30, 1)
    assert feed(PLAIN, state, None, 2) == BandChange("red", "unknown", None, fires=True)


def test_an_override_holds_until_its_end_and_both_scores_are_kept() -> None:
    # given red, and somebody who knows better until day 5
    state = ScoreState()
    feed(STEADY, state, 30, 1)
    state.override = Override(Decimal(90), "ada", "met them in person", 5 * DAY)
    # then the override counts at once
    change = feed(STEADY, state, 30, 2)
    assert change is not None
    assert (change.band, state.value, state.computed) == ("green", 90, 30)
    assert next_due(STEADY, state) == 5 * DAY
    # and on day 5 the computed score returns
    change = feed(STEADY, state, 30, 5, hour=0)
    assert change is not None
    assert (change.band, state.value, state.override) == ("red", 30, None)


def test_a_state_survives_its_bytes() -> None:
    state = ScoreState()
    bands(STEADY, state, 80, 60)
    state.override = Override(Decimal("90.5"), "ada", "because", 5)
    packed = msgspec.msgpack.encode(state)
    assert msgspec.msgpack.decode(packed, type=ScoreState) == state
